"""What of the integrity index is published: linear attacks on it, beside hiding the small cells alone, in one run.

Eight thousand firms of eight provinces, skewed over regions and industries; months follow each other while firms come
and go. Each attack is a pair of linear programs (HiGHS) over all published tables of one month or two: counts, index
and components with their rounding, additivity along regions and industries, bounds. It recovers a cell under ten firms
where it leaves one count only, or less than a tenth of all possible points a firm.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from index_economy import COMPONENTS, MOST, WHOLE_POINTS, atoms, counts, later, made, placed, points
from linear_attacks import Attack

from services.profile.supervision.domain.cells import EVERY, NATION, Cell, Level
from services.profile.supervision.domain.panel import LEAST, Panel, moved_on
from services.profile.supervision.domain.publication import Before, Figures, Month, month

FIRMS, PROVINCES, PREFECTURES, SECTIONS = 8_000, 8, 4, 14
MONTHS, MOVING = 6, 0.02  # of the firms, that come and that fall silent each month
ATTACKS = 1000
WHOLE = Cell(Level.NATION, NATION, EVERY)
DRIFT = 240  # hundredths: by no more do the points of any firm that stays move in a month here
PROTECTED = 0.1  # of all possible points a firm: the least width that is not a recovery


def run() -> dict[str, Any]:
    """Publish months, attack them, and compare the country's index with the plain mean of all active firms."""
    start = time.perf_counter()
    published = _published(seed=11)
    seconds = (time.perf_counter() - start) / MONTHS
    (before, _, _), (last, firms, _) = published[-2:]
    recovered, width, spent = _attacked(last, before, firms, published[-2][1])
    naked = _naked(last, firms)
    naive = _counted(naked, firms, ATTACKS // 4)
    country = [(shown.cells[WHOLE], members, active) for shown, members, active in published]
    off = max(abs(cell.index / _plain(active) - 1) for cell, _, active in country if cell)
    alone = max(abs(cell.index / _plain(members) - 1) for cell, members, _ in country if cell)
    told = _told(last, firms)
    rows = [
        _row(f"{ATTACKS:,} attacks: cells under ten firms recovered", recovered, naive * 4, "cells", None),
        _row("narrowest interval of a hidden cell's index, of 100 points", width * 100, None, "points", None),
        _row("country's index beside the mean of all active firms, who wait included", 100 * off, None, "% off", None),
        _row("country's index beside the mean of its members (suppression alone)", 100 * alone, None, "% off", None),
        _row("a month of 8,000 firms: sums and hidden cells", seconds, None, "s", None),
        _row("seconds an attack", spent, None, "s", None),
    ]
    title = (
        "Integrity index: linear attacks, beside hiding the small cells alone (scaled from a quarter of the attacks)"
    )
    return {"name": "graph_indices", "title": title, "rows": rows, **told}


def _published(seed: int) -> list[tuple[Month, pl.DataFrame, pl.DataFrame]]:
    """Return each month with the firms that it counts and those that are active."""
    rng = np.random.default_rng(seed)
    pool = made(seed, int(FIRMS * (1 + MOVING * MONTHS)), PROVINCES, PREFECTURES, SECTIONS)
    active, waiting = pool.head(FIRMS), pool.tail(-FIRMS)
    found: list[tuple[Month, pl.DataFrame, pl.DataFrame]] = []
    panel: Panel | None = None
    silent = active.clear()
    for at in range(MONTHS):
        everybody = pl.concat([active, silent])
        then = None if panel is None else dict(panel.members)
        panel = moved_on(then, atoms(active))
        members = placed(everybody, panel.members)
        kept = frozenset().union(*(shown.hidden for shown, _, _ in found))
        held = Before(found[-1][0], found[-1][1].select("enterprise", *COMPONENTS)) if found else None
        found.append((month(members, COMPONENTS, panel, held, kept), members, active))
        leaving = rng.random(active.height) < MOVING
        silent = pl.concat([silent, active.filter(pl.Series(leaving))])
        came, waiting = waiting.head(int(FIRMS * MOVING)), waiting.tail(-int(FIRMS * MOVING))
        came = came.with_columns(pl.col("payment") * 3 // 4)  # young firms pay worse, supposed
        active = later(pl.concat([active.filter(pl.Series(~leaving)), came]), seed + at)
    return found


def _attacked(last: Month, before: Month, firms: pl.DataFrame, then: pl.DataFrame) -> tuple[int, float, float]:
    """Return how many small cells were recovered, the narrowest interval of all points, and seconds an attack."""
    known, start = counts(firms), time.perf_counter()
    recovered, width, quarter = _counted(last, firms, ATTACKS // 4), 1.0, ATTACKS // 4
    true = {None: points(firms)}
    attacks = [
        (Attack([last], None, WHOLE_POINTS), 0),
        (Attack([last], "payment", MOST["payment"], counts=[known]), 0),
        (Attack([before, last], None, WHOLE_POINTS, counts=[counts(then), known], drift=DRIFT), 1),
    ]
    for seed, (attack, at) in enumerate(attacks):
        for cell in _chosen(last, known, quarter, seed):
            found = attack.interval(at, cell, count=False)
            if attack.measure is None:
                assert found.least - 1 <= true[None][cell] <= found.most + 1, cell
            share = found.width / (attack.most * known[cell])
            recovered, width = recovered + (share < PROTECTED), min(width, share)
    return recovered, width, (time.perf_counter() - start) / ATTACKS


def _counted(shown: Month, firms: pl.DataFrame, most: int) -> int:
    """Return of how many small cells the count is recovered."""
    known, attack = counts(firms), Attack([shown], None, WHOLE_POINTS)
    found = [attack.interval(0, cell, count=True) for cell in _chosen(shown, known, most, 9)]
    return sum(interval.width < 1 for interval in found)


def _chosen(shown: Month, known: Mapping[Cell, int], most: int, seed: int) -> list[Cell]:
    few = sorted(cell for cell in shown.hidden if known[cell] < LEAST)
    rng = np.random.default_rng(seed)
    return [few[at] for at in rng.choice(len(few), most, replace=len(few) < most)]


def _naked(shown: Month, firms: pl.DataFrame) -> Month:
    """Return the month as one who hides the small cells alone would publish it."""
    known = counts(firms)
    return Month(
        {cell: shown.cells[cell] or _figures(firms, cell) if count >= LEAST else None for cell, count in known.items()}
    )


def _figures(firms: pl.DataFrame, cell: Cell) -> Figures:
    inside = firms
    if cell.level != Level.NATION:
        stem = cell.region[:2] if cell.level == Level.PROVINCE else cell.region
        inside = inside.filter(pl.col("prefecture").str.starts_with(stem))
    if cell.industry != EVERY:
        inside = inside.filter(pl.col("industry") == cell.industry)
    return Figures(inside.height, {name: round(inside[name].mean() or 0) for name in COMPONENTS}, 0)


def _plain(active: pl.DataFrame) -> float:
    return float(active.select(pl.sum_horizontal(COMPONENTS).mean()).item())


def _told(shown: Month, firms: pl.DataFrame) -> dict[str, str]:
    """Return how much is published, by how fine it is."""
    known, told = counts(firms), dict[str, str]()
    for level in Level:
        for apart in (False, True):
            cells = [cell for cell in shown.cells if cell.level == level and (cell.industry != EVERY) == apart]
            open_ = [cell for cell in cells if shown.cells[cell] is not None]
            share = sum(known[cell] for cell in open_) / max(1, sum(known[cell] for cell in cells))
            told[f"{level}, {'each industry' if apart else 'all industries'}"] = (
                f"{len(open_)} of {len(cells)} cells published, {share:.1%} of firms"
            )
    return told


def _row(what: str, ours: float, peer: float | None, unit: str, ratio: float | None) -> dict[str, Any]:
    return {"what": what, "ours": ours, "peer": peer, "unit": unit, "ratio": ratio}
