"""A bank's book under a shock: what its own figures become where firms lose equity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.profile.graph.domain.contagion.parameters import BOUNDS


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a bank has lent to a firm (fen), the share that it would lose, and the PD that it holds (None: not said)."""

    enterprise: str
    exposure_fen: int
    lgd: float
    pd: float | None


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds that come of what is only estimated."""

    low: float
    value: float
    high: float


@dataclass(frozen=True, slots=True)
class Change:
    """What a shock does to an exposure: its PD and, in whole fen, its expected loss."""

    pd: Interval
    el_fen: Interval


def pd_change(pd: float, share: float) -> float:
    """Return by how much a PD rises where a share of equity is lost: all of it is default, less of it in proportion."""
    return (1.0 - pd) * share


def change(exposure: Exposure, share: Interval) -> Change | None:
    """Return what losing a share of its equity does to what is lent to a firm; None where its PD is not said."""
    if exposure.pd is None:
        return None
    pds = [pd_change(exposure.pd, getattr(share, bound)) for bound in BOUNDS]
    fen = [float(round(exposure.exposure_fen * exposure.lgd * each)) for each in pds]
    return Change(Interval(*pds), Interval(*fen))


def summed(changes: Sequence[Change]) -> Interval:
    """Return the change of a book's expected loss in whole fen: the sum over its exposures."""
    return Interval(*(sum(getattr(each.el_fen, bound) for each in changes) for bound in BOUNDS))


def expected_loss(book: Mapping[str, Exposure]) -> int:
    """Return the expected loss of a book as it stands, in whole fen, of those whose PD is said."""
    return sum(round(each.exposure_fen * each.lgd * each.pd) for each in book.values() if each.pd is not None)
