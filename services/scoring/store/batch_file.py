"""A part of a batch: many scores of one order as columns, written as one Arrow file, read whole or one by one.

A row a score took four times as long to store as the reasons took to compute. What a score is made from and made of is
kept bit for bit; only its words are written when somebody reads it, from the same numbers every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from zlib import crc32

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from chassis.core.ids import numbered
from services.scoring.domain.assessment import Assessment, Stamp, stamped
from services.scoring.domain.counting import Beside
from services.scoring.domain.fuller import Fuller
from services.scoring.domain.overlay import RuleSet, overlay
from services.scoring.domain.reasons import MOST_REASONS

FULLER = "fuller"
HEADS = ("enterprise", "depth", "features_sha256", "score", "grade", "pd", "pd_low", "pd_high")
REASONS = tuple(f"reason {place}" for place in range(MOST_REASONS))
# What is kept of a row as JSON, each only where a row of the part has it: what its money rests on, the other score, and
# which expert rules cap its grade. The score of the fuller file is kept likewise, as columns of its own (`Fuller`).
TOLD = ("evidence", "beside", "overlay", FULLER)
SHADOW = {"points": "shadow points", "shadow_grade": "shadow grade", "shadow_pd": "shadow pd"}
BUCKETS = 1024
ENTRY = np.dtype([("hash", "<u4"), ("part", "<u4"), ("place", "<u4")])


@dataclass(frozen=True, slots=True)
class Part:
    """Some scores of one order, with ids `head` and their place.

    `frame` has a row a score: `HEADS`, `REASONS` (positions in the model's legend, -1 for none), `value n` and
    `point n` for the legend's n-th feature, `TOLD`, and `SHADOW` where a challenger of that version ran beside.
    """

    stamp: Stamp
    head: str
    base_points: float
    shadow: str | None
    frame: pl.DataFrame

    def assessments(self) -> Iterator[Assessment]:
        """Yield each score, as it would be read by itself."""
        told = [name for name in TOLD if name in self.frame.columns]
        names = (*HEADS, *REASONS, *numbers(self.frame, "value"), *numbers(self.frame, "point"), *told)
        reasons_end = len(HEADS) + MOST_REASONS
        values_end = reasons_end + len(numbers(self.frame, "value"))
        points_end = len(names) - len(told)
        same = {**stamped(self.stamp), "base_points": self.base_points}
        for place, row in enumerate(self.frame.select(names).iter_rows()):
            yield Assessment(
                id=numbered(self.head, place),
                **dict(zip(HEADS, row, strict=False)),
                reasons=[position for position in row[len(HEADS) : reasons_end] if position >= 0],
                # A table may say NaN where it means missing.
                values=[None if value != value else value for value in row[reasons_end:values_end]],  # noqa: PLR0124 -- NaN
                points=list(row[values_end:points_end]),
                **_told(dict(zip(told, row[points_end:], strict=True))),
                **same,
            )

    def assessment(self, place: int) -> Assessment:
        """Return the score at one place."""
        (found,) = replace(self, frame=self.frame[place : place + 1]).assessments()
        return replace(found, id=numbered(self.head, place))


def _told(written: Mapping[str, Any]) -> dict[str, Any]:
    """Read what is told of a row beside its score."""
    there = {name: each for name, each in written.items() if each is not None}
    read = {name: each if name == FULLER else orjson.loads(each) for name, each in there.items()}
    if "beside" in read:
        read["beside"] = Beside.from_json(read["beside"])
    if FULLER in read:
        values = [None if value != value else value for value in read[FULLER]["values"]]  # noqa: PLR0124 -- NaN
        read[FULLER] = Fuller.from_json({**read[FULLER], "values": values})
    return read


def written_beside(beside: Mapping[int, Beside], rows: int) -> list[pl.Series]:
    """Return the column of the scores that do not decide, by their rows; none where there is none."""
    if not beside:
        return []
    texts = [None if row not in beside else orjson.dumps(beside[row].as_json()).decode() for row in range(rows)]
    return [pl.Series("beside", texts, dtype=pl.String)]


def written_overlays(rules: RuleSet | None, records: pl.Series) -> list[pl.Series]:
    """Return the column of the overlays of rows with these public records (JSON, null where they are withheld).

    None where no rules are in force. Hardly any row has a record, and the rest say the same: each text is kept once.
    """
    if rules is None:
        return []
    nothing = orjson.dumps(overlay(rules, ())).decode()
    told = records.replace("[]", nothing).alias("overlay")
    spoken_of = (records != "[]").fill_null(value=False).arg_true()
    if spoken_of.is_empty():
        return [told.cast(pl.Categorical)]
    texts = told.to_list()
    for place in spoken_of:
        texts[place] = orjson.dumps(overlay(rules, orjson.loads(records[place]))).decode()
    return [pl.Series("overlay", texts, dtype=pl.Categorical)]


def numbers(frame: pl.DataFrame, kind: str) -> list[str]:
    """Return the names of the columns `value n` or `point n`, in the order of the legend."""
    return [name for name in frame.columns if name.startswith(f"{kind} ")]


def points_of(rows: NDArray[np.float64]) -> pl.DataFrame:
    """Return contributions (rows, features) as columns."""
    columns = np.ascontiguousarray(rows.T)
    return pl.DataFrame([pl.Series(f"point {place}", column) for place, column in enumerate(columns)])


def written(frame: pl.DataFrame) -> bytes:
    """Return a part's columns as an Arrow file, as they lie in memory.

    Compressing (lz4) cost more of a processor than it saved in writing, since contributions hardly compress.
    """
    body = BytesIO()
    frame.write_ipc(body, compression="uncompressed")
    return body.getvalue()


def read(body: bytes, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return a part's columns, or some of them."""
    return pl.read_ipc(BytesIO(body), columns=None if columns is None else list(columns))


def bucket_of(enterprise: str) -> tuple[int, int]:
    """Return the bucket that an enterprise is looked up in, and its hash there."""
    hashed = crc32(enterprise.encode())
    return hashed % BUCKETS, hashed


def index(parts: Sequence[tuple[int, Sequence[str]]]) -> dict[int, bytes]:
    """Return what each bucket says of a batch's parts (number, enterprises): who may be found at which place."""
    entries = np.zeros(sum(len(names) for _, names in parts), dtype=ENTRY)
    start = 0
    for number, names in parts:
        lines = entries[start : start + len(names)]
        lines["hash"] = np.fromiter(map(crc32, map(str.encode, names)), np.uint32, len(names))
        lines["part"], lines["place"] = number, np.arange(len(names))
        start += len(names)
    buckets = entries["hash"] % BUCKETS
    order = np.argsort(buckets, kind="stable")
    ordered, ends = entries[order], np.searchsorted(buckets[order], np.arange(BUCKETS + 1))
    return {
        bucket: ordered[ends[bucket] : ends[bucket + 1]].tobytes()
        for bucket in range(BUCKETS)
        if ends[bucket] < ends[bucket + 1]
    }


def places(entries: bytes, hashed: int) -> list[tuple[int, int]]:
    """Return (part, place) of each score in a bucket's entries that may be of the enterprise with this hash."""
    found = np.frombuffer(entries, dtype=ENTRY)
    return [(int(each["part"]), int(each["place"])) for each in found[found["hash"] == hashed]]
