"""What is said to whom: to subscribers, to who wants to be one, and to other hubs.

Sources: W3C WebSub, sections 5.2, 5.3 and 7; https://www.rssboard.org/rsscloud-interface, and of
the challenge http://walkthrough.rsscloud.co/; other hubs are told by `hub.mode=publish`, as
PubSubHubbub 0.3, section 6.1, has it.
"""

import asyncio
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from werkzeug.urls import iri_to_uri

from feedsvc.hub.delivery import Caller, Outcome, sign
from feedsvc.hub.errands import Errand
from feedsvc.hub.jobs import Job
from feedsvc.hub.payload import Parcel
from feedsvc.hub.requests import FORM, SUBSCRIBE
from feedsvc.hub.subscriptions import CHALLENGE, NOTICE, read_spelling
from feedsvc.models.push import Kind, Verification
from feedsvc.settings import Settings
from feedsvc.vault import Vault

#: Feeds that one other hub is told of at once.
_PINGS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls others, each in the words of what it speaks. What has been sealed is opened here.

    Raises:
        SecretKeyError: it was sealed with another FEEDSVC_SECRET_KEY.
    """

    caller: Caller
    settings: Settings
    vault: Vault

    async def tell(self, errand: Errand) -> Outcome:
        """Tell a subscriber what there is to be told."""
        job = errand.job
        if errand.parcel is not None:
            return await self._deliver(job, errand.parcel)
        if job.kind is Kind.HUB:
            return await self._publish(job, errand.urls)
        return await self._post_form(job.callback, [("url", self._topic_of(job))])

    async def verify(self, wish: Verification, topic_url: str) -> str:
        """Ask a callback whether it wants what somebody asked for; gives what it said against it.

        Empty: it wants it. It is asked once.
        """
        topic = read_spelling(wish.spelling, topic_url, self.vault)
        if wish.mode == NOTICE:
            return (await self._post_form(wish.callback, [("url", topic)])).problem
        challenge = secrets.token_urlsafe(32)
        if wish.mode == CHALLENGE:
            query = {"url": topic, "challenge": challenge}
        else:
            query = {"hub.mode": wish.mode, "hub.topic": topic, "hub.challenge": challenge}
            if wish.mode == SUBSCRIBE:
                query["hub.lease_seconds"] = str(wish.lease_seconds)
        outcome = await self.caller.get(_with_query(wish.callback, query))
        if outcome.problem:
            return outcome.problem
        if not hmac.compare_digest(outcome.body, challenge.encode()):
            return "answered without the challenge"
        return ""

    async def deny(
        self, callback: str, spelling: str | None, topic_url: str, reason: str
    ) -> Outcome:
        """Tell a WebSub subscriber that it is none (WebSub, section 5.2)."""
        topic = read_spelling(spelling, topic_url, self.vault)
        query = {"hub.mode": "denied", "hub.topic": topic, "hub.reason": reason}
        return await self.caller.get(_with_query(callback, query))

    async def _deliver(self, job: Job, parcel: Parcel) -> Outcome:
        headers = {"Content-Type": parcel.content_type, "Link": self._links(job, parcel)}
        if job.secret is not None:
            secret = self.vault.unseal(job.secret).encode()
            method = self.settings.hub_signature_method
            headers["X-Hub-Signature"] = sign(secret, parcel.body, method)
        return await self.caller.post(job.callback, parcel.body, headers)

    async def _publish(self, job: Job, urls: tuple[str, ...]) -> Outcome:
        """Tell another hub which feeds have changed, some at a time; the first refusal counts.

        Some hubs take `hub.url`, and others `hub.topic`, of one feed in a request.
        """
        for start in range(0, len(urls), _PINGS_AT_ONCE):
            some = urls[start : start + _PINGS_AT_ONCE]
            outcomes = await asyncio.gather(*(self._publish_one(job, url) for url in some))
            outcome = next((one for one in outcomes if one.problem), outcomes[0])
            if outcome.problem:
                break
        return outcome

    async def _publish_one(self, job: Job, url: str) -> Outcome:
        said = [("hub.mode", "publish"), ("hub.url", url), ("hub.topic", url)]
        return await self._post_form(job.callback, said)

    def _topic_of(self, job: Job) -> str:
        return read_spelling(job.spelling, job.topic_url or "", self.vault)

    def _links(self, job: Job, parcel: Parcel) -> str:
        if job.spelling is None:
            return parcel.links
        own = iri_to_uri(self._topic_of(job))
        return parcel.links.replace(f"<{job.topic_url}>", f"<{own}>")

    async def _post_form(self, url: str, pairs: list[tuple[str, str]]) -> Outcome:
        return await self.caller.post(url, urlencode(pairs).encode(), {"Content-Type": FORM})


def _with_query(url: str, query: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
