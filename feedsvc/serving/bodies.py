"""A body in its content codings, each made when it is first asked for, or when there is time."""

from feedsvc.serving.codings import (
    IDENTITY,
    MIN_BYTES,
    compress_quickly,
    compress_well,
    quickest,
    smallest,
)


class Bodies:
    """The same body in several codings. Its verbs may be used by several threads at once."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self._made = {IDENTITY: plain}
        self._improved: frozenset[str] = frozenset()

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self._made.values()))

    def pick(self, codings: tuple[str, ...]) -> tuple[str, bytes]:
        """In the smallest of these codings that there are, or else in the one made quickest."""
        if not codings or len(self.plain) < MIN_BYTES:
            return IDENTITY, self.plain
        made = [(coding, self._made[coding]) for coding in codings if coding in self._made]
        if not made:
            coding = quickest(codings)
            body = compress_quickly(self.plain, coding)
            self._made = {**self._made, coding: body}
            return coding, body
        return min(made, key=lambda one: len(one[1]))

    def find_improvement(self, codings: tuple[str, ...]) -> str | None:
        """Which of these codings it would be the smallest in, if that was not made yet."""
        if not codings or len(self.plain) < MIN_BYTES:
            return None
        best = smallest(codings)
        return None if best in self._improved else best

    def improve(self, coding: str) -> None:
        """Make the smallest of a coding, once."""
        if coding in self._improved:
            return
        body = compress_well(self.plain, coding)
        if len(body) < len(self._made.get(coding, self.plain)):
            self._made = {**self._made, coding: body}
        self._improved |= {coding}
