"""From one file's two readings to the score that decides: with everything, and without what only the firm itself says.

Both readings of all files go through the model in one pass; a file of which nothing is set aside has one reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from services.scoring.domain.counting import BESIDE, Beside, Counts, deciding
from services.scoring.domain.fuller import Fuller

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from services.scoring.ml.scorer import Scored, ScoredMany, Scorer

    Numbers = NDArray[np.float64]

READ = ("depth", "features_sha256")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a score is made from: values in the order of the model's features, their depth and their hash.

    `fuller` is the fuller file as the profile service tells it (`domain.fuller`), None where it tells of none.
    """

    depth: str
    features_sha256: str
    values: list[float | None]
    fuller: Mapping[str, Any] | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is known."""
        return all(value is None for value in self.values)

    @property
    def supposes(self) -> bool:
        """Whether the fuller file is another one than this."""
        return self.fuller is not None and self.fuller["features_sha256"] != self.features_sha256


@dataclass(frozen=True, slots=True)
class Decided:
    """The score that decides and what it was made from; `beside` is the other one, None where both are the same.

    `fuller` is the score that the firm would have had it shown more, None where 36 months are shown.
    """

    scored: Scored
    reading: Reading
    beside: Beside | None
    fuller: Fuller | None = None


def decide(scorer: Scorer, files: Sequence[Mapping[str, Any]], counts: Sequence[Counts]) -> list[Decided | None]:
    """Return what decides of some files, each with `depth`, `values`, `features_sha256` and maybe `confirmed`.

    None where nothing counts: nothing is known of a file, or nothing of it is confirmed and only that counts.
    """
    pairs = [_readings(scorer, file) for file in files]
    rows = [reading for pair in pairs for reading in pair]
    more = [_read(scorer, row.fuller) for row in rows if row.fuller is not None and row.supposes]
    asked = [*rows, *more]
    scored = scorer.score_few([row.values for row in asked], depths=[row.depth for row in asked]) if rows else []
    made, fuller = iter(scored), iter(zip(more, scored[len(rows) :], strict=True))
    found = []
    for policy, pair in zip(counts, pairs, strict=True):
        own = [next(made) for _ in pair]
        guesses = [_fuller(row, one, fuller) for row, one in zip(pair, own, strict=True)]
        found.append(_decided(policy, pair, own, guesses))
    return found


def _readings(scorer: Scorer, file: Mapping[str, Any]) -> list[Reading]:
    told = [file, file["confirmed"]] if file.get("confirmed") else [file]
    return [_read(scorer, one) for one in told]


def _read(scorer: Scorer, one: Mapping[str, Any]) -> Reading:
    values = [one["values"].get(name) for name in scorer.features]
    return Reading(one["depth"], one["features_sha256"], values, one.get("fuller"))


def _fuller(reading: Reading, own: Scored, made: Iterator[tuple[Reading, Scored]]) -> Fuller | None:
    """Return the score of a reading's fuller file: the next one that was made, or its own where that is the same."""
    if reading.fuller is None:
        return None
    row, scored = next(made) if reading.supposes else (reading, own)
    return _supposed(reading.fuller, row.values, scored)


def _supposed(told: Mapping[str, Any], values: Sequence[float | None], scored: Scored) -> Fuller:
    """Return the score of a fuller file as the profile service tells it; `values` are those that the model read."""
    heads = {name: told[name] for name in ("shown", "registered_on", *READ)}
    return Fuller(**heads, months=told["window"], values=values, **{name: getattr(scored, name) for name in BESIDE})


def _decided(
    counts: Counts, pair: Sequence[Reading], scored: Sequence[Scored], fuller: Sequence[Fuller | None]
) -> Decided | None:
    if len(pair) == 1:
        return None if pair[0].empty else Decided(scored[0], pair[0], None, fuller[0])
    everything, confirmed = pair
    if everything.empty or (confirmed.empty and counts is Counts.CONFIRMED):
        return None
    which = deciding(counts, scored[0].score_exact, scored[1].score_exact)
    first = int(which is Counts.CONFIRMED)
    said = {name: getattr(scored[1 - first], name) for name in BESIDE}
    return Decided(scored[first], pair[first], _beside(which.other, pair[1 - first], said), fuller[first])


