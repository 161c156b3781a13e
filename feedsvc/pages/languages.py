"""The languages that pages speak, and how each writes dates."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import dates
from flask_babel import get_locale

TRANSLATIONS = Path(__file__).resolve().parent / "translations"

#: What each is called in itself, in the order in which they are offered. The texts in the
#: templates are English; another language is a catalogue in `translations/` and a line in these.
LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
#: Unicode date patterns (UTS #35): Thứ Hai, 09/01/2023 and Monday, 9 January 2023.
_DATES = {"vi": "EEEE, dd/MM/yyyy", "en": "EEEE, d MMMM y"}


def default_language(preferred: str) -> str:
    """The language for readers who ask for none that there is: the paper's own, or English."""
    primary = preferred.partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


def speak_dates(zone: ZoneInfo) -> dict[str, object]:
    """The filters that write times for readers, as seen in the newsroom's time zone."""

    def as_date(moment: datetime) -> str:
        locale = get_locale()
        return dates.format_date(moment.astimezone(zone), _DATES[str(locale)], locale=locale)

    def as_time(moment: datetime) -> str:
        return dates.format_time(moment.astimezone(zone), "HH:mm", locale=get_locale())

    return {"as_date": as_date, "as_time": as_time}
