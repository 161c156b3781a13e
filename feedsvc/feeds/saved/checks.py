"""What can be said of a saved feed: made fit for every format, or refused by its name. Pure."""

from dataclasses import replace

from feedsvc.articles.article import Policy
from feedsvc.articles.clean import UncleanError, clean_text, clean_url
from feedsvc.errors import ParameterError, SavedFeedError
from feedsvc.feeds.catalog import FEED_NAME, RESERVED_NAMES
from feedsvc.feeds.saved.feed import SavedFeed, read_query, write_query
from feedsvc.feeds.selection import parse_selection
from feedsvc.rendering.podcast import Podcast
from feedsvc.rendering.terms import RSL_PAYMENTS, RSL_USES, Rsl, Terms
from feedsvc.settings import Settings

_MAX_NAME_CHARS = 100
#: Apple's categories of the first level.
PODCAST_CATEGORIES = (
    *("Arts", "Business", "Comedy", "Education", "Fiction", "Government", "Health & Fitness"),
    *("History", "Kids & Family", "Leisure", "Music", "News", "Religion & Spirituality"),
    *("Science", "Society & Culture", "Sports", "TV & Film", "Technology", "True Crime"),
)
PODCAST_KINDS = ("episodic", "serial")


def require_fit(feed: SavedFeed, settings: Settings) -> SavedFeed:
    """The feed as it is kept: texts cleaned, its filters as the one text that they have.

    Raises:
        SavedFeedError: something of it can't be so; the message names the option.
        ParameterError: a filter has a value that it can't have.
    """
    _require_name(feed.name)
    title = _fit_text("title", feed.title, settings.max_title_chars, "FEEDSVC_MAX_TITLE_CHARS")
    if not title:
        raise SavedFeedError("title: a feed must have one.")
    if not 0 <= feed.delay_seconds <= settings.max_delay_seconds:
        raise SavedFeedError(
            f"delay: must be from 0 to {settings.max_delay_seconds:,} seconds "
            "(FEEDSVC_MAX_DELAY_SECONDS)."
        )
    return replace(
        feed,
        title=title,
        description=_fit_long("description", feed.description, settings),
        query=_fit_query(feed.query, settings),
        terms=_fit_terms(feed.terms, settings),
        podcast=None if feed.podcast is None else _fit_podcast(feed.podcast, settings),
    )


def _require_name(name: str) -> None:
    if not FEED_NAME.fullmatch(name) or len(name) > _MAX_NAME_CHARS:
        raise SavedFeedError(
            f"“{name[:_MAX_NAME_CHARS]}” can't name a feed: use lower-case ASCII letters and "
            f"digits, with single hyphens between them, {_MAX_NAME_CHARS} at the most."
        )
    if name in RESERVED_NAMES:
        raise SavedFeedError(f"“{name}” is the feed of everything: choose another name.")


def _fit_query(query: str, settings: Settings) -> str:
    filters: dict[str, list[str]] = {}
    for name, value in read_query(query):
        cleaned = _fit_text(name, value, settings.max_title_chars, "FEEDSVC_MAX_TITLE_CHARS")
        if cleaned:
            filters.setdefault(name, []).append(cleaned)
    depths = filters.get("content", [])
    if not set(depths) <= set(Policy) or len(set(depths)) > 1:
        raise ParameterError("content", f"must be one of {', '.join(Policy)}.")
    fit = write_query(filters)
    parse_selection(read_query(fit), settings)
    return fit


def _fit_terms(terms: Terms, settings: Settings) -> Terms:
    rsl = terms.rsl
    return Terms(
        rights=_fit_long("rights", terms.rights, settings),
        license_url=_fit_url("license", terms.license_url, settings),
        attribution=_fit_long("attribution", terms.attribution, settings),
        rsl=None if rsl is None or rsl == Rsl() else _fit_rsl(rsl),
    )


def _fit_rsl(rsl: Rsl) -> Rsl:
    permits, prohibits = _fit_uses("permits", rsl.permits), _fit_uses("prohibits", rsl.prohibits)
    if both := set(permits) & set(prohibits):
        raise SavedFeedError(f"rsl: “{min(both)}” can't be permitted and prohibited.")
    if rsl.payment and rsl.payment not in RSL_PAYMENTS:
        raise SavedFeedError(f"rsl-payment: must be one of {', '.join(RSL_PAYMENTS)}.")
    return Rsl(permits, prohibits, rsl.payment)


def _fit_uses(option: str, uses: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := set(uses) - set(RSL_USES):
        raise SavedFeedError(
            f"rsl-{option}: “{min(wrong)}” is no use of RSL 1.0; there are {', '.join(RSL_USES)}."
        )
    return tuple(use for use in RSL_USES if use in uses)


def _fit_podcast(podcast: Podcast, settings: Settings) -> Podcast:
    author = _fit_long("podcast-author", podcast.author, settings)
    image = _fit_url("podcast-image", podcast.image, settings)
    if not image:
        raise SavedFeedError("podcast-image: a podcast must have a cover.")
    if podcast.category not in PODCAST_CATEGORIES:
        raise SavedFeedError(
            f"podcast-category: must be one of Apple's: {', '.join(PODCAST_CATEGORIES)}."
        )
    if podcast.kind not in PODCAST_KINDS:
        raise SavedFeedError(f"podcast-type: must be one of {', '.join(PODCAST_KINDS)}.")
    email = podcast.owner_email or None
    if email and (email.count("@") != 1 or email != clean_text(email).value or " " in email):
        raise SavedFeedError("podcast-email: must be an e-mail address.")
    return replace(
        podcast,
        author=author or settings.title,
        image=image,
        subcategory=_fit_long("podcast-subcategory", podcast.subcategory or "", settings) or None,
        owner_email=email,
    )


def _fit_long(option: str, text: str, settings: Settings) -> str:
    return _fit_text(option, text, settings.max_summary_chars, "FEEDSVC_MAX_SUMMARY_CHARS")


def _fit_text(option: str, text: str, limit_chars: int, setting: str) -> str:
    if len(text) > limit_chars:
        raise SavedFeedError(f"{option}: is over {limit_chars:,} characters ({setting}).")
    return clean_text(text).value


def _fit_url(option: str, url: str, settings: Settings) -> str:
    if not url:
        return ""
    try:
        return clean_url(url, settings.max_url_chars).value
    except UncleanError as error:
        raise SavedFeedError(f"{option}: {error}.") from error
