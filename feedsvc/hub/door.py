"""What becomes of a request to the hub: judged, counted, and kept until it is verified."""

from dataclasses import dataclass
from datetime import UTC, datetime

from feedsvc.db import Database
from feedsvc.errors import CallbackError, HubError, TopicError
from feedsvc.hub.guard import CallbackUrl, Guard
from feedsvc.hub.rates import HubRates
from feedsvc.hub.requests import SUBSCRIBE, Asked, CloudAsked
from feedsvc.hub.subscriptions import CHALLENGE, NOTICE, Wish, remember
from feedsvc.hub.topics import Topic, get_topic, parse_topic, require_readable
from feedsvc.models.push import Kind
from feedsvc.settings import Settings
from feedsvc.vault import Vault

#: How long an rssCloud registration lasts: its clients ask again every day.
CLOUD_LEASE_SECONDS = 25 * 3600


@dataclass(frozen=True, slots=True)
class Door:
    """Where subscribers come in. Its verbs raise HubError, HubRateError and SecretKeyError."""

    database: Database
    settings: Settings
    vault: Vault
    guard: Guard
    rates: HubRates

    def ask(self, asked: Asked) -> None:
        """Take what somebody wants of the hub."""
        callback = self._check("hub.callback", asked.callback)
        is_new = asked.mode == SUBSCRIBE
        topic = self._open("hub.topic", asked.topic, is_new=is_new)
        secret = self.vault.seal(asked.secret) if is_new and asked.secret else None
        wish = Wish(
            Kind.WEBSUB,
            asked.mode,
            topic.url,
            self._spelling(topic, asked.topic),
            callback.url,
            callback.host,
            asked.lease_seconds,
            secret,
            topic.token_id,
        )
        self.rates.count_host(callback.host)
        remember(self.database, self.settings, wish, datetime.now(UTC))

    def ask_cloud(self, asked: CloudAsked, client: str) -> None:
        """Take what somebody wants to be told of by rssCloud."""
        callback = self._check("domain", asked.callback)
        wishes = []
        for number, url in enumerate(asked.topics, 1):
            topic = self._open(f"url{number}", url, is_new=True)
            wishes.append(
                Wish(
                    Kind.RSSCLOUD,
                    CHALLENGE if asked.is_challenged else NOTICE,
                    topic.url,
                    self._spelling(topic, url),
                    callback.url,
                    callback.host,
                    CLOUD_LEASE_SECONDS,
                    token_id=topic.token_id,
                )
            )
        for number, wish in enumerate(wishes):
            if number:  # the first was counted when it came
                self.rates.count_client(client)
            self.rates.count_host(callback.host)
            remember(self.database, self.settings, wish, datetime.now(UTC))

    def _check(self, name: str, callback: str) -> CallbackUrl:
        try:
            return self.guard.check_url(callback)
        except CallbackError as error:
            raise HubError(name, f"{error.reason}.") from error

    def _open(self, name: str, url: str, *, is_new: bool) -> Topic:
        try:
            address = parse_topic(url, self.settings)
            with self.database.read():
                topic = get_topic(self.database, address, self.settings)
                if is_new:
                    require_readable(topic, self.settings, datetime.now(UTC))
        except TopicError as error:
            raise HubError(name, str(error)) from error
        return topic

    def _spelling(self, topic: Topic, url: str) -> str | None:
        """A topic as the subscriber writes it, to be kept; sealed where it has a token in it."""
        if url == topic.url:
            return None
        return self.vault.seal(url) if parse_topic(url, self.settings).is_private else url
