"""Screens of an auction or a bidder put together: a logistic model whose weights are all on the side of suspicion.

Each screen is turned so that more of it is more suspicious, and no weight may be below zero: a screen that happened to
point the other way in one town is left out rather than learnt. Ridge-penalised maximum likelihood under bounds, by
scipy's L-BFGS-B.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log10

import numpy as np

from services.profile.supervision.domain.screen.auction import Auction
from services.profile.supervision.domain.screen.history import NOWHERE, Elsewhere, Joint, joints
from services.profile.supervision.domain.screen.prices import Screens, screens

# Beyond this a chance says no more: -log10 of the p value.
CAPPED, RIDGE, TOP = 16.0, 0.01, 3
OF_AUCTION = ("together", "partner", "narrow", "lead", "left_skew")
OF_BIDDER = ("partners", "narrow", "close_losses")
CLOSE = 0.02


@dataclass(frozen=True, slots=True)
class Combined:
    """A fitted model: of each screen its mean, its scale and its weight, none below zero."""

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    constant: float

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Return the log odds of rows of screens (n × screens); one that is missing counts as its mean."""
        found = self.constant + _standard(rows, self.means, self.scales) @ np.asarray(self.weights)
        return np.asarray(found, dtype=np.float64)


def fit(rows: np.ndarray, labels: np.ndarray) -> Combined:
    """Fit the model to rows of screens (n × screens, NaN where missing) and labels (n, zero or one)."""
    from scipy.optimize import minimize  # noqa: PLC0415 -- a third of a second that only fitting needs

    means = np.nanmean(rows, axis=0)
    scales = np.nanstd(rows, axis=0)
    scales[scales == 0] = 1.0
    x, sign = _standard(rows, means, scales), np.where(labels > 0, 1.0, -1.0)

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (x @ at[1:] + at[0])
        chance = 1 / (1 + np.exp(np.clip(margin, -500, 500)))
        slope = -sign * chance / len(x)
        gradient = np.concatenate([[slope.sum()], x.T @ slope + RIDGE * at[1:]])
        return float(np.logaddexp(0, -margin).mean() + RIDGE / 2 * at[1:] @ at[1:]), gradient

    start = np.zeros(rows.shape[1] + 1)
    bounds = [(None, None), *[(0.0, None)] * rows.shape[1]]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    return Combined(tuple(means.tolist()), tuple(scales.tolist()), tuple(found[1:].tolist()), float(found[0]))


@cache
def shipped() -> Combined:
    """Return the model of whole auctions that came with the service (`model.toml`)."""
    said = tomllib.loads((files(__package__) / "model.toml").read_text("utf-8"))["auction"]
    means, scales, weights = (tuple(map(float, said[name])) for name in ("means", "scales", "weights"))
    return Combined(means, scales, weights, float(said["constant"]))


def of_auction(held: Auction, past: Sequence[Auction], elsewhere: Elsewhere = NOWHERE) -> list[float]:
    """Return the screens of an auction (`OF_AUCTION`) from its bids and from the auctions before it.

    How far beyond chance its bidders met before, on average over pairs and over each bidder's closest partner; how
    close the bids are; the lead of the lowest; how far the bids lean to the left. NaN where nothing can be told.
    """
    met = [_beyond(each) for each in (joints(past, held.bidders, elsewhere) if past else ())]
    pairs = len(held.bids) * (len(held.bids) - 1) / 2
    best = dict.fromkeys(held.bidders, 0.0)
    for one, other, beyond in met:
        best[one], best[other] = max(best[one], beyond), max(best[other], beyond)
    prices = screens(held.amounts)
    mean = sum(beyond for _, _, beyond in met) / pairs if pairs else np.nan
    partner = sum(best.values()) / len(best) if pairs else np.nan
    lead = np.nan if prices.lead is None else log10(max(prices.lead, 1e-6))
    skew = np.nan if prices.skewness is None else -prices.skewness
    return [mean, partner, _narrow(prices), lead, skew]


def of_bidders(held: Sequence[Auction]) -> Mapping[str, list[float]]:
    """Return the screens of each bidder (`OF_BIDDER`) over auctions.

    How far beyond chance it met its three closest partners; how close bids are where it bids; how often it loses by
    less than a fiftieth.
    """
    names = sorted({name for each in held for name in each.bidders})
    beyond: dict[str, list[float]] = {name: [] for name in names}
    for one, other, far in map(_beyond, joints(held, names)):
        beyond[one].append(far)
        beyond[other].append(far)
    narrow: dict[str, list[float]] = {name: [] for name in names}
    close: dict[str, list[bool]] = {name: [] for name in names}
    for each in held:
        if len(each.bids) > 1:
            narrowness = _narrow(screens(each.amounts))
            for at, bid in enumerate(each.bids):
                narrow[bid.bidder].append(narrowness)
                close[bid.bidder].append(at > 0 and bid.amount_fen <= (1 + CLOSE) * each.amounts[0])
    return {
        name: [
            float(np.mean(sorted(beyond[name])[-TOP:])) if beyond[name] else 0.0,
            float(np.nanmedian(narrow[name])) if narrow[name] else np.nan,
            float(np.mean(close[name])) if close[name] else np.nan,
        ]
        for name in names
    }


def _beyond(joint: Joint) -> tuple[str, str, float]:
    return joint.one, joint.other, min(CAPPED, -log10(joint.p_value))


def _narrow(prices: Screens) -> float:
    return np.nan if prices.cv is None else -log10(max(prices.cv, 1e-6))


def _standard(
    rows: np.ndarray, means: Sequence[float] | np.ndarray, scales: Sequence[float] | np.ndarray
) -> np.ndarray:
    standard = (rows - np.asarray(means)) / np.asarray(scales)
    return np.asarray(np.where(np.isnan(standard), 0.0, standard), dtype=np.float64)
