"""What is appended to a lake in parts: rows of which none says anything of those of another part, and what each brings.

The facts of the parts add up to those of the whole, whatever the parts are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from services.profile.book.domain.dataset import KNOWN_AT, Dataset
from services.profile.book.domain.versions import Weighed, refused_in_order, told_together
from services.profile.book.written import Written, write

# Rows that are handed to the writer at once, where they come from the disk.
BATCH = 1 << 15


class Part(Protocol):
    """Rows of a file, with their `line`; `near` tells theirs among those of the same enterprises, None: all are."""

    @property
    def near(self) -> pl.Expr | None:
        """What tells its records among those of the same enterprises."""

    def rows(self) -> pl.DataFrame:
        """Return the rows in the order of the file."""


class Kept(Protocol):
    """Where the rows of parts wait, in the order of the lake, until all are weighed."""

    def keep(self, place: int, rows: pl.DataFrame) -> None:
        """Keep what is to be held of the part at a place, as the lake has it, instead of what was kept of it."""

    def stamp(self, known_at: datetime) -> None:
        """Let all that is kept be known since another moment."""

    def written(self, folder: Path) -> list[Written]:
        """Return the files of all that is kept; those that are yet to be written are put beneath this folder."""

    def stream(self) -> Any:
        """Return all that is kept, part after part, for the writer of a table."""


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows of a file in memory, as the one part that it is."""

    all: pl.DataFrame
    near: None = None

    def rows(self) -> pl.DataFrame:
        """Return them."""
        return self.all


@dataclass(frozen=True, slots=True)
class InMemory:
    """What is kept of parts in memory."""

    found: dict[int, pl.DataFrame] = field(default_factory=dict)

    def keep(self, place: int, rows: pl.DataFrame) -> None:
        """Keep rows."""
        self.found[place] = rows

    def stamp(self, known_at: datetime) -> None:
        """Let all rows be known since another moment."""
        for place, rows in self.found.items():
            self.found[place] = stamped(rows, known_at)

    def written(self, folder: Path) -> list[Written]:
        """Write all rows."""
        return [file for rows in self.found.values() for file in write(folder, rows)]

    def stream(self) -> pl.DataFrame:
        """Return all rows as one table."""
        return pl.concat(self.found.values())


def stamped(rows: pl.DataFrame, known_at: datetime) -> pl.DataFrame:
    """Return rows as known since a moment."""
    return rows.with_columns(pl.lit(known_at).cast(KNOWN_AT).alias("known_at"))


@dataclass(frozen=True, slots=True)
class Brought:
    """What a part brings: what was `said` of its rows, its new rows counted, and what the import counts of them."""

    said: Weighed
    enterprises: pl.Series
    appended: Mapping[str, int]
    latest: date | None
    counted: Mapping[str, Any]

    @classmethod
    def of(cls, dataset: Dataset, weighed: Weighed, new: pl.DataFrame, counted: Mapping[str, Any]) -> Brought:
        """Count what a part brings; the rows themselves are let go."""
        day = new[dataset.day].max()
        return cls(
            Weighed(weighed.rows.clear(), weighed.refused, weighed.told, weighed.repeats),
            weighed.rows["enterprise"].unique(),
            dict(new[dataset.lead].value_counts().rows()),
            day if isinstance(day, date) else None,
            counted,
        )


def together(parts: Sequence[Brought]) -> dict[str, Any]:
    """Return the facts of an import by those of its parts: the lists that it counts are joined, numbers added."""
    refused: defaultdict[str, list[int]] = defaultdict(list)
    for reason, lines in (each for part in parts for each in part.said.refused):
        refused[reason] += lines
    latest = max((part.latest for part in parts if part.latest), default=None)
    return {
        "refused": [[reason, sorted(refused[reason])] for reason in refused_in_order(refused)],
        "told": told_together(part.said.told for part in parts),
        "repeats": sorted(frozenset[str]().union(*(part.said.repeats for part in parts))),
        "enterprises": pl.concat([part.enterprises for part in parts]).unique().sort().to_list(),
        "appended": dict(sum((Counter(part.appended) for part in parts), Counter[str]())),
        "date": latest.isoformat() if latest else None,
        **{name: _joined([part.counted[name] for part in parts]) for name in parts[0].counted},
    }


def _joined(found: Sequence[Any]) -> Any:
    """Return texts of all parts, each once; numbers of each sheet added up."""
    if len(found) == 1:
        return found[0]
    if any(isinstance(value, str) for one in found for value in one):
        return sorted({value for one in found for value in one})
    return [sum(values) for values in zip(*found, strict=True)] if all(found) else []
