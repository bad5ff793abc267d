"""The Economic Systemic Risk Index of a firm: which share of all sales is lost when it fails.

Source: Diem, Borsos, Reisch, Kertész, Thurner, Scientific Reports 12:7719 (2022), equations 7 to 10: losses travel
downstream and upstream each by itself, and a firm's production is the smaller of what the two leave it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from services.profile.graph.domain.contagion import supply as supplies
from services.profile.graph.domain.contagion.fixed_point import MOST_STEPS, TOLERANCE, Reached, follow
from services.profile.graph.domain.contagion.supply import Floats, Places, Supply

# So many shocks at a time: a block of 10,000 firms x 32 shocks is 2.5 MB and stays near the processor.
BLOCK = 32


@dataclass(frozen=True, slots=True)
class Production:
    """What shocks do to production: the loss of each firm (firms, shocks) either way, and the index of each shock."""

    downstream: Reached
    upstream: Reached
    index: Floats

    @property
    def loss(self) -> Floats:
        """The share of its production that each firm loses: the larger of the two."""
        return np.maximum(self.downstream.loss, self.upstream.loss)


def produce(supply: Supply, shock: Floats, *, tolerance: float = TOLERANCE, most: int = MOST_STEPS) -> Production:
    """Return what shocks do: (firms, shocks), each entry the share of its own production that a firm loses at first."""
    down = follow(partial(supplies.downstream, supply), shock, tolerance=tolerance, most=most)
    up = follow(partial(supplies.upstream, supply), shock, tolerance=tolerance, most=most)
    return Production(down, up, _index(supply, np.maximum(down.loss, up.loss)))


def esri(
    supply: Supply, firms: Places, *, tolerance: float = TOLERANCE, most: int = MOST_STEPS, threads: int = 1
) -> Floats:
    """Return the index of each of these firms: the share of all sales that is lost where it alone fails wholly."""
    measure = partial(_block, supply, tolerance=tolerance, most=most)
    if threads == 1:
        found = [measure(block) for block in _blocks(firms)]
    else:
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(measure, _blocks(firms)))
    return np.concatenate(found) if found else np.zeros(0)


def _blocks(firms: Places) -> Iterator[Places]:
    for start in range(0, len(firms), BLOCK):
        yield firms[start : start + BLOCK]


def _block(supply: Supply, firms: Places, *, tolerance: float, most: int) -> Floats:
    shock = np.zeros((supply.firms, len(firms)))
    shock[firms, np.arange(len(firms))] = 1.0
    return produce(supply, shock, tolerance=tolerance, most=most).index


def _index(supply: Supply, loss: Floats) -> Floats:
    whole = float(supply.sales.sum())
    index: Floats = supply.sales @ loss / whole if whole else np.zeros(loss.shape[1])
    return index
