"""GET /private/<token>/<name>.<format>, and /private/<name>.<format>: private feeds.

Feed readers can do no more than keep an address, or a user name and a password, so the token may be
in either. Nothing here tells whether there is a feed: where the token is in the address, what it
does not open is not there; where it is a password, everybody is asked for it, for every name. That
is the address that a private feed gives for its own: with the token, it would be passed on with
every document, and be another one for each subscriber; without, and not asking, it would be dead.
"""

from flask import Blueprint, Response

from feedsvc.errors import CredentialsError, FeedNotFoundError
from feedsvc.feeds.kiosk import Kiosk
from feedsvc.feeds.saved.subscribers import open_feed
from feedsvc.feeds.views import sent_token, serve


def create_blueprint(kiosk: Kiosk) -> Blueprint:
    blueprint = Blueprint("private", __name__, url_prefix="/private")

    @blueprint.get("/<token>/<document>")
    def show_by_address(token: str, document: str) -> Response:
        return serve(kiosk, document, token, open_feed)

    @blueprint.get("/<document>")
    def show_by_password(document: str) -> Response:
        try:
            return serve(kiosk, document, sent_token(), open_feed)
        except FeedNotFoundError as error:
            raise CredentialsError from error

    @blueprint.after_request
    def keep_to_oneself(response: Response) -> Response:
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return blueprint
