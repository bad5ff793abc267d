"""What a screen finds: one sign of some bidders, its evidence, and how much it weighs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isnan, log10

import numpy as np

from services.profile.supervision.domain.screen.auction import Auction
from services.profile.supervision.domain.screen.combined import OF_AUCTION, of_auction, shipped
from services.profile.supervision.domain.screen.history import NOWHERE, Elsewhere, Joint, gives_way, joints
from services.profile.supervision.domain.screen.missing import missing
from services.profile.supervision.domain.screen.prices import even_steps, screens
from services.profile.supervision.domain.screen.rotation import rotation
from services.profile.supervision.domain.screen.ties import Record, Tie
from services.profile.supervision.domain.screen.weight import Weight, weight_of

# A sign of a group or of who gives way is told where chance alone gives it less often than this, over all that were
# looked at (Bonferroni); it has no likelihood ratio, as one market alone is there to count it on.
LEAST_LIKELY = 0.05
AUCTIONS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A sign of some bidders: `facts` are its figures by name, `auctions` those past ones that it rests on, or some.

    It has a weight, a chance (`p_value`) or both. `crowded`: ten firms of the book or more name the party too.
    """

    sign: str
    bidders: tuple[str, ...]
    weight: Weight | None = None
    p_value: float | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    records: tuple[Record, ...] = ()
    auctions: tuple[str, ...] = ()
    crowded: bool = False
    ended: bool = False


def of_tie(tie: Tie) -> Finding:
    """Return a tie of files or documents as a finding; one to a party that many name weighs what such ties do."""
    weight = weight_of(f"{tie.kind}-crowded" if tie.crowded else tie.kind)
    facts: dict[str, object] = {} if tie.trade is None else asdict(tie.trade)
    facts |= {} if tie.said is None else {"said": tie.said}
    return Finding(
        tie.kind, (tie.one, tie.other), weight, None, facts, tie.records, crowded=tie.crowded, ended=tie.ended
    )


def of_history(past: Sequence[Auction], bidders: Sequence[str], elsewhere: Elsewhere = NOWHERE) -> Iterator[Finding]:
    """Yield what past auctions say of each pair of bidders; `elsewhere` are those in which none of them bid."""
    met, places = joints(past, bidders, elsewhere), _places(past)
    for joint in met:
        pair, named = (joint.one, joint.other), _shared(past, places, joint)
        facts = {name: getattr(joint, name) for name in ("auctions", "one_bids", "other_bids", "together")}
        if weight := weight_of("together", -log10(joint.p_value)):
            yield Finding("together", pair, weight, joint.p_value, facts, auctions=named)
        spread = joint.ratio_deviation
        if spread is not None and (weight := weight_of("constant-ratio", -log10(max(spread, 1e-9)))):
            facts = {"together": joint.together, "ratio_deviation": spread}
            yield Finding("constant-ratio", pair, weight, None, facts, auctions=named)
        way = gives_way(joint)
        if way and (chance := min(1.0, way[1] * len(met))) <= LEAST_LIKELY:
            won = {"together": joint.together, "one_won": joint.one_won, "other_won": joint.other_won}
            yield Finding("gives-way", pair, None, chance, {"loser": way[0], **won}, auctions=named)


def of_prices(present: Auction, past: Sequence[Auction], elsewhere: Elsewhere = NOWHERE) -> Iterator[Finding]:
    """Yield what the bids of the auction at hand say by themselves, and all of it together with who met before."""
    found, bidders = screens(present.amounts), tuple(sorted(present.bidders))
    if len(bidders) > 1:
        told = of_auction(present, past, elsewhere)
        score = float(shipped().scores(np.array([told]))[0])
        if weight := weight_of("whole-auction", score):
            known = {name: each for name, each in zip(OF_AUCTION, told, strict=True) if not isnan(each)}
            yield Finding("whole-auction", bidders, weight, None, {"score": score, **known})
    if found.cv is not None and (weight := weight_of("narrow-spread", -log10(max(found.cv, 1e-9)))):
        yield Finding("narrow-spread", bidders, weight, None, asdict(found))
    steps = even_steps(present.amounts)
    if steps is not None and steps.p_value <= LEAST_LIKELY:
        run = present.bidders[steps.first : steps.first + steps.bids]
        facts: dict[str, object] = {"steps": steps.kind, "off": steps.off, "bids": steps.bids}
        yield Finding("even-steps", tuple(sorted(run)), None, steps.p_value, facts)


def of_group(past: Sequence[Auction], bidders: Sequence[str], looked_at: int) -> Iterator[Finding]:
    """Yield what past auctions say of a group as a whole, of so many that are looked at."""
    together = tuple(sorted(bidders))
    turns = rotation(past, together)
    if turns and (chance := min(1.0, turns.p_value * looked_at)) <= LEAST_LIKELY:
        facts: dict[str, object] = {"wins": len(turns.winners), "repeats": turns.repeats, "expected": turns.expected}
        yield Finding("rotation", together, None, chance, facts)
    gaps = missing(past, together)
    chances = [p for p in (gaps.raise_p, gaps.near_p) if p is not None] if gaps else []
    if gaps and (chance := min(1.0, min(chances) * len(chances) * looked_at)) <= LEAST_LIKELY:
        yield Finding("missing-bids", together, None, chance, asdict(gaps))


def _places(past: Sequence[Auction]) -> Mapping[str, frozenset[int]]:
    """Return at which places among the past auctions each bidder was."""
    found: dict[str, set[int]] = defaultdict(set)
    for at, each in enumerate(past):
        for bidder in each.bidders:
            found[bidder].add(at)
    return {name: frozenset(places) for name, places in found.items()}


def _shared(past: Sequence[Auction], places: Mapping[str, frozenset[int]], joint: Joint) -> tuple[str, ...]:
    """Return the names of the latest joint auctions."""
    met = sorted(places[joint.one] & places[joint.other])
    return tuple(past[at].name for at in met[-AUCTIONS_NAMED:])
