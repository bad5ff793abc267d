"""Ties: figures of drawn files beside plain Python, whatever the order and the cut of the rows."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.book.domain import invoice, payment, relation
from services.profile.book.domain.channel import Channel
from services.profile.graph.domain.dealings import Dealings, daily_of, dealings
from services.profile.graph.domain.neighbourhood import File, Growing, drawn
from services.profile.graph.domain.sums import BUYER, SELLER, added, months, sums, united
from services.profile.graph.domain.ties import REGISTER, Kind, registered

AS_OF = date(2024, 6, 30)
CHANNELS = {"gov": "government", "own": "subject"}
row = st.fixed_dictionaries(
    {
        "enterprise": st.sampled_from(["local:E1", "local:E2"]),
        "direction": st.sampled_from(["sale", "purchase"]),
        "counterparty": st.sampled_from(["E1", "E2", "K1", None]),
        "date": st.integers(-30, 800).map(lambda back: AS_OF - timedelta(days=back)),
        "net_fen": st.integers(-500, 900),
        "status": st.sampled_from(["valid", "valid", "valid", "void"]),
        "reversal": st.sampled_from([None, None, None, "whole"]),
        "import_id": st.sampled_from(["gov", "gov", "own"]),
    }
)
Row = dict[str, Any]


def frame(rows: list[Row]) -> pl.DataFrame:
    full = [{**one, "total_fen": one["net_fen"], "number": str(place)} for place, one in enumerate(rows)]
    return pl.DataFrame(full, schema=invoice.SCHEMA)


def side_of(row: Row) -> tuple[str, str | None, bool]:
    node = row["counterparty"] and f"local:{row['counterparty']}"
    return row["enterprise"], node, row["direction"] == "sale"


def come_to(rows: list[Row]) -> int:
    """Return what rows of one pair come to: red letters take off what is not told as cancelled."""
    amounts = [(one["net_fen"], one["reversal"] if one["net_fen"] > 0 else None) for one in rows]
    blue = sum(net for net, told in amounts if net > 0 and told is None)
    return blue + min(0, sum(net for net, told in amounts if net < 0 or told is not None))


def shown(dealt: Dealings) -> list[tuple[str, str, bool, Row]]:
    """Return all that is told of trade with others, as it is shown."""
    told, beyond = dealt.told({*dealt.nodes, *dealt.daily.firms})
    assert beyond == 0
    return [(one.firm, one.node, one.sale, one.row) for one in told]


def counted(rows: list[Row]) -> list[Row]:
    return [one for one in rows if one["status"] == "valid" and one["net_fen"]]


@given(st.lists(row, max_size=14))
@settings(max_examples=25, deadline=None)
def test_a_tie_is_what_plain_python_makes_of_the_invoices(rows: list[Row]) -> None:
    past = [one for one in counted(rows) if one["date"] <= AS_OF]
    sides = {side_of(one) for one in past}
    told = shown(dealings(daily_of(sums(frame(rows), CHANNELS)), {}, AS_OF))
    assert {each[:3] for each in told} == {side for side in sides if side[1] not in (None, side[0])}
    for *side, tie in told:
        mine = [one for one in past if side_of(one) == tuple(side)]
        old = [one for one in mine if one["date"] <= date(2023, 6, 30)]
        blue = [one for one in mine if one["net_fen"] > 0 and one["reversal"] is None]
        days = sorted({one["date"] for one in blue})
        gaps = [(after - before).days for before, after in pairwise(days)]
        assert tie["net_fen"] == come_to(mine)
        assert tie["net_12m_fen"] == come_to(mine) - come_to(old)
        assert tie["invoices"] == len(blue)
        assert tie["usual_gap_days"] == (median(gaps) if gaps else None)
        assert (tie["first_on"], tie["last_on"]) == (min(each := [one["date"] for one in mine]), max(each))
        assert tie["channels"] == sorted({CHANNELS[one["import_id"]] for one in mine}, key=list(Channel).index)
        assert tie["own_word_fen"] == sum(one["net_fen"] for one in blue if one["import_id"] == "own")
        nets = [
            max(0, come_to([one for one in past if side_of(one) == other]))
            for other in sides
            if (other[0], other[2]) == (side[0], side[2])
        ]
        assert tie["share"] == (max(0, tie["net_fen"]) / sum(nets) if sum(nets) else None)


paid = st.fixed_dictionaries(
    {
        "enterprise": st.just("local:E1"),
        "direction": st.sampled_from(["in", "out"]),
        "counterparty": st.sampled_from(["E2", "K1", None]),
        "date": st.integers(-30, 800).map(lambda back: AS_OF - timedelta(days=back)),
        "amount_fen": st.integers(1, 900),
        "status": st.sampled_from(["valid", None, "reversed"]),
        "purpose": st.sampled_from(["goods", "other", None, "wage"]),
        "import_id": st.sampled_from(["gov", "own"]),
    }
)


@given(st.lists(paid, max_size=10), st.lists(row, max_size=4))
@settings(max_examples=20, deadline=None)
def test_payments_for_goods_stand_beside_the_invoices_and_change_none_of_their_figures(
    payments: list[Row], rows: list[Row]
) -> None:
    money = pl.DataFrame([{**one, "reference": str(at)} for at, one in enumerate(payments)], schema=payment.SCHEMA)
    without = {each[:3]: each[3] for each in shown(dealings(daily_of(sums(frame(rows), CHANNELS)), {}, AS_OF))}
    told = shown(dealings(daily_of(sums(frame(rows), CHANNELS, money)), {}, AS_OF))
    for *side, tie in told:
        mine = [
            one
            for one in payments
            if [one["enterprise"], f"local:{one['counterparty']}", one["direction"] == "in"] == side
            and one["date"] <= AS_OF
            and one["status"] != "reversed"
            and one["purpose"] != "wage"
        ]
        own = [one["amount_fen"] for one in mine if one["import_id"] == "own"]
        figures = {"paid_fen": sum(one["amount_fen"] for one in mine) - sum(own), "paid_own_word_fen": sum(own)}
        figures["payments"] = len(mine)
        assert {name: tie[name] for name in figures} == figures
        before = without.pop((side[0], side[1], side[2]), None)
        assert before is None or {**before, **figures} == tie
        assert before is not None or (tie["net_fen"], tie["invoices"], tie["first_on"], tie["channels"]) == (
            0,
            0,
            None,
            [],
        )
    assert without == {}


@given(st.lists(row, max_size=14), st.integers(0, 14))
@settings(max_examples=15, deadline=None)
def test_a_tie_is_the_same_from_sums_in_several_stretches(rows: list[Row], cut: int) -> None:
    """As a store holds them that was brought forward: a pair's rows lie in more than one place."""
    parts = [sums(frame(part), CHANNELS) for part in (rows[:cut], rows[cut:])]
    whole = shown(dealings(daily_of(added(parts)), {}, AS_OF))
    assert shown(dealings(daily_of(pl.concat(parts)), {}, AS_OF)) == whole


