"""What is usual among an enterprise's peers, as signals 7, 9 and 10 need it: from the peers' quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from services.profile.portrait.domain.peers import USUAL, Firm, Peers
from services.profile.watch.domain.signals.inputs import NORMS

VOIDS, BURDEN, MARGIN = USUAL
# Column of NORMS: the feature and the percent of peers below it.
TAKEN = {
    "void_rate": (VOIDS, 50),
    "burden_low": (BURDEN, 1),
    "burden_high": (BURDEN, 99),
    "margin_low": (MARGIN, 1),
    "margin_high": (MARGIN, 99),
}


def norms(peers: Peers, firms: pl.DataFrame) -> pl.DataFrame:
    """Return NORMS of firms (enterprise, industry, size_class, synthetic), each from its own group of peers."""
    traits = firms.select("enterprise", "industry", "size_class", "synthetic").rows()
    rows = [_row(peers, name, Firm(industry, size, bool(synthetic))) for name, industry, size, synthetic in traits]
    return pl.DataFrame(rows, schema=NORMS)


def _row(peers: Peers, name: str, firm: Firm) -> Mapping[str, Any]:
    group = peers.of(firm)
    grids = group.features if group else {}
    found = {column: float(grids[f][percent]) for column, (f, percent) in TAKEN.items() if f in grids}
    return {"enterprise": name, **dict.fromkeys(TAKEN), **found}
