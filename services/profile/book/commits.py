"""What one import commits to the lakes: the records of its file, and beside them what says more of those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.profile.book.domain.dataset import Dataset
from services.profile.book.fit import Commit

UNTAKEN = "the lines of {n} invoices were left as they are: {english} / {n} 张发票的明细未采用，仍以现有为准：{chinese}"
ADDED = "{n} invoices were known already; now their lines are, too / {n} 张发票此前已有记录，本次补记其明细"


@dataclass(frozen=True, slots=True)
class Commits:
    """The commits of an import by their kind: `records` those of its file, `beside` what came with them."""

    records: tuple[Dataset, Commit] | None = None
    beside: tuple[tuple[Dataset, Commit], ...] = ()

    def __iter__(self) -> Iterator[tuple[Dataset, Commit]]:
        """Give every commit with its kind, that of the records first."""
        yield from (() if self.records is None else (self.records,))
        yield from self.beside

    @property
    def enterprises(self) -> set[str]:
        """The enterprises of whom something new was said."""
        return {name for _, commit in self for name in commit.facts["enterprises"]}

    @property
    def moments(self) -> list[datetime]:
        """When each became known to its lake."""
        return [datetime.fromisoformat(commit.facts["known_at"]) for _, commit in self]

    @property
    def repeats(self) -> set[str]:
        """The imports that had said already what was left out for that."""
        return {name for _, commit in self for name in commit.facts.get("repeats", ())}

    @property
    def told(self) -> list[str]:
        """What the sender is told: of the records all there is, of the rest what became of it."""
        if self.records is None:
            return []
        own = self.records[1].facts
        found = [*own["told"]]
        for _, commit in self.beside:
            added = sum(commit.facts["appended"].values())
            found += [ADDED.format(n=added)] if added and not sum(own["appended"].values()) else []
            for reason, lines in commit.facts["refused"]:
                english, _, chinese = reason.partition(" / ")
                found.append(UNTAKEN.format(n=len(lines), english=english, chinese=chinese))
        return found

    def taken(self, place: int) -> int:
        """Return how many rows of the sheet at a place became known as records."""
        return 0 if self.records is None else int(self.records[1].facts["taken"][place])
