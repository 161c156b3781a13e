"""What can go wrong, as data. Nothing here knows HTTP: `problems` turns errors into answers."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field: a JSON pointer (RFC 6901) and a sentence for the editor."""

    pointer: str
    message: str


class FeedsvcError(Exception):
    """The root of every error that feedsvc raises on purpose."""


class ConfigurationError(FeedsvcError):
    """A setting is missing or wrong; the message names it and says what it may be."""


class DatabaseUnavailableError(FeedsvcError):
    """The database is locked, full, gone or broken right now; nothing was written."""


class SchemaError(FeedsvcError):
    """The tables are not those this code was written for; the message names the command."""


class SourceError(FeedsvcError):
    """A source or key can't be added, found or changed as asked."""


class SecretKeyError(FeedsvcError):
    """The secret that keys are sealed with is missing, too short, or not the one they had."""


class InboxError(FeedsvcError):
    """There is no such message in the inbox, or it can't be run again."""


class TokenError(FeedsvcError):
    """A token that opens the inbox's API is missing or wrong."""


class SignatureError(FeedsvcError):
    """A message could not be verified. The reason is for the log, never for the sender."""


class BodyTooLargeError(FeedsvcError):
    def __init__(self, limit_bytes: int, setting_name: str) -> None:
        super().__init__(f"The body is over {limit_bytes:,} bytes ({setting_name}).")
        self.limit_bytes = limit_bytes


class RateLimitError(FeedsvcError):
    """More comes than may; the message says of what, and which setting says so."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class HubRateError(RateLimitError):
    """The hub is asked for something too often."""


class BatchError(FeedsvcError):
    """A line of a message with a line for each event is too long, or there are too many."""


class SpoolError(FeedsvcError):
    """There is no room to put a large body aside."""


class BodyTimeoutError(FeedsvcError):
    def __init__(self) -> None:
        super().__init__(
            "The body did not arrive in time "
            "(FEEDSVC_BODY_TIMEOUT_SECONDS, FEEDSVC_SILENCE_TIMEOUT_SECONDS)."
        )


class ContentTypeError(FeedsvcError):
    def __init__(self, content_type: str) -> None:
        sent = f"“{content_type[:100]}”" if content_type else "none"
        super().__init__(
            f"The content type must be application/json or application/x-ndjson; it was {sent}."
        )


class MessageError(FeedsvcError):
    """A message can't be read at all: not UTF-8, not JSON, nested too deep."""


class EventError(FeedsvcError):
    """One event was refused; `faults` names every field that is wrong, and why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "; ".join(f"{fault.pointer}: {fault.message}".removeprefix(": ") for fault in faults)
        )
        self.faults = tuple(faults)


class GuidError(FeedsvcError):
    """The guid that an article is to have is another one's."""


class CategoryError(FeedsvcError):
    """A category can't be placed in the tree: a circle, or too deep."""


class RenderingError(FeedsvcError):
    """An article can't be written in a format; `pointer` is at the field to mend."""

    def __init__(self, field: str | None, format_name: str, reason: str) -> None:
        super().__init__(f"can't be written as {format_name}: {reason}")
        self.pointer = "/data" if field is None else f"/data/{field}"


class SavedFeedError(FeedsvcError):
    """A saved feed or a token of it can't be added, found or changed as asked."""


class CredentialsError(FeedsvcError):
    """A private feed was asked for without a token that opens it, or there is none."""

    def __init__(self) -> None:
        super().__init__("No private feed of that name is opened by what was sent.")


class FeedNotFoundError(FeedsvcError):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no feed “{name[:100]}”.")


class SelectionError(FeedsvcError):
    """Filters that are each common and seldom met together: finding what they show takes long."""

    def __init__(self, scan_limit: int) -> None:
        super().__init__(
            f"The filters were tried on {scan_limit:,} articles (FEEDSVC_SCAN_LIMIT), and too few "
            "met them all. Ask for less: since, hours, a smaller limit, or a rarer filter."
        )


class ArticleNotFoundError(FeedsvcError):
    def __init__(self, external_id: str) -> None:
        super().__init__(f"There is no article “{external_id[:100]}”.")


class ArticleWithdrawnError(FeedsvcError):
    def __init__(self, external_id: str) -> None:
        super().__init__(f"The article “{external_id[:100]}” was withdrawn.")


class ParameterError(FeedsvcError):
    """A value in the query string is not one that its name can have."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class TopicError(FeedsvcError):
    """An address is not one that can be subscribed to; the message says why."""


class TopicGoneError(TopicError):
    """The feed that could be subscribed to is there no more, or its token opens it no more."""


class HubError(FeedsvcError):
    """The hub can't do what a request asks for; `name` is the parameter at fault."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class SubscriptionError(FeedsvcError):
    """There is no such subscription."""


class CallbackError(FeedsvcError):
    """A callback's address is not one that may be called."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The callback can't be called: {reason}.")
        self.reason = reason
