"""Count the weights of the signs anew: `python -m benchmarks.screen_weights > weights.toml 2> model.toml`.

What past auctions and prices say is counted on Tsuchiura, auctions up to 2010, cartels known; what files and documents
say on seeded groups, which are made up. Both are counted on other data than `graph_screen` measures on.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import combinations
from math import log10

import numpy as np

from benchmarks.bidding_groups import TODAY, Market, market, tender
from benchmarks.tsuchiura import Held, auctions
from services.profile.supervision.domain.screen.auction import Auction
from services.profile.supervision.domain.screen.combined import OF_AUCTION, Combined, fit, of_auction
from services.profile.supervision.domain.screen.history import joints
from services.profile.supervision.domain.screen.prices import screens
from services.profile.supervision.domain.screen.ties import of_documents, of_files

SEEDS, TENDERS = range(100, 110), 400
# Below these a sign was no commoner among cartels than elsewhere; even steps were so at no strength.
BANDS = {"together": (8.0, 12.0), "constant-ratio": (2.0,), "narrow-spread": (2.3,), "whole-auction": (3.0,)}
LAST_YEAR = 2010
Shown = tuple[str, float]


def main() -> None:
    """Print the counts as TOML."""
    print("# How often signs show, counted by `python -m benchmarks.screen_weights`; weight.py says what follows.")
    print("# bands: [strength from, hits, of pairs or auctions together, hits by chance, of others].\n")
    print('[sources.tsuchiura]\ntitle = "Tsuchiura, sealed bids of public works 2007-2010, cartels known"')
    print("synthetic = false\n")
    print('[sources.tsuchiura-2010]\ntitle = "Tsuchiura 2010, cartels known; the model was fitted on 2007-2009"')
    print('synthetic = false\n\n[sources.seeded]\ntitle = "seeded groups, made up"\nsynthetic = true\n')
    held = [each for each in auctions() if each.year <= LAST_YEAR]
    _told("tsuchiura", *_counted(_pairs(held)), ("together", "constant-ratio"))
    _told("tsuchiura", *_counted(_prices(held)), ("narrow-spread",))
    model, scored = _modelled(auctions())
    _told("tsuchiura-2010", *_counted(scored))
    _told("seeded", *_counted(_files()))
    _model(model)


def _told(source: str, hits: Counter[tuple[bool, str, float]], whole: Counter[bool], only: Sequence[str] = ()) -> None:
    for key in sorted({key for _, key, _ in hits}):
        bands = BANDS.get(key, (0.0,))
        if only and key not in only:
            continue
        rows = [[least, hits[True, key, least], whole[True], hits[False, key, least], whole[False]] for least in bands]
        print(f'[{key}]\nsource = "{source}"\nbands = [{", ".join(map(str, rows))}]\n')


def _counted(shown: Iterable[tuple[bool, Sequence[Shown]]]) -> tuple[Counter[tuple[bool, str, float]], Counter[bool]]:
    """Count in which band each sign fell, of those who belong together and of the others."""
    hits, whole = Counter[tuple[bool, str, float]](), Counter[bool]()
    for same, found in shown:
        whole[same] += 1
        for key, strength in found:
            held = [least for least in BANDS.get(key, (0.0,)) if strength >= least]
            if held:
                hits[same, key, held[-1]] += 1
    return hits, whole


def _pairs(held: Sequence[Held]) -> Iterator[tuple[bool, list[Shown]]]:
    """Yield, for all pairs that met, whether both are of a cartel, and what their past says."""
    past = [each.auction for each in held]
    cartel = {name for each in held for name in each.cartel}
    for joint in joints(past, sorted({name for each in past for name in each.bidders})):
        found = [("together", -log10(joint.p_value))]
        if joint.ratio_deviation is not None:
            found.append(("constant-ratio", -log10(max(joint.ratio_deviation, 1e-9))))
        yield {joint.one, joint.other} <= cartel, found


def _prices(held: Sequence[Held]) -> Iterator[tuple[bool, list[Shown]]]:
    """Yield, for each auction of two bids and more, whether it is known for a cartel, and what its prices say."""
    for each in held:
        if len(each.auction.bids) > 1:
            yield each.cartelized, price_signs(each.auction)


def price_signs(each: Auction) -> list[Shown]:
    """Return what an auction's prices show, and how strongly."""
    found = screens(each.amounts)
    return [] if found.cv is None else [("narrow-spread", -log10(max(found.cv, 1e-9)))]


def _modelled(held: Sequence[Held]) -> tuple[Combined, list[tuple[bool, list[Shown]]]]:
    """Return the model of whole auctions fitted up to 2009, and what it says of those of 2010."""
    past = [each.auction for each in held]
    rows = {
        at: of_auction(each.auction, past[:at])
        for at, each in enumerate(held)
        if each.year <= LAST_YEAR and len(each.auction.bids) > 1
    }
    early = [at for at in rows if held[at].year < LAST_YEAR]
    model = fit(np.array([rows[at] for at in early]), np.array([held[at].cartelized for at in early]))
    late = [at for at in rows if held[at].year == LAST_YEAR]
    scores = model.scores(np.array([rows[at] for at in late]))
    told = zip(late, scores.tolist(), strict=True)
    return model, [(held[at].cartelized, [("whole-auction", score)]) for at, score in told]


def _model(model: Combined) -> None:
    """Print the model for `screen/model.toml`, on standard error."""
    out = partial(print, file=sys.stderr)
    out("# The screens of a whole auction put together, fitted by `python -m benchmarks.screen_weights`.\n")
    out(f'[auction]\nfitted_on = "Tsuchiura 2007-2009"\nscreens = {list(OF_AUCTION)}'.replace("'", '"'))
    for name in ("means", "scales", "weights"):
        out(f"{name} = {[round(each, 6) for each in getattr(model, name)]}")
    out(f"constant = {round(model.constant, 6)}")


def _files() -> Iterator[tuple[bool, list[Shown]]]:
    """Yield, for all pairs of bidders at tenders, whether they are of one group, and what files and papers say."""
    for seed in SEEDS:
        held, rng = market(seed), random.Random(seed)
        for _ in range(TENDERS // len(SEEDS)):
            bidders, _present = tender(held, rng)
            by_pair = file_signs(held, bidders)
            for pair in combinations(bidders, 2):
                yield held.same(*pair), [(key, 0.0) for key in by_pair.get(pair, ())]


def file_signs(held: Market, bidders: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """Return which ties each pair of bidders shows."""
    names = [f"rec_{at}" for at in range(held.relations.height)]
    ties = of_files(held.relations, names, bidders, held.crowds, TODAY)
    ties += of_documents({name: held.paper[name] for name in bidders})
    found: dict[tuple[str, str], list[str]] = {}
    for tie in ties:
        found.setdefault((tie.one, tie.other), []).append(f"{tie.kind}-crowded" if tie.crowded else tie.kind)
    for pair in held.traded & set(combinations(bidders, 2)):
        found.setdefault(pair, []).append("trade")
    return found


if __name__ == "__main__":
    main()
