"""The settings of the hub: who may subscribe, what is sent to them, and how."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from feedsvc.settings.values import (
    Addresses,
    Count,
    Network,
    Networks,
    PortRange,
    Ports,
    Rate,
    Seconds,
    parse_addresses,
    parse_networks,
    parse_ports,
)

#: No longer than what a 32-bit number of seconds holds.
_LONGEST_LEASE_SECONDS = 2**31 - 1


class HubSettings(BaseSettings):
    """Times in seconds, sizes in bytes."""

    hub: bool = Field(
        default=True,
        description="Whether there is a hub (WebSub, rssCloud) that others can subscribe at.",
    )
    hubs: Addresses = Field(
        "",
        description="Other hubs that public feeds name, and that are told what has changed: "
        "addresses, separated by commas.",
    )
    hub_payload: Literal["changes", "full"] = Field(
        "changes",
        description="What subscribers are sent: the feed with the entries that have changed "
        "(`changes`), or the whole feed (`full`).",
    )
    hub_signature_method: Literal["sha1", "sha256", "sha384", "sha512"] = Field(
        "sha256",
        description="How what is sent is signed for subscribers who gave a secret: `sha1`, "
        "`sha256`, `sha384` or `sha512`.",
    )
    hub_lease_seconds: Count = Field(
        864_000, description="How long a subscription lasts that does not say how long it should."
    )
    hub_min_lease_seconds: Count = Field(
        300, description="The shortest subscription; what asks for less is given this."
    )
    hub_max_lease_seconds: int = Field(
        2_592_000,
        ge=1,
        le=_LONGEST_LEASE_SECONDS,
        description="The longest subscription; what asks for more is given this.",
    )
    hub_rate: Rate = Field(
        "60/minute",
        description="How often one client may ask the hub for something. Counted where "
        "`FEEDSVC_RATE_STORAGE_URL` says.",
    )
    hub_callback_rate: Rate = Field(
        "600/hour",
        description="How often all clients together may ask the hub to call one host.",
    )
    hub_max_body_bytes: Count = Field(16_384, description="The largest request to the hub.")
    hub_max_subscriptions_per_host: Count = Field(
        20_000, description="Subscriptions whose callbacks are on one host."
    )
    hub_max_subscriptions: Count = Field(200_000, description="Subscriptions at the hub.")
    hub_allow: Networks = Field(
        "",
        description="Networks that callbacks may reach though they are not public, for partners "
        "in the same house, or on this machine: `10.1.0.0/16, fd00:1::/32`.",
    )
    hub_ports: Ports = Field(
        "80, 443, 8000-65535", description="Ports that callbacks may have, with ranges of them."
    )
    hub_timeout_seconds: Seconds = Field(
        10.0, description="How long a callback may take to answer."
    )
    hub_ping_delay_seconds: float = Field(
        1.5,
        ge=0,
        description="How long after a change other hubs and rssCloud's subscribers are told, who "
        "then read the feed: longer than a proxy in front keeps it.",
    )
    hub_max_response_bytes: Count = Field(
        65_536, description="How much of a callback's answer is read."
    )
    hub_concurrency: Count = Field(
        200, description="How many callbacks a worker waits for at once."
    )
    hub_window_seconds: float = Field(
        0.5,
        ge=0,
        description="Changes that follow one another within this time go together; the first "
        "does not wait.",
    )
    hub_retry_seconds: Seconds = Field(
        15.0,
        description="How long after a delivery has failed it is tried again; each further pause is "
        "twice as long, up to six hours.",
    )
    hub_retry_days: float = Field(
        3.0,
        gt=0,
        description="For how long a delivery that fails is tried again; the subscription is "
        "suspended then.",
    )

    @model_validator(mode="after")
    def _leases_fit(self) -> Self:
        if not self.hub_min_lease_seconds <= self.hub_lease_seconds <= self.hub_max_lease_seconds:
            raise ValueError(
                "FEEDSVC_HUB_LEASE_SECONDS is not between FEEDSVC_HUB_MIN_LEASE_SECONDS and "
                "FEEDSVC_HUB_MAX_LEASE_SECONDS"
            )
        return self

    @property
    def other_hubs(self) -> tuple[str, ...]:
        """The addresses of `hubs`."""
        return parse_addresses(self.hubs)

    @property
    def allowed_networks(self) -> tuple[Network, ...]:
        """The networks of `hub_allow`."""
        return parse_networks(self.hub_allow)

    @property
    def allowed_ports(self) -> tuple[PortRange, ...]:
        """The ranges of `hub_ports`."""
        return parse_ports(self.hub_ports)
