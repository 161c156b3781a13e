"""Calendar periods, in UTC: what a feed's archive is parted by. Pure.

A document of an archive is a month where that is not too much, else a day, an hour or a minute; of
a minute, a block of article numbers. Periods have names in addresses: `2023-01`, `2023-01-09`,
`2023-01-09T16`, `2023-01-09T1630`, and `2023-01-09T1630-7` for a block.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

_NAME = re.compile(
    r"(?P<year>[1-9][0-9]{3})-(?P<month>[0-9]{2})"
    r"(-(?P<day>[0-9]{2})(T(?P<hour>[0-9]{2})((?P<minute>[0-9]{2})(-(?P<block>[0-9]{1,12}))?)?)?)?"
)
_FORMS = ("%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H%M")
_LENGTHS = (None, timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))
_MINUTE = 3


@dataclass(frozen=True, slots=True)
class Period:
    """From `start`, and before `end`. `unit`: 0 for a month, 1 a day, 2 an hour, 3 a minute."""

    unit: int
    start: datetime
    #: Of a minute in which too much appeared: articles whose numbers are from so many thousands on.
    block: int | None = None

    @property
    def name(self) -> str:
        name = self.start.strftime(_FORMS[self.unit])
        return name if self.block is None else f"{name}-{self.block}"

    @property
    def end(self) -> datetime:
        length = _LENGTHS[self.unit]
        if length is not None:
            return self.start + length
        return (self.start + timedelta(days=31)).replace(day=1)

    @property
    def is_largest(self) -> bool:
        return not self.unit

    @property
    def is_smallest(self) -> bool:
        return self.unit == _MINUTE

    def in_block(self, block: int) -> "Period":
        return replace(self, block=block)

    def first_part(self) -> "Period":
        """The first of the smaller ones that it is made of."""
        return Period(self.unit + 1, self.start)


def parse_period(name: str) -> Period | None:
    """The period of a name, if it is one."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    said = {unit: int(text) for unit, text in match.groupdict().items() if text is not None}
    block = said.pop("block", None)
    try:
        start = datetime(tzinfo=UTC, **({"day": 1} | said))
        period = Period(len(said) - 2, start, block)
        _ = period.end
    except (ValueError, OverflowError):
        return None
    return period


def list_periods(moment: datetime) -> list[Period]:
    """Those that a moment is in, the longest first."""
    minute = moment.replace(second=0, microsecond=0)
    hour = minute.replace(minute=0)
    day = hour.replace(hour=0)
    return [Period(unit, at) for unit, at in enumerate((day.replace(day=1), day, hour, minute))]
