"""What the page of feeds shows, as values: `all`, and the sections of the paper in their tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feedsvc.feeds.catalog import Feed
from feedsvc.feeds.headlines import Headline


@dataclass(frozen=True, slots=True)
class Section:
    """A feed with what it holds and what is below it."""

    feed: Feed
    count: int
    #: The newest first; only of `all` and of what is below nothing else.
    headlines: Sequence[Headline]
    children: "list[Section]"

    @property
    def size(self) -> int:
        """How many sections are below it, on all levels."""
        return sum(1 + child.size for child in self.children)


@dataclass(frozen=True, slots=True)
class Directory:
    """All feeds."""

    everything: Section
    sections: Sequence[Section]
    #: Every section once, each before those below it, and the saved feeds.
    listed: Sequence[Section]
    #: Feeds that the newsroom has put together itself; nobody counts what they hold.
    saved: Sequence[Section] = ()


def build_directory(
    feeds: Sequence[Feed],
    counts: Mapping[int | None, int],
    newest: Sequence[Headline],
    newest_by_category: Mapping[int, Sequence[Headline]],
) -> Directory:
    """The tree of `feeds`: `all` first, each parent before its children, saved feeds anywhere."""
    everything = Section(feeds[0], counts.get(None, 0), newest, [])
    by_name = {everything.feed.name: everything}
    saved = [Section(feed, 0, (), []) for feed in feeds if feed.saved is not None]
    for feed in feeds[1:]:
        if feed.saved is not None:
            continue
        headlines = newest_by_category.get(feed.category_id or 0, ())
        section = Section(feed, counts.get(feed.category_id, 0), headlines, [])
        by_name[feed.name] = section
        by_name[feed.parent_name or everything.feed.name].children.append(section)
    listed = [*list(by_name.values())[1:], *saved]
    return Directory(everything, everything.children, listed, saved)
