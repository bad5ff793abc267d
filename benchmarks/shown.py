"""Whether the interval of a short history holds the PD that the firm has when it shows all.

Firms that show 36 months of sales and of purchases are cut to their last months, as if they showed no more, and scored
by a model of the whole book. `ours` is how many of them have the PD of their whole file within the interval that holds
the fuller file's PD; the peer is the model's own interval, which knows the depth of the file and supposes nothing.

And who would gain a point by founding a firm anew that brings its latest months along, were windows to begin with the
registration: `ours` looks back 36 months for everybody, the peer fills them with what there is since.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from benchmarks import features, peers, withholding
from services.profile.portrait.api.shown import catalogue
from services.profile.portrait.domain.features import compute, depth_of
from services.profile.portrait.domain.fuller import fuller, shown
from services.profile.portrait.domain.pattern import day_after
from services.scoring.domain.scale import points_of, sigmoid
from services.scoring.ml.learner import Learned, learn

c = pl.col
CUTS, ANEW = (6, 12, 18, 24), (3, 6, 12)


def run() -> dict[str, Any]:
    """Cut the firms of the real book, where it is at hand, and of a synthetic one."""
    rows, told = [], {}
    for title, invoices, as_of, known, defaulted in _books():
        offered = [each for each in catalogue()["features"] if each["model"]]
        learned = learn(known.drop("defaulted", strict=False), defaulted, offered)
        told[title] = _short(learned, invoices, as_of)
        for months in CUTS:
            ours, peer, firms = _cut(learned, invoices, as_of, months)
            rows.append(_row(f"{title}, {firms} whole files cut to {months} months: within", ours, peer))
        rows.append(_row(f"{title}: gain by founding a firm anew", *_anew(learned, invoices, as_of), "firms"))
    return {"name": "shown", "title": "Whole-file PDs within the interval of a cut file", "rows": rows, "short": told}


def _books() -> list[tuple[str, pl.DataFrame, date, pl.DataFrame, np.ndarray]]:
    found = [("synthetic", *withholding.synthetic())]
    if features.REAL.is_dir():
        table = peers.book()
        found.insert(0, ("real", features.real_book(), features.BOOK_DATE, table.frame, table.defaulted))
    return found


def _cut(learned: Learned, invoices: pl.DataFrame, as_of: date, months: int) -> tuple[float, float, int]:
    """Return the shares of whole files whose PD lies in either interval of what is left of them, and their number."""
    whole = compute(invoices, as_of=as_of)
    whole = whole.filter(~c("enterprise").is_in(list(shown(invoices, as_of))), c("history_months").is_not_null())
    rest = invoices.filter(c("date") > day_after(as_of, -months))
    left = compute(rest, as_of=as_of).join(whole.select("enterprise"), on="enterprise", how="semi")
    left = left.filter(c("history_months").is_not_null()).sort("enterprise")
    truth = _log_odds(learned, whole.join(left.select("enterprise"), on="enterprise", how="semi").sort("enterprise"))
    filled = _filled(rest, as_of, left)
    low, high = learned.calibration.interval(_margins(learned, left), left.select(depth_of())["depth"].to_list())
    pd, supposed = sigmoid(truth), sigmoid(_log_odds(learned, filled))
    plain = (low <= pd) & (pd <= high)
    wide = (np.minimum(low, supposed) <= pd) & (pd <= np.maximum(high, supposed))
    return float(wide.mean()), float(plain.mean()), left.height


def _anew(learned: Learned, invoices: pl.DataFrame, as_of: date) -> tuple[int, int]:
    """Return how many firms gain a point with their latest 3, 6 or 12 months alone, by either window."""
    whole = compute(invoices, as_of=as_of).filter(c("history_months").is_not_null()).sort("enterprise")
    was, gains = points_of(_log_odds(learned, whole)), np.full((2, whole.height), -np.inf)
    for months in ANEW:
        rest = invoices.filter(c("date") > day_after(as_of, -months))
        left = compute(rest, as_of=as_of).filter(c("history_months").is_not_null()).sort("enterprise")
        there = whole["enterprise"].is_in(left["enterprise"].implode()).to_numpy()
        for side, frame in enumerate((left, _filled(rest, as_of, left))):
            gains[side, there] = np.maximum(gains[side, there], points_of(_log_odds(learned, frame)) - was[there])
    ours, peer = (gains >= 1).sum(axis=1).tolist()
    return ours, peer


def _short(learned: Learned, invoices: pl.DataFrame, as_of: date) -> dict[str, Any]:
    """Return how many firms show less than 36 months, and by how many points their scores would move."""
    found = shown(invoices, as_of)
    every = compute(invoices, as_of=as_of)
    own = every.filter(c("enterprise").is_in(list(found))).sort("enterprise")
    moved = points_of(_log_odds(learned, _filled(invoices, as_of, own))) - points_of(_log_odds(learned, own))
    quantiles = {f"p{share}": round(float(np.percentile(moved, share)), 1) for share in (0, 50, 90, 100)}
    return {"firms": every.height, "short": own.height, "points": quantiles}


def _filled(invoices: pl.DataFrame, as_of: date, own: pl.DataFrame) -> pl.DataFrame:
    """Return the fuller features of these firms, their own where nothing is supposed."""
    filled = fuller(invoices, as_of, shown(invoices, as_of))
    rest = own.join(filled.select("enterprise"), on="enterprise", how="anti")
    kept = filled.join(own.select("enterprise"), on="enterprise", how="semi")
    return pl.concat([kept, rest.select(kept.columns)]).sort("enterprise")


def _margins(learned: Learned, frame: pl.DataFrame) -> np.ndarray:
    return learned.forest.margins(learned.encoding.rows(frame))


def _log_odds(learned: Learned, frame: pl.DataFrame) -> np.ndarray:
    return learned.calibration.log_odds(_margins(learned, frame))


def _row(what: str, ours: float, peer: float, unit: str = "share") -> dict[str, Any]:
    ratio = round(ours / peer, 3) if peer else None
    return {"what": what, "ours": round(ours, 3), "peer": round(peer, 3), "unit": unit, "ratio": ratio}


if __name__ == "__main__":
    print(run())
