"""Whether a callback's owner wants what somebody asked for: each wish is verified once.

Sources: W3C WebSub, section 5.3; https://www.rssboard.org/rsscloud-interface.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from feedsvc.db import Database
from feedsvc.errors import DatabaseUnavailableError, SecretKeyError, TopicError
from feedsvc.hub.calls import Calls
from feedsvc.hub.payload import Packing
from feedsvc.hub.requests import UNSUBSCRIBE
from feedsvc.hub.subscriptions import confirm, drop_verification
from feedsvc.models.push import Kind, Verification

log = logging.getLogger(__name__)

#: Calls a function, with what it takes, on a thread that may wait for the database.
Asking = Callable[..., Awaitable[Any]]


class Verifier:
    """Asks, and does what the answer means."""

    def __init__(self, database: Database, calls: Calls, packing: Packing, ask: Asking) -> None:
        self._database = database
        self._calls = calls
        self._packing = packing
        self._ask = ask

    async def verify(self, wish: Verification) -> None:
        """Verify one wish that was claimed.

        Raises:
            DatabaseUnavailableError: it stays claimed, and is verified again when that lapses.
        """
        topic_url = wish.topic.url
        beginning = None
        try:
            if wish.mode != UNSUBSCRIBE:
                beginning = await self._ask(
                    self._packing.find_beginning, topic_url, wish.token_id, datetime.now(UTC)
                )
            problem = await self._calls.verify(wish, topic_url)
        except DatabaseUnavailableError:
            raise
        except TopicError as error:
            problem = f"{error}"
            if wish.kind == Kind.WEBSUB:
                with suppress(SecretKeyError):
                    await self._calls.deny(wish.callback, wish.spelling, topic_url, problem)
        except SecretKeyError as error:
            problem = str(error)
        except Exception:
            log.exception("a wish could not be verified, and is dropped")
            problem = "it could not be verified"
        if problem:
            is_mine = await self._ask(drop_verification, self._database, wish)
        else:
            is_mine = await self._ask(confirm, self._database, wish, datetime.now(UTC), beginning)
        if is_mine:
            log.info(
                "verified: mode=%s topic=%s host=%s problem=%s",
                wish.mode,
                topic_url,
                wish.host,
                problem or "-",
            )