def test_two_spellings_that_are_one_firm_are_one_partner() -> None:
    """A name that is a firm's and that firm's code: their invoices add up before red letters are taken off."""
    same = {"enterprise": "local:E1", "direction": "sale", "status": "valid", "reversal": None, "import_id": "gov"}
    days = [date(2024, 6, 1), date(2024, 6, 4), date(2024, 6, 11)]
    written = [("甲食品公司", 700), ("K1", -200), ("K1", 100)]
    rows = [
        {**same, "counterparty": who, "date": day, "net_fen": net}
        for day, (who, net) in zip(days, written, strict=True)
    ]
    daily = daily_of(sums(frame(rows), CHANNELS))
    assert daily.names(AS_OF) == {"甲食品公司"}
    assert daily.names(date(2024, 5, 31)) == set()
    [(firm, node, sale, tie)] = shown(dealings(daily, {"甲食品公司": "local:K1"}, AS_OF))
    assert (firm, node, sale) == ("local:E1", "local:K1", True)
    assert (tie["net_fen"], tie["invoices"], tie["usual_gap_days"], tie["share"]) == (600, 2, 10, 1)


@given(st.lists(row, max_size=14), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_sums_add_up_however_the_rows_come(rows: list[Row], rng: Any) -> None:
    """In any order, in one file or in two: the same rows in the same order."""
    whole, shuffled = sums(frame(rows), CHANNELS), list(rows)
    rng.shuffle(shuffled)
    cut = rng.randint(0, len(rows))
    parts = [sums(frame(part), CHANNELS) for part in (shuffled[:cut], shuffled[cut:])]
    assert added(parts).equals(whole)


@given(st.lists(row, max_size=14))
@settings(max_examples=25, deadline=None)
def test_a_month_of_a_pair_is_the_sellers_word_else_the_buyers(rows: list[Row]) -> None:
    found = united(months(sums(frame(rows), CHANNELS), AS_OF, own_words=True))
    past = [one for one in counted(rows) if one["date"] <= AS_OF and one["counterparty"]]
    said: dict[tuple[str, str, date], dict[int, int]] = {}
    for one in past:
        other = f"local:{one['counterparty']}"
        pair = (one["enterprise"], other) if one["direction"] == "sale" else (other, one["enterprise"])
        same = [
            each
            for each in past
            if all(each[name] == one[name] for name in ("enterprise", "counterparty", "direction"))
        ]
        first = one["date"].replace(day=1)
        until = [each for each in same if each["date"].replace(day=1) <= first]
        before = [each for each in same if each["date"] < first]
        side = SELLER if one["direction"] == "sale" else BUYER
        said.setdefault((*pair, first), {})[side] = come_to(until) - come_to(before)
    wanted = {key: (told.get(SELLER, told.get(BUYER)), sum(told)) for key, told in said.items()}
    assert {tuple(each[:3]): each[3:] for each in found.select(
        "seller", "buyer", "month", "net_fen", "sides").rows()} == wanted  # fmt: skip


def register(*rows: tuple[str, str, str]) -> pl.DataFrame:
    full = [
        {"enterprise": firm, "relation": sort, "party": party, "channel": "government", "since": date(2020, 1, 1)}
        for firm, sort, party in rows
    ]
    return pl.DataFrame(full, schema={**relation.SCHEMA, "channel": pl.String(), "record": pl.String()})


def test_a_register_ties_as_of_the_day() -> None:
    """Neither what has ended nor what has not begun, and capital ties nobody."""
    rows = register(("local:E1", "shareholder", "local:K1"), ("local:E1", "capital", "local:K2"))
    ended = rows.head(1).with_columns(party=pl.lit("local:K3"), until=pl.lit(date(2024, 6, 29)))
    to_come = rows.head(1).with_columns(party=pl.lit("local:K4"), since=pl.lit(date(2024, 7, 1)))
    found = registered(pl.concat([rows, ended, to_come]).select(REGISTER).rows(), AS_OF)
    assert [(tie.party, tie.kind, tie.channel) for tie in found] == [("local:K1", Kind.EQUITY, "government")]


def test_what_two_open_files_share_bears_a_number_and_no_hash() -> None:
    """The most shared comes first; what one file alone has is not drawn."""
    rows = register(
        ("local:E1", "phone", "hash:aa"), ("local:E2", "phone", "hash:aa"), ("local:E3", "phone", "hash:aa"),
        ("local:E1", "phone", "hash:01"), ("local:E2", "phone", "hash:01"), ("local:E1", "address", "hash:bb"),
    )  # fmt: skip
    ties = registered(rows.select(REGISTER).rows(), AS_OF)
    firms = ["local:E1", "local:E2", "local:E3"]
    grown = Growing(10, frozenset(Kind), dict.fromkeys(firms, 0))
    grown.add([File(firm, [tie for tie in ties if tie.firm == firm]) for firm in firms], None, [], 1)
    edges, shared, left_out = drawn(grown, *grown.told())
    assert [(one.id, len(one.ties)) for one in shared] == [("phone:1", 3), ("phone:2", 2)]
    assert {(edge.source, edge.target) for edge in edges if edge.target == "phone:2"} == {
        ("local:E1", "phone:2"), ("local:E2", "phone:2")
    }  # fmt: skip
    assert (left_out.firms, left_out.ties, left_out.shared) == (0, 0, 0)


@given(st.lists(row, max_size=14), st.integers(0, 4), st.sets(st.sampled_from(["local:E2", "local:K1"])))
@settings(max_examples=25, deadline=None)
def test_the_largest_partners_come_first_and_equal_ones_by_their_ids(
    rows: list[Row], room: int, near: set[str]
) -> None:
    dealt = dealings(daily_of(sums(frame(rows), CHANNELS)), {}, AS_OF)
    sizes: dict[tuple[str, str], list[int]] = {}
    for firm, node, _, tie in shown(dealt):
        size = sizes.setdefault((node, firm), [0, 0])
        size[0] -= abs(tie["net_12m_fen"])
        size[1] -= abs(tie["net_fen"])
    ranks = sorted((*size, node) for (node, _), size in sizes.items() if node not in near)
    ordered = list(dict.fromkeys(node for *_, node in ranks))
    kept, left = dealt.largest(near, room)
    assert kept == ordered[:room]
    assert sorted(left) == sorted(ordered[room:])
