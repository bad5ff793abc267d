"""All signals in one tuple, their version, and how they are evaluated."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from services.profile.watch.domain.signals import cash, contagion, invoicing, rings, sales, surroundings
from services.profile.watch.domain.signals.inputs import SignalInputs
from services.profile.watch.domain.signals.signal import READINGS, RECORDS, Signal
from services.profile.watch.domain.signals.thresholds import Threshold, declared

SIGNALS: tuple[Signal, ...] = tuple(
    sorted(
        (*sales.SIGNALS, *invoicing.SIGNALS, *rings.SIGNALS, *cash.SIGNALS, *surroundings.SIGNALS),
        key=lambda signal: signal.number,
    )
)
# With those that are not of a firm but of a bank's book.
BY_KEY: Mapping[str, Signal] = MappingProxyType({signal.key: signal for signal in (*SIGNALS, *contagion.SIGNALS)})
# Raise with any change of how a signal is measured.
REVISION = "2026.11.2"


def version(thresholds: Sequence[Threshold] | None = None) -> str:
    """Return what an evaluation was made with: the revision of the code and a digest of the thresholds."""
    text = "\n".join(
        f"{entry.signal} {entry.valid_from} {sorted(entry.values.items())}" for entry in thresholds or declared()
    )
    return f"{REVISION}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What all signals found on a day: READINGS with the signal's key in front, and the signals without a source."""

    readings: pl.DataFrame
    sourceless: frozenset[str]

    def of(self, enterprise: str) -> pl.DataFrame:
        """Return one enterprise's readings."""
        return self.readings.filter(pl.col("enterprise") == enterprise)

    @property
    def hits(self) -> pl.DataFrame:
        """The readings that fire."""
        return self.readings.filter("fires")


def evaluate(scene: SignalInputs, signals: Collection[Signal] = SIGNALS) -> Evaluation:
    """Evaluate signals for all enterprises of a scene at once."""
    found = [pl.DataFrame(schema={"signal": pl.String(), **READINGS})]
    sourceless = []
    for signal in signals:
        if not has_source(scene, signal):
            sourceless.append(signal.key)
            continue
        found.append(signal.measure(scene).select(pl.lit(signal.key).alias("signal"), *READINGS))
    return Evaluation(pl.concat(found), frozenset(sourceless))


def behind(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the records that made readings fire: RECORDS with the signal's key in front."""
    found = [pl.DataFrame(schema={"signal": pl.String(), **RECORDS})]
    for (key,), part in hits.partition_by("signal", as_dict=True, maintain_order=True).items():
        rows = BY_KEY[str(key)].behind(scene, part.drop("signal"))
        found.append(rows.select(pl.lit(key).alias("signal"), *RECORDS))
    return pl.concat(found)


def has_source(scene: SignalInputs, signal: Signal) -> bool:
    """Tell whether the book holds what a signal needs; `a|b` is satisfied by either."""
    return all(any(scene.has(kind) for kind in need.split("|")) for need in signal.needs)
