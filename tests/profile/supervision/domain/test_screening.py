"""Ties between bidders: what makes one, what it weighs, how groups hang together; and planted groups found again."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bidding_groups import TODAY, market, tender
from services.profile.book.domain import relation
from services.profile.supervision.domain.screen.auction import Auction, Bid, auction
from services.profile.supervision.domain.screen.groups import Pair, groups
from services.profile.supervision.domain.screen.screening import Files, Screened, Tender, screen
from services.profile.supervision.domain.screen.sign import rules_of, signs
from services.profile.supervision.domain.screen.ties import Tie, of_documents, of_files
from services.profile.supervision.domain.screen.weight import Counts, together, weight_of, weights

DAY = date(2026, 6, 30)


def relations(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Return relations: enterprise, sort, party, and where given share, since, until."""
    names = ("enterprise", "relation", "party", "share", "since", "until")
    told = [dict(zip(names, row, strict=False)) for row in rows]
    full = [{name: each.get(name) for name in relation.SCHEMA} for each in told]
    return pl.DataFrame(full, schema=dict(relation.SCHEMA))


def ties(rows: pl.DataFrame, bidders: str = "ABC", crowds: dict[str, int] | None = None) -> list[Tie]:
    names = [f"rec_{at}" for at in range(rows.height)]
    return of_files(rows, names, list(bidders), crowds or {}, DAY)


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (("controller", "hash:p"), ("controller", "hash:p"), "same-controller"),
        (("person-in-charge", "hash:p"), ("person-in-charge", "hash:p"), "same-person-in-charge"),
        (("person-in-charge", "hash:p"), ("shareholder", "hash:p", 0.6), "same-controller"),
        (("controller", "hash:p"), ("shareholder", "hash:p", 0.1), "co-owned"),
        (("address", "hash:a"), ("address", "hash:a"), "same-address"),
        (("phone", "hash:t"), ("phone", "hash:t"), "same-phone"),
        (("guarantor", "local:G"), ("guarantor", "local:G"), "same-guarantor"),
    ],
)
def test_a_party_that_both_files_name_is_a_tie(one: tuple[Any, ...], other: tuple[Any, ...], kind: str) -> None:
    (found,) = ties(relations(("A", *one), ("B", *other)))
    assert (found.kind, found.one, found.other) == (kind, "A", "B")
    assert {record.enterprise for record in found.records} == {"A", "B"}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (("B", "shareholder", "A", 0.5), "control"),
        (("B", "controller", "A"), "control"),
        (("B", "shareholder", "A", 0.2), "share"),
        (("B", "guarantor", "A"), "guarantee"),
    ],
)
def test_a_bidder_that_the_others_file_names_is_a_tie(row: tuple[Any, ...], kind: str) -> None:
    assert [(tie.kind, tie.one, tie.other) for tie in ties(relations(row))] == [(kind, "A", "B")]


def test_capital_and_what_only_one_file_names_tie_nobody() -> None:
    assert ties(relations(("A", "capital", "A"), ("A", "phone", "hash:t"), ("B", "phone", "hash:u"))) == []


def test_a_relation_that_ended_before_the_tender_is_told_with_its_end_and_an_old_one_is_not() -> None:
    """Otherwise it would be ended for the tender."""
    (lately,) = ties(relations(("A", "phone", "t", None, None, date(2026, 6, 1)), ("B", "phone", "t")))
    assert lately.ended
    assert ties(relations(("A", "phone", "t", None, None, date(2024, 6, 1)), ("B", "phone", "t"))) == []
    assert ties(relations(("A", "phone", "t", None, date(2026, 7, 1)), ("B", "phone", "t"))) == []


def test_an_address_that_many_firms_share_is_told_as_crowded_and_joins_nobody() -> None:
    rows = relations(("A", "address", "a"), ("B", "address", "a"))
    (crowded,) = ties(rows, crowds={"a": 10})
    assert crowded.crowded
    found = screen(Tender(("A", "B")), Files(frozenset("AB"), rows, ["r1", "r2"], crowds={"a": 10}), DAY)
    assert found.findings[0].crowded
    assert found.groups == ()


def test_what_documents_show_is_compared_without_its_spaces_and_capitals() -> None:
    found = of_documents({"A": {"agent": ["Wang  Agency"]}, "B": {"agent": ["wang agency"]}, "C": {"agent": [" "]}})
    assert [(tie.kind, tie.one, tie.other) for tie in found] == [("same-agent", "A", "B")]


def test_files_that_are_not_open_tie_nobody() -> None:
    rows = relations(("A", "controller", "hash:p"), ("B", "controller", "hash:p"))
    assert screen(Tender(("A", "B")), Files(frozenset("A"), rows, ["r1", "r2"]), DAY).findings == ()


def test_of_one_family_the_strongest_sign_alone_counts() -> None:
    address, phone, backed = (weight_of(key) for key in ("same-address", "same-phone", "guarantee"))
    assert address is not None
    assert phone is not None
    assert backed is not None
    assert together([("same-address", address), ("same-phone", phone)]) == pytest.approx(
        max(address.ratio, phone.ratio)
    )
    assert together([("same-phone", phone), ("guarantee", backed)]) == pytest.approx(phone.ratio * backed.ratio)


def test_no_sign_speaks_for_a_pair() -> None:
    crowded = weight_of("same-address-crowded")
    assert crowded is not None
    assert crowded.ratio < 1
    assert together([("same-address", crowded)]) == 1


