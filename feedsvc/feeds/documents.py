"""What a feed's documents say: its newest articles, a period of its archive, its latest changes.

Everything here is read in one view of the database, and nothing of it depends on who asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from feedsvc.articles.article import Policy
from feedsvc.db import Counter, from_microseconds, to_microseconds
from feedsvc.errors import FeedNotFoundError, SelectionError
from feedsvc.feeds.archive import Archive
from feedsvc.feeds.cadence import LOOKED_AT, poll_seconds
from feedsvc.feeds.catalog import Feed
from feedsvc.feeds.changes import Reach, Step, find_first_held, list_changes
from feedsvc.feeds.channels import describe, feed_url, is_private
from feedsvc.feeds.fragments import Entry, Fragments, Look, list_entries
from feedsvc.feeds.listing import (
    Limits,
    Plan,
    iterate_places,
    make_plan,
    rarest_first,
)
from feedsvc.feeds.matching import most_relevant
from feedsvc.feeds.newest import Finder, Lister, Newest, Stamp
from feedsvc.feeds.periods import Period
from feedsvc.feeds.query import Query
from feedsvc.feeds.ranges import Place, beginning
from feedsvc.feeds.saved.delay import Delay, read_delay
from feedsvc.feeds.saved.showing import feed_settings, list_selections, narrow
from feedsvc.feeds.search import RELEVANT
from feedsvc.feeds.selection import Cursor, Order, Selection, canonical_query
from feedsvc.feeds.tombstones import list_deleted, recent
from feedsvc.rendering.document import Channel, Format, join_document
from feedsvc.rendering.history import NO_HISTORY, History
from feedsvc.rendering.push import NO_PUSH
from feedsvc.rendering.terms import NO_TERMS
from feedsvc.settings import Settings

Moments = Sequence[datetime | None]


@dataclass(frozen=True, slots=True)
class Document:
    """A feed's document in no format yet."""

    channel: Channel
    entries: Sequence[Entry]
    look: Look
    #: When anything in it last changed, where that is known.
    changed_at: datetime | None
    #: For how long it may be kept before it is asked for again, if it does not end sooner.
    age_seconds: int
    #: When it will change by itself.
    ends_at: datetime | None = None
    #: What it has of the newest articles, if that is what it is of.
    found: Newest | None = None


def write(document: Document, format_: Format, fragments: Fragments, epoch: str) -> bytes:
    """A document's bytes in a format, in the view that it was read in."""
    rendered = fragments.render(format_, document.entries, document.look, epoch)
    urls = [entry.url for entry in document.entries]
    return join_document(format_, document.channel, rendered, urls)


def first(*moments: datetime | None) -> datetime | None:
    """The earliest of those that there are."""
    return min((moment for moment in moments if moment is not None), default=None)


def last(*moments: datetime | None) -> datetime | None:
    """The latest of those that there are."""
    return max((moment for moment in moments if moment is not None), default=None)


