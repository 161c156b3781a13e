"""How many messages a source may send.

They are counted once they are verified, so that no stranger uses up a source's share.
"""

from feedsvc.errors import RateLimitError
from feedsvc.incoming.rates import Counters, parse_rate
from feedsvc.settings import Settings


class Rates:
    def __init__(self, settings: Settings, counters: Counters) -> None:
        self._messages = parse_rate(settings.ingest_rate)
        self._counters = counters

    def count_message(self, source_name: str) -> None:
        """Count a verified message.

        Raises:
            RateLimitError: it is one too many.
        """
        wait = self._counters.find_wait(self._messages, ("message", source_name))
        if wait is not None:
            raise RateLimitError(
                f"{source_name} sends more than {wait.limit} (FEEDSVC_INGEST_RATE); "
                "nothing was done.",
                wait.seconds,
            )