def _beside(counts: Counts, reading: Reading, said: Mapping[str, Any]) -> Beside:
    return Beside(counts, reading.depth, reading.features_sha256, reading.values, **({} if reading.empty else said))


@dataclass(frozen=True, slots=True)
class DecidedMany:
    """What decides of many files, a row each, in their order.

    `values` (rows, features), `depth` and `sha256` are what it was made from; `everything` are the scores with
    everything, the same object where nothing is set aside. `nothing` marks rows without a deciding score, None for
    none; `beside` has the other scores by row.
    """

    scored: ScoredMany
    everything: ScoredMany
    values: Numbers
    depth: pl.Series
    sha256: pl.Series
    nothing: NDArray[np.bool_] | None
    beside: Mapping[int, Beside]


def decide_many(
    scorer: Scorer, rows: pl.DataFrame, confirmed: pl.DataFrame, counts: Counts, *, threads: int = 1
) -> DecidedMany:
    """Return what decides of rows with data; `confirmed` has the second readings of those that have one, by enterprise.

    Both go through the model in one pass. Where nothing is set aside it is `Scorer.score_many` and no more.
    """
    values = _matrix(scorer, rows)
    # As a rule nobody's word is set aside, and then nothing is looked for or copied.
    seconds = _seconds(rows, confirmed) if confirmed.height else confirmed
    if seconds.is_empty():
        scored = scorer.score_many(values, depths=rows["depth"].to_list(), threads=threads)
        return DecidedMany(scored, scored, values, rows["depth"], rows["features_sha256"], None, {})
    return _decide_pairs(scorer, rows, values, seconds, counts, threads)


def _seconds(rows: pl.DataFrame, confirmed: pl.DataFrame) -> pl.DataFrame:
    places = rows.select("enterprise").with_row_index("place")
    return places.join(confirmed, on="enterprise", maintain_order="left")


def _decide_pairs(
    scorer: Scorer, rows: pl.DataFrame, values: Numbers, seconds: pl.DataFrame, counts: Counts, threads: int
) -> DecidedMany:
    both = np.vstack([values, _matrix(scorer, seconds)])
    read = {name: pl.concat([rows[name], seconds[name]], rechunk=True) for name in READ}
    scored = scorer.score_many(both, depths=read["depth"].to_list(), threads=threads)
    firms, places = len(values), seconds["place"].to_numpy()
    empty = np.isnan(both[firms:]).all(axis=1)
    exact = scored.score_exact
    confirmed_decides = (counts is Counts.CONFIRMED) & (exact[firms:] <= exact[places])
    first, other = np.arange(firms), np.full(firms, -1)
    other[places] = np.where(confirmed_decides, places, firms + np.arange(len(places)))
    first[places[confirmed_decides]] = firms + np.flatnonzero(confirmed_decides)
    nothing = np.zeros(firms, dtype=np.bool_)
    nothing[places] = empty & (counts is Counts.CONFIRMED)
    return DecidedMany(
        scored=scored.at(first),
        everything=scored.at(np.arange(firms)),
        values=both[first],
        depth=read["depth"].gather(first),
        sha256=read["features_sha256"].gather(first),
        nothing=nothing if nothing.any() else None,
        beside=_besides(scored, both, read, other, firms),
    )


def _besides(
    scored: ScoredMany, both: Numbers, read: Mapping[str, pl.Series], other: NDArray[np.int64], firms: int
) -> dict[int, Beside]:
    rows = np.flatnonzero(other >= 0)
    chosen = other[rows]
    said = zip(*(getattr(scored, name)[chosen].tolist() for name in BESIDE), strict=True)
    heads = zip(*(read[name].gather(chosen) for name in READ), strict=True)
    found = {}
    for row, place, head, values, one in zip(rows.tolist(), chosen.tolist(), heads, both[chosen], said, strict=True):
        depth, sha256 = head
        reading = Reading(depth, sha256, [None if np.isnan(value) else value for value in values.tolist()])
        counts = Counts.EVERYTHING if place < firms else Counts.CONFIRMED
        found[row] = _beside(counts, reading, dict(zip(BESIDE, one, strict=True)))
    return found


def _matrix(scorer: Scorer, rows: pl.DataFrame) -> Numbers:
    return rows.select(pl.col(*scorer.features).cast(pl.Float64)).to_numpy()
