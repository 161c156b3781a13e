"""Every kind of problem that feedsvc answers with: the one home of what each is called and means.

Problem documents, their pages, the reference and its document of statuses are all made from it.
"""

from dataclasses import dataclass
from http import HTTPStatus

#: Where each kind has its page, below the public address.
PATH = "problems"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. Its slug is in addresses that others keep: it never changes.

    The texts are the English ones; pages translate them.
    """

    slug: str
    status: HTTPStatus
    title: str
    meaning: str
    #: What who asked can do about it.
    cure: str

    def uri(self, public_url: str) -> str:
        """Its `type` in a problem document, which is its page (RFC 9457, section 3.1.1)."""
        return f"{public_url}/{PATH}/{self.slug}"


PARAMETER = Kind(
    "parameter",
    HTTPStatus.BAD_REQUEST,
    "A parameter can't have this value",
    "A value in the address, after the question mark, is not one that its name can have. "
    "`parameter` says which name it is.",
    "Give it a value that `detail` allows, or leave it out. Names that mean nothing here are "
    "passed over.",
)
UNREADABLE_MESSAGE = Kind(
    "unreadable-message",
    HTTPStatus.BAD_REQUEST,
    "The message can't be read",
    "The body is not what its content type says: it is not UTF-8, not JSON, names a member twice, "
    "is nested too deep, or holds a number that is none. `detail` says where.",
    "Mend what writes the message, and send it with a new id. The same message again is answered "
    "the same.",
)
BROKEN_BODY = Kind(
    "broken-body",
    HTTPStatus.BAD_REQUEST,
    "The body did not arrive whole",
    "The connection broke off, or the body did not have the length that was announced.",
    "Send it again. If it happens again, look at what stands between: a proxy that cuts bodies.",
)
UNVERIFIED = Kind(
    "unverified",
    HTTPStatus.UNAUTHORIZED,
    "The message could not be verified",
    "It is not signed with a key of this source that is valid now, it was not signed just now, its "
    "body was changed after it was signed, or there is no such source. Which of these it was is "
    "in feedsvc's log, and never in an answer.",
    "Sign the bytes that are sent, with the source's current key; see that the clock is right, and "
    "that nothing on the way writes the body anew.",
)
WRONG_TOKEN = Kind(
    "wrong-token",
    HTTPStatus.UNAUTHORIZED,
    "The token does not open the inbox",
    "The inbox is for programs that have a token. It is missing here, or is another one.",
    "Send `Authorization: Bearer` and the token that whoever runs the server has set.",
)
NO_CREDENTIALS = Kind(
    "no-credentials",
    HTTPStatus.UNAUTHORIZED,
    "A private feed wants a token",
    "What was sent opens no private feed of this name. The answer is the same whether there is one "
    "or not.",
    "Send the token that you were given as the password, with any user name (`Authorization: "
    "Basic`), or put it into the address: `/private/TOKEN/NAME.rss`.",
)
NO_FEED = Kind(
    "no-such-feed",
    HTTPStatus.NOT_FOUND,
    "There is no such feed",
    "No section of the paper and no other feed has this name, or the address does not end in a "
    "format that there is. A private feed is there only for those who have a token.",
    "Take the address from the page of feeds. A section that is new has its feed with its first "
    "article.",
)
TOO_BROAD = Kind(
    "too-broad",
    HTTPStatus.BAD_REQUEST,
    "The filters take too long",
    "Filters that each many articles meet, and hardly any article meets together, would have to be "
    "tried on the whole archive. `detail` says on how many they were tried.",
    "Ask for less: newer articles only (`since`, `hours`), fewer of them (`limit`), or add a "
    "filter that few articles meet.",
)
NO_ARTICLE = Kind(
    "no-such-article",
    HTTPStatus.NOT_FOUND,
    "There is no such article",
    "No article has this address.",
    "Take the address from a feed.",
)
NO_MESSAGE = Kind(
    "no-such-message",
    HTTPStatus.NOT_FOUND,
    "There is no such message",
    "No message in the inbox has this number, or it was kept for as long as messages are kept, or "
    "the source that it came from is gone.",
    "Take the number from the list of messages.",
)
NO_ADDRESS = Kind(
    "no-such-address",
    HTTPStatus.NOT_FOUND,
    "There is nothing at this address",
    "feedsvc answers at other addresses; this one is misspelt, or belongs to another service.",
    "Compare it with the reference. Addresses have no double slashes, and no slash at their end.",
)
WRONG_METHOD = Kind(
    "wrong-method",
    HTTPStatus.METHOD_NOT_ALLOWED,
    "This method is not for this address",
    "The address is right, but it is asked for in another way: feeds are read with GET, and "
    "messages are sent with POST.",
    "Use a method that the `Allow` header names. A redirect on the way can turn a POST into a GET.",
)
WITHDRAWN = Kind(
    "withdrawn",
    HTTPStatus.GONE,
    "The article was withdrawn",
    "It was published, and the newsroom has taken it back.",
    "Nothing: what is left of it is that it was there.",
)
SLOW_BODY = Kind(
    "slow-body",
    HTTPStatus.REQUEST_TIMEOUT,
    "The body did not arrive in time",
    "A body has a time within which it must arrive, and its sender may not fall silent meanwhile.",
    "Send it again. On a slow line, send fewer events at once.",
)
TOO_LARGE = Kind(
    "too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "The body is too large",
    "The body is over the limit that `detail` names; it was not read on.",
    "Send fewer events at once, or one a line as `application/x-ndjson`, which may be much larger. "
    "Whoever runs the server can raise the limit.",
)
LINES_OVER_LIMIT = Kind(
    "lines-over-limit",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "A line is too long, or there are too many",
    "A body with a line for each event has a limit for a line and one for their number. `detail` "
    "names the one, and the line. Nothing was done.",
    "Part the message into several, each with an id of its own; shorten the article that is too "
    "long.",
)
WRONG_CONTENT_TYPE = Kind(
    "wrong-content-type",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "The content type is not one that is read here",
    "A message is `application/json`, another JSON type that ends in `+json`, or "
    "`application/x-ndjson`.",
    "Send the `Content-Type` that the body has, with a new id.",
)
REFUSED = Kind(
    "refused",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Nothing of the message was taken",
    "The message was read, and every event of it was refused. `errors` names each field that is "
    "wrong, by a JSON pointer, and why; `events` says it for each event.",
    "Mend the fields, and send the message with a new id. It is in the inbox meanwhile: what was "
    "wrong with the settings can be mended there, and the message be done again.",
)
TOO_MANY_MESSAGES = Kind(
    "too-many-messages",
    HTTPStatus.TOO_MANY_REQUESTS,
    "The source sends too many messages",
    "A source may send only so many messages in a time. This one was not looked at; nothing was "
    "done.",
    "Try again after as many seconds as `Retry-After` says, with the same id. Several events in "
    "one message count once.",
)
HUB_REFUSES = Kind(
    "hub-refuses",
    HTTPStatus.BAD_REQUEST,
    "The hub can't do what was asked",
    "A subscription needs the address of a feed that there is, and a callback that the hub may "
    "call. `parameter` says which of the request's parameters is wrong, and `detail` why.",
    "Mend the parameter. The topic is the feed's own address: the link `self` in it, or in the "
    "`Link` header.",
)
TOO_MANY_SUBSCRIPTIONS = Kind(
    "too-many-subscriptions",
    HTTPStatus.TOO_MANY_REQUESTS,
    "The hub is asked too often",
    "A client may ask the hub only so often, and so may all clients together have it call one "
    "host. Nothing was done.",
    "Try again after as many seconds as `Retry-After` says. One request is enough for a "
    "subscription: it is verified a moment later.",
)
MISTAKE = Kind(
    "mistake",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "feedsvc made a mistake",
    "Something happened that should not. It is in the log; what this request would have changed, "
    "it did not.",
    "Tell whoever runs the server when it happened. Sending the same message again does no harm.",
)
DATABASE_AWAY = Kind(
    "database-away",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The database can't be used just now",
    "It is locked, full, starting or away. Nothing was done, and nothing is lost.",
    "Try again after as many seconds as `Retry-After` says: a message with the same id.",
)
NOT_READY = Kind(
    "not-ready",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The database is not that of this version",
    "The tables are older or newer than the program.",
    "Whoever runs the server has to do what `detail` says. Try again after that.",
)
NO_SECRET_KEY = Kind(
    "no-secret-key",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The hub can keep no secrets yet",
    "A subscription's secret, and the token of a private feed, are kept sealed, and there is "
    "nothing to seal them with. Nothing was done.",
    "Whoever runs the server has to set `FEEDSVC_SECRET_KEY`. Without `hub.secret`, public feeds "
    "can be subscribed to meanwhile.",
)
NO_ROOM = Kind(
    "no-room",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "There is no room for the body",
    "A large body is put aside in a temporary file, and there is no room for it. Nothing was done.",
    "Try again after as many seconds as `Retry-After` says, or send fewer events at once.",
)

#: All of them, by their slugs.
KINDS = {
    kind.slug: kind
    for kind in (
        PARAMETER,
        UNREADABLE_MESSAGE,
        BROKEN_BODY,
        UNVERIFIED,
        WRONG_TOKEN,
        NO_CREDENTIALS,
        NO_FEED,
        TOO_BROAD,
        NO_ARTICLE,
        NO_MESSAGE,
        NO_ADDRESS,
        WRONG_METHOD,
        SLOW_BODY,
        WITHDRAWN,
        TOO_LARGE,
        LINES_OVER_LIMIT,
        WRONG_CONTENT_TYPE,
        REFUSED,
        TOO_MANY_MESSAGES,
        HUB_REFUSES,
        TOO_MANY_SUBSCRIPTIONS,
        MISTAKE,
        DATABASE_AWAY,
        NOT_READY,
        NO_SECRET_KEY,
        NO_ROOM,
    )
}