def test_a_weight_has_katz_s_interval() -> None:
    """30 of 100 against 10 of 200, as a textbook has it: 6.0 (3.06 to 11.8), but for the halves that are added."""
    found = Counts(0, 30, 100, 10, 200).weight("here", synthetic=False)
    assert (round(found.ratio, 1), round(found.low, 1), round(found.high, 1)) == (5.8, 3.0, 11.2)


def test_a_stronger_sign_never_weighs_less() -> None:
    """Within a sign, from band to band."""
    for key, bands in weights().items():
        ratios = [weight.ratio for _, weight in bands]
        assert ratios == sorted(ratios), key


def test_every_weight_and_rule_is_of_a_sign_that_there_is() -> None:
    assert {key.removesuffix("-crowded") for key in weights()} <= signs().keys()
    assert [rule.article for rule in rules_of("same-agent", date(2016, 1, 1))] == ["第四十条第（二）项"]
    assert {rule.law for rule in rules_of("same-agent", DAY)} >= {
        "政府采购货物和服务招标投标管理办法（财政部令第87号）"
    }


def test_a_group_shows_the_way_between_members_that_nothing_ties_directly() -> None:
    (found,) = groups([Pair("A", "B", 500), Pair("B", "C", 200), Pair("A", "D", 3), Pair("C", "E", 150)])
    assert found.bidders == ("A", "B", "C", "E")
    ways = {(path.bidders[0], path.bidders[-1]): path for path in found.paths}
    assert ways["A", "E"].bidders == ("A", "B", "C", "E")
    assert ways["A", "E"].weakest == 150


PAIRS = st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from("FGHIJ"), st.integers(1, 1000)), max_size=12)


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_pairs(rows: list[tuple[str, str, int]], rng: random.Random) -> None:
    pairs = [Pair(*row) for row in {(one, other): (one, other, float(ratio)) for one, other, ratio in rows}.values()]
    shuffled = rng.sample(pairs, len(pairs))
    assert groups(pairs) == groups(shuffled)


def screened(seed: int, tenders: int) -> list[tuple[list[str], Any, Screened]]:
    held, rng = market(seed, firms=240, groups=18, auctions=120), random.Random(seed)
    names = [f"rec_{at}" for at in range(held.relations.height)]
    found = []
    for _ in range(tenders):
        bidders, present = tender(held, rng)
        asked = Tender(tuple(bidders), present, held.past, {name: held.paper[name] for name in bidders})
        files = Files(frozenset(bidders), held.relations, names, {}, held.crowds)
        found.append((bidders, held, screen(asked, files, TODAY)))
    return found


def test_planted_groups_are_found_again_and_few_others() -> None:
    """Seeds that no weight was counted on."""
    same = said = both = 0
    for bidders, held, found in screened(seed=3, tenders=20) + screened(seed=4, tenders=20):
        joined = {pair for group in found.groups for pair in combinations(group.bidders, 2)}
        truth = {pair for pair in combinations(bidders, 2) if held.same(*pair)}
        same, said, both = same + len(truth), said + len(joined), both + len(truth & joined)
    assert same > 50
    assert both / same >= 0.95
    assert both / said >= 0.85


def test_the_same_tender_told_in_another_order_gives_the_same_answer() -> None:
    held, rng = market(5, firms=120, groups=10, auctions=40), random.Random(5)
    names = [f"rec_{at}" for at in range(held.relations.height)]
    bidders, present = tender(held, rng)
    papers = {name: held.paper[name] for name in bidders}
    one = screen(
        Tender(tuple(bidders), present, held.past, papers),
        Files(frozenset(bidders), held.relations, names, {}, held.crowds),
        TODAY,
    )
    order = rng.sample(range(held.relations.height), held.relations.height)
    other = screen(
        Tender(tuple(reversed(bidders)), turned(present), held.past, dict(reversed(papers.items()))),
        Files(frozenset(bidders), held.relations[order], [names[at] for at in order], {}, held.crowds),
        TODAY,
    )
    assert one == other


def test_auctions_without_the_bidders_may_be_told_by_their_sizes_alone() -> None:
    """The answer is the same to the last digit, so that a buyer need not tell who bid what in them."""
    rng = random.Random(8)
    there = [auction(f"both {at}", [Bid(name, rng.randint(900, 999)) for name in "ABX"]) for at in range(12)]
    there += [auction(f"one {at}", [Bid(name, rng.randint(900, 999)) for name in "AYZ"]) for at in range(3)]
    others = [auction(f"{at}", [Bid(str(n), 900 + n) for n in range(rng.randint(2, 9))]) for at in range(200)]
    now = auction("now", [Bid("A", 900), Bid("B", 901), Bid("C", 902)])
    elsewhere = Counter(len(each.bids) for each in others)
    whole = screen(Tender(("A", "B", "C"), now, (*there, *others)), Files(), TODAY)
    assert {"together"} <= {each.sign for each in whole.findings}
    assert screen(Tender(("A", "B", "C"), now, tuple(there), elsewhere=elsewhere), Files(), TODAY) == whole
    assert screen(Tender(("A", "B", "C"), now, tuple(there)), Files(), TODAY) != whole


def test_an_auction_after_the_day_is_no_past() -> None:
    past = tuple(auction(f"{day}", [Bid("A", 1)], day=day) for day in (DAY - timedelta(1), DAY, DAY + timedelta(1)))
    undated = auction("undated", [Bid("A", 1)])
    assert Tender(("A", "B"), past=(undated, *past)).until(DAY).past == (undated, *past[:2])


def turned(held: Auction) -> Auction:
    bids = [Bid(bid.bidder, bid.amount_fen) for bid in reversed(held.bids)]
    return auction(held.name, bids, day=held.day, reserve_fen=held.reserve_fen)