class Reading:
    """A feed and what is asked of it, in the view that the caller is in; `list_entries` reads them.

    Its verbs raise FeedNotFoundError where a filter names a category that there is not, and
    SelectionError where too many articles would have to be tried.
    """

    def __init__(
        self,
        feed: Feed,
        asked: Selection,
        settings: Settings,
        now: datetime,
        list_entries: Lister = list_entries,
    ) -> None:
        self._list_entries = list_entries
        self._feed = feed
        self._settings = feed_settings(feed, settings)
        self._asked = narrow(feed, asked, self._settings)
        self._delay = _NO_DELAY
        if feed.saved is not None and feed.saved.delay_seconds:
            self._delay = read_delay(feed.saved.delay_seconds, now)
        self._now = now

    @property
    def _delay_by(self) -> timedelta:
        saved = self._feed.saved
        return timedelta(seconds=0 if saved is None else saved.delay_seconds)

    @property
    def _until(self) -> datetime:
        """What appeared elsewhere later than this is not shown here yet."""
        return self._now if self._delay.until is None else self._delay.until

    def read_newest(self, stamp: Stamp | None = None, last: Newest | None = None) -> Document:
        """The feed itself, as of `stamp`, which is taken from what `last` found where it can be."""
        asked, settings = self._asked, self._settings
        plan = self._plan(asked)
        if plan is None:
            return self._document((), settings.max_age_seconds)
        if asked.query is not None and asked.order == Order.RELEVANCE:
            places = _find_relevant(plan, asked.query, asked.limit, settings.scan_limit)
            return self._document(self._list_entries(places), settings.max_age_seconds)
        finder = self._finder(plan, has_archive=asked.hours is None and asked.since is None)
        found = finder.find(stamp, last)
        entries = found.entries
        buried = recent(found.buried, settings.tombstone_days, asked.hours, self._now)
        history = History(
            deleted=buried.shown,
            previous=self._address(found.before),
            query=canonical_query(_for_archive(asked, settings), settings),
        )
        moments = [entry.published_us for entry in entries[:LOOKED_AT]]
        limits = settings.max_age_seconds, settings.longest_age_seconds
        return self._document(
            entries,
            poll_seconds(moments, *limits, to_microseconds(self._now)),
            changes=(buried.last_left_at, found.moved_at),
            ends=(buried.next_leaves_at, found.moves_at),
            ttl_minutes=max(1, poll_seconds(moments, *limits) // 60),
            history=history,
            found=found,
        )

    def read_archive(self, period: Period) -> Document | Period:
        """A document of the archive; of a period that is too much for one, its last smaller one.

        Raises:
            FeedNotFoundError: the period is before the first article, or has not begun.
        """
        settings = self._settings
        asked = _for_archive(self._asked, settings)
        plan = None if is_private(self._feed) else self._plan(asked)
        if plan is None:
            raise FeedNotFoundError(f"{self._feed.name}/{period.name}")
        archive = self._archive(plan)
        window = archive.window_of(period)
        limits = Limits(settings.archive_entries, settings.scan_limit)
        buried = list_deleted(plan, window, limits, self._delay_by)
        if not archive.is_there(period) or not (buried or archive.is_within(period)):
            raise FeedNotFoundError(f"{self._feed.name}/{period.name}")
        if not archive.has_room_for(period):
            return archive.find_newest(period) or period
        entries = self._list_entries(archive.list_places(period))
        is_over = archive.is_over(period)
        following = archive.find_following(period) if is_over else None
        channel = describe(self._feed, asked, settings)
        history = History(
            current=channel.base_url,
            previous=self._address(archive.find_previous(period)),
            following=self._address(following),
            query=channel.query,
            is_archive=is_over,
            deleted=tuple(one.deleted for one in buried),
        )
        return Document(
            replace(
                channel,
                title=f"{channel.title} – {period.name}",
                base_url=f"{channel.base_url}/{period.name}",
                updated_at=_updated_at(entries, period.start),
                history=history,
                push=NO_PUSH,
            ),
            entries,
            self._look,
            None,
            settings.archive_age_seconds if is_over else settings.max_age_seconds,
            None if is_over else first(period.end, self._delay.next_at),
        )

    def read_changes(self, after: Cursor, counter: Counter) -> Document:
        """What changed after a cursor.

        Raises:
            ParameterError: the cursor is not one of this database.
        """
        step = self.list_changes(after, counter)
        document = self.show_changes(step)
        if step.is_last:
            return document
        query = canonical_query(replace(self._asked, after=step.cursor), self._settings)
        next_url = f"{document.channel.base_url}.json{query}"
        history = replace(document.channel.history, next_url=next_url)
        return replace(document, channel=replace(document.channel, history=history))

    def list_changes(self, after: Cursor, counter: Counter, most: int | None = None) -> Step:
        """What changed after a cursor, as far as a document goes, or `most`; ParameterError as
        above."""
        reach = Reach(after, self._delay.until, counter)
        return self._list_changes(reach, most or self._asked.limit)

    def show_changes(self, step: Step) -> Document:
        """A document of changed articles, in their order."""
        document = self._document(self._list_entries(step.places), self._settings.max_age_seconds)
        times = (document.channel.updated_at, *(one.at for one in step.deleted))
        channel = replace(
            document.channel,
            updated_at=max(times),
            history=History(deleted=step.deleted),
            cursor=str(step.cursor),
        )
        return replace(document, channel=channel, changed_at=None)

    def find_end(self, counter: Counter) -> Step:
        """Where in the changes stands who has the feed as it is now; what they are, is left out.

        That is before what it does not show yet; some of what comes after that they have already.
        """
        held = None if self._delay.until is None else find_first_held(self._delay.until)
        if held is None:
            return Step((), (), Cursor(counter.change), is_last=True)
        step = self.list_changes(Cursor(held - 1), counter, self._settings.scan_limit)
        return replace(step, places=(), deleted=())

    def has_changed(self, after: Cursor, seen_at: datetime, counter: Counter) -> bool:
        """Whether anything that it shows has changed after a cursor, or appeared after a moment.

        True also where something else was edited that its filters might have let through before.
        """
        if self._has_appeared(seen_at):
            return True
        is_last = False
        while not is_last:
            step = self._list_changes(Reach(after, None, counter), self._asked.limit)
            until = to_microseconds(self._until)
            is_shown = [self._delay.until is None or at <= until for at, _ in step.places]
            if step.deleted or any(is_shown):
                return True
            after, is_last = step.cursor, step.is_last
        return False

    def find_due(self, step: Step) -> datetime | None:
        """When the article appears here before which a step ended."""
        if step.held_at is None:
            return None
        return step.held_at + self._delay_by

    @property
    def changed_at(self) -> datetime:
        """When the feed changed, or something appeared in it by itself, as far as is known."""
        return max(self._feed.changed_at, self._delay.changed_at or self._feed.changed_at)

    @property
    def next_at(self) -> datetime | None:
        """When something may appear in it by itself: never too late."""
        return self._delay.next_at

    def _list_changes(self, reach: Reach, most: int) -> Step:
        asked = replace(self._asked, limit=most)
        selections = list_selections(self._feed, asked, self._settings)
        return list_changes(self._feed, selections, reach, self._settings.scan_limit)

    def _has_appeared(self, since: datetime) -> bool:
        """Whether what had become visible elsewhere before has appeared here after a moment."""
        plan = None if self._delay.until is None else self._plan(self._asked)
        if plan is None:
            return False
        after = to_microseconds(since - self._delay_by) + 1
        came = replace(plan, window=replace(plan.window, since=after))
        return any(True for _ in iterate_places(came, 1, self._settings.scan_limit))

    def _plan(self, asked: Selection) -> Plan | None:
        scan_limit = self._settings.scan_limit
        selections = list_selections(self._feed, asked, self._settings)
        plan = make_plan(self._feed, selections, scan_limit, self._now)
        if plan is None:
            return None
        if self._delay.until is not None:
            shown = replace(plan.window, below=beginning(self._until, inclusive=True))
            plan = replace(plan, window=shown)
        return rarest_first(plan, scan_limit)

    def _document(
        self,
        entries: Sequence[Entry],
        age_seconds: int,
        *,
        changes: Moments = (),
        ends: Moments = (),
        history: History = NO_HISTORY,
        ttl_minutes: int | None = None,
        found: Newest | None = None,
    ) -> Document:
        """Of the newest articles: when it changed, and when some of them leave or come.

        `changes` and `ends` are when it did, and will, for other reasons.
        """
        feed, hours = self._feed, self._asked.hours
        leaves_at = None
        if hours is not None and entries:
            oldest = min(entry.published_us for entry in entries)
            leaves_at = from_microseconds(oldest) + timedelta(hours=hours)
        channel = describe(feed, self._asked, self._settings)
        # What grows too old leaves without a change; and where other sections are is not in the
        # time of this one. The bytes alone tell then.
        others = self._asked.categories or self._asked.not_categories
        is_dated = not hours and not (others and feed.category_id is not None)
        return Document(
            replace(
                channel,
                updated_at=_updated_at(entries, feed.created_at),
                ttl_minutes=ttl_minutes or channel.ttl_minutes,
                history=history,
            ),
            entries,
            self._look,
            last(self.changed_at, *changes) if is_dated else None,
            age_seconds,
            first(leaves_at, self._delay.next_at, *ends),
            found,
        )

    @property
    def _look(self) -> Look:
        """As the feed shows its articles, and no deeper than it is asked."""
        saved = self._feed.saved
        depth, terms = (Policy.FULL, NO_TERMS) if saved is None else (saved.depth, saved.terms)
        return Look(depth.within(self._asked.content), terms)

    def _finder(self, plan: Plan, *, has_archive: bool) -> Finder:
        return Finder(
            plan,
            self._asked.limit,
            self._settings,
            self._until,
            self._delay_by,
            has_archive,
            self._list_entries,
        )

    def _archive(self, plan: Plan) -> Archive:
        limits = Limits(self._settings.archive_entries, self._settings.scan_limit)
        return Archive(plan, limits, self._until)

    def _address(self, period: Period | None) -> str | None:
        """Of a document of the archive, which private feeds do not have."""
        if period is None or is_private(self._feed):
            return None
        return f"{feed_url(self._feed.name, self._settings)}/{period.name}"


_NO_DELAY = Delay(None, None, None)


def _find_relevant(plan: Plan, query: Query, limit: int, scan_limit: int) -> list[Place]:
    """Of the newest thousand that match, the most relevant; or of those that could be found."""
    found: list[Place] = []
    try:
        found.extend(islice(iterate_places(plan, limit, scan_limit), RELEVANT))
    except SelectionError:
        if len(found) < limit:
            raise
    return most_relevant(query, found)[:limit]


def _updated_at(entries: Sequence[Entry], otherwise: datetime) -> datetime:
    if not entries:
        return otherwise
    return from_microseconds(max(entry.modified_us for entry in entries))


def _for_archive(selection: Selection, settings: Settings) -> Selection:
    """The filters that an archive heeds: it has all of the past, in documents of its own size."""
    return replace(
        selection,
        hours=None,
        since=None,
        after=None,
        order=Order.DATE,
        limit=settings.default_entries,
    )
