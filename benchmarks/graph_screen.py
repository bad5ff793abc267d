"""The screen of bidders: planted groups found again, beside any shared party; known cartels, beside the spread alone.

Groups are planted twice: in our own market and in the sandbox's bids, which were not written for the screen. Neither of
the weights was counted on them. Tsuchiura's cartels are real: everything is learnt on 2007-2010 and measured from 2011.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import rankdata

from benchmarks.bidding_groups import TODAY, market, tender
from benchmarks.sandbox_tenders import offered
from benchmarks.tsuchiura import Held, auctions
from services.profile.supervision.domain.screen.auction import Bid, auction
from services.profile.supervision.domain.screen.combined import fit, of_auction, of_bidders
from services.profile.supervision.domain.screen.screening import Files, Screened, Tender, screen
from services.profile.supervision.domain.screen.ties import Trade

LAST_YEAR, NARROW, OF_THREE, STRONG = 2010, 2, 3, 100.0
TENDERS, SEEDS = 30, range(10)
SANDBOX_SEEDS = (11, 12, 13)
# What a reader of files without weights would take for a tie: any party in common, whoever else has it too.
SHARED = ("same-", "control", "guarantee", "trade")
Pair = tuple[str, str]


@dataclass
class Tally:
    """Pairs that belong together, that were said to, and both, by who says so."""

    same: int = 0
    said: Counter[str] = field(default_factory=Counter)
    both: Counter[str] = field(default_factory=Counter)

    def add(self, truth: set[Pair], found: Screened) -> None:
        """Count one tender."""
        self.same += len(truth)
        for who, pairs in _said(found):
            self.said[who] += len(pairs)
            self.both[who] += len(pairs & truth)

    def recall(self, who: str) -> float:
        """Return the share of pairs that belong together that were said to."""
        return self.both[who] / self.same

    def precision(self, who: str) -> float:
        """Return the share of pairs said to belong together that do."""
        return self.both[who] / max(1, self.said[who])


def run() -> dict[str, Any]:
    """Measure recall and precision on planted groups, AUC on Tsuchiura from 2011 on, and the time of a screen."""
    rows = _recalls("seeded groups", _seeded()) + _recalls("sandbox's rings", _sandbox())
    rows += _cartels(auctions())
    rows.append({"what": "a screen of 20 bidders, 2,000 past auctions", **_time()})
    return {"name": "graph_screen", "title": "Bidders who belong together", "rows": rows}


def _recalls(where: str, held: Tally) -> list[dict[str, Any]]:
    figures: list[tuple[str, Callable[[str], float], str]] = [
        ("recall of pairs, hints (ratio 5)", held.recall, "hints"),
        ("precision of pairs, hints (ratio 5)", held.precision, "hints"),
        ("recall of pairs, groups joined by hints", held.recall, "groups"),
        ("precision of pairs, groups joined by hints", held.precision, "groups"),
        ("recall of pairs, ratio 100", held.recall, "strong"),
        ("precision of pairs, ratio 100", held.precision, "strong"),
    ]
    return [_row(f"{where}: {what}", figure(who), figure("shared")) for what, figure, who in figures]


def _said(found: Screened) -> Iterator[tuple[str, set[Pair]]]:
    yield "hints", {(pair.one, pair.other) for pair in found.pairs if pair.ratio >= 5}
    yield "strong", {(pair.one, pair.other) for pair in found.pairs if pair.ratio >= STRONG}
    yield "groups", {pair for group in found.groups for pair in combinations(group.bidders, 2)}
    shared = [each for each in found.findings if each.sign.startswith(SHARED)]
    yield "shared", {(each.bidders[0], each.bidders[1]) for each in shared}


def _seeded() -> Tally:
    tally = Tally()
    for seed in SEEDS:
        held, rng = market(seed), random.Random(1000 + seed)
        names = [f"rec_{at}" for at in range(held.relations.height)]
        for _ in range(TENDERS):
            bidders, present = tender(held, rng)
            pairs = list(combinations(bidders, 2))
            trade = {pair: Trade(3, 10_000, TODAY, TODAY) for pair in pairs if pair in held.traded}
            files = Files(frozenset(bidders), held.relations, names, trade, held.crowds)
            asked = Tender(tuple(bidders), present, held.past, {name: held.paper[name] for name in bidders})
            tally.add({pair for pair in pairs if held.same(*pair)}, screen(asked, files, TODAY))
    return tally


def _sandbox() -> Tally:
    tally = Tally()
    for seed in SANDBOX_SEEDS:
        held = offered(seed)
        for present, past in held.tenders():
            truth = {pair for pair in combinations(sorted(present.bidders), 2) if held.same(*pair)}
            assert present.day is not None
            tally.add(truth, screen(Tender(present.bidders, present, past), held.files, present.day))
    return tally


def _cartels(held: Sequence[Held]) -> list[dict[str, Any]]:
    past = [each.auction for each in held]
    rows = np.array([of_auction(each, past[:at]) for at, each in enumerate(past)])
    label = np.array([each.cartelized for each in held])
    late = np.array([each.year > LAST_YEAR for each in held])
    bids = np.array([len(each.bids) for each in past])
    found = []
    for least, words in ((1, "all auctions"), (2, "two bids and more"), (3, "three bids and more")):
        train, test = ~late & (bids >= max(least, 2)), late & (bids >= least)
        ours, alone = (_later(rows[:, columns], label, train, test) for columns in (slice(None), [NARROW]))
        found.append(
            _row(f"Tsuchiura AUC by auction, {words} ({test.sum()}, {label[test].sum()} of a cartel)", ours, alone)
        )
        prices = _later(rows[:, NARROW:], label, train, test)
        found.append(_row(f"  prices alone, {words}", prices, alone))
    cartel = {name for each in held for name in each.cartel}
    early, later = ([each.auction for each in held if (each.year > LAST_YEAR) == after] for after in (False, True))
    for least in (1, OF_THREE, 5, 10):
        found += _bidders(_enough(early, least), _enough(later, least), cartel, least)
    return found


Told = tuple[list[str], np.ndarray, np.ndarray]


def _enough(held: Sequence[Any], least: int) -> Told:
    """Return the bidders of at least so many auctions, their screens, and their numbers of auctions."""
    counts = Counter(name for each in held for name in each.bidders)
    rows = of_bidders(held)
    names = [name for name in sorted(rows) if counts[name] >= least]
    return names, np.array([rows[name] for name in names]), np.array([counts[name] for name in names])


def _bidders(early: Told, later: Told, cartel: set[str], least: int) -> list[dict[str, Any]]:
    labels = [np.array([name in cartel for name in told[0]]) for told in (early, later)]
    ours = _auc(fit(early[1], labels[0]).scores(later[1]), labels[1])
    alone = _auc(fit(early[1][:, [1]], labels[0]).scores(later[1][:, [1]]), labels[1])
    words = f"{least} auctions and more" if least > 1 else "all bidders"
    count = f"({len(later[0])}, {labels[1].sum()} of a cartel)"
    often = _auc(later[2].astype(np.float64), labels[1])
    return [
        _row(f"Tsuchiura AUC by bidder, {words} {count}", ours, alone),
        _row(f"  how often it bids, no sign, {words}", often, alone),
    ]


def _later(rows: np.ndarray, label: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    return _auc(fit(rows[train], label[train]).scores(rows[test]), label[test])


def _auc(scores: np.ndarray, label: np.ndarray) -> float:
    """Return the share of pairs of one of each sort that are in the right order, ties counting half."""
    ranks, of = rankdata(scores), int(label.sum())
    return float((ranks[label].sum() - of * (of + 1) / 2) / (of * (len(label) - of)))


def _time() -> dict[str, Any]:
    rng = random.Random(1)
    names = [f"local:B{at:02}" for at in range(20)]

    def held(name: str) -> Any:
        bids = [Bid(bidder, rng.randint(10**7, 10**8)) for bidder in rng.sample(names, 8)]
        return auction(name, bids)

    past = tuple(held(f"{at:04}") for at in range(2000))
    asked = Tender(tuple(names), auction("now", [Bid(name, rng.randint(10**7, 10**8)) for name in names]), past)
    start = time.perf_counter()
    screen(asked, Files(), TODAY)
    return {"ours": round((time.perf_counter() - start) * 1000, 1), "peer": None, "unit": "ms", "ratio": None}


def _row(what: str, ours: float, peer: float) -> dict[str, Any]:
    unit = "AUC" if "AUC" in what or what.startswith("  ") else "share"
    return {
        "what": what,
        "ours": round(ours, 3),
        "peer": round(peer, 3),
        "unit": unit,
        "ratio": round(ours / peer, 2) if peer else None,
    }
