"""Who sent a message: its source, and the key that it was signed with."""

import logging
from datetime import UTC, datetime

from feedsvc.db import Database
from feedsvc.errors import SignatureError
from feedsvc.ingest.dialects import NATIVE
from feedsvc.ingest.reading import Delivery
from feedsvc.ingest.schemes import SCHEMES, Headers
from feedsvc.ingest.signatures import Body
from feedsvc.ingest.sources import Source, find_source, unseal_keys
from feedsvc.vault import Vault

log = logging.getLogger(__name__)

#: Who a source's name that is none stands for; without a key, nothing of it verifies.
_NOBODY = Source(0, "", NATIVE, None, datetime.now(UTC), "standard-webhooks", None)


class Authentication:
    """Verifies messages against the active keys of their sources."""

    def __init__(self, database: Database, vault: Vault, tolerance_seconds: int) -> None:
        self._database = database
        self._vault = vault
        self._tolerance_seconds = tolerance_seconds

    def authenticate(self, source_name: str, headers: Headers, body: Body) -> Delivery:
        """The message, verified. One that is in a file comes without its body.

        Raises:
            SignatureError
            DatabaseUnavailableError
        """
        with self._database.read():
            found = find_source(source_name)
        source, kept = found or (_NOBODY, [])
        keys = unseal_keys(self._vault, kept)
        scheme = SCHEMES[source.scheme]
        try:
            verified = scheme.verify(
                headers,
                body,
                [key.text for key in keys],
                datetime.now(UTC),
                self._tolerance_seconds,
            )
        except SignatureError as error:
            log.warning("source=%r refused: %s", source_name[:100], error)
            raise
        key = keys[verified.key_index]
        return Delivery(
            source,
            verified.message_id,
            verified.sent_at,
            headers.get("Content-Type", ""),
            body if isinstance(body, bytes) else b"",
            has_own_id=scheme.has_ids,
            key_id=key.id,
            scope=key.scope,
        )
