"""How often the hub may be asked for something, by one client and about one host.

Each request has the hub call an address once: limited by host, nobody can be flooded through it.
"""

from feedsvc.errors import HubRateError
from feedsvc.incoming.clients import group_of
from feedsvc.incoming.rates import Counters, parse_rate
from feedsvc.settings import Settings


class HubRates:
    def __init__(self, settings: Settings, counters: Counters) -> None:
        self._of_client = parse_rate(settings.hub_rate)
        self._of_host = parse_rate(settings.hub_callback_rate)
        self._counters = counters

    def count_client(self, client: str) -> None:
        """Count a request; HubRateError if it is one too many."""
        wait = self._counters.find_wait(self._of_client, ("hub-client", group_of(client)))
        if wait is not None:
            raise HubRateError(
                f"{client} asks the hub more often than {wait.limit} (FEEDSVC_HUB_RATE).",
                wait.seconds,
            )

    def count_host(self, host: str) -> None:
        """Count that a host is to be called; HubRateError if it is once too often."""
        wait = self._counters.find_wait(self._of_host, ("hub-host", host))
        if wait is not None:
            raise HubRateError(
                f"The hub is asked to call {host} more often than {wait.limit} "
                "(FEEDSVC_HUB_CALLBACK_RATE).",
                wait.seconds,
            )
