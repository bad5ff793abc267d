"""Rule `terms.cost`: nobody is offered what its bank would lose on, or what the law does not bear."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from bank_products import a_product
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.all_in import make_loan
from services.matching.domain.cost import cost_refused, costed, lawful_interest, simple_rate
from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts, Need
from services.matching.domain.levers import Lever
from services.matching.domain.loan_offer import LoanTerms, TermsBeyond, require_drawable
from services.matching.domain.match import Guide, Match, match_all
from services.matching.domain.pricing_budget import MOST_MONTHS_PRICED, Budget, Exhausted
from services.matching.domain.product import Product, read_product
from services.matching.domain.recourse import CONTRARY, FEES, NONE_FOUND, PRICED
from services.matching.domain.statute import statute

DAY = date(2026, 6, 1)
NEED = Need(20_000_000, 12)
RATE = a_product()["rate"]
LAW = statute(DAY)
GUARANTEE = {"kind": "guarantee", "payee": "A guarantor", "paid_by": "firm", "every": "yearly", "due": "start"}
assert LAW is not None


def product(**changes: Any) -> Product:
    return read_product(a_product(rules=[], **changes))


def matched(pd: float | None, *products: Product, need: Need = NEED, guide: Guide | None = None) -> Match:
    frame = pl.DataFrame(
        {"enterprise": ["local:E1"], "pd": [pd], "sales_12m": [9e8]}, schema_overrides={"pd": pl.Float64}
    )
    facts = Facts(frame, DAY, datetime(2026, 6, 1, tzinfo=UTC), "c1", "m1")
    return match_all(Shelf(products, DAY, kind_matters=False), facts, need, guide)[0]


def test_a_price_above_the_products_cap_is_a_refusal_with_found_and_needed() -> None:
    """0.038 + 0.2 · 0.45 = 12.8 % under a cap of 9 %: it was offered at 9 %, at a loss."""
    match = matched(0.2, product())
    ((line,),) = [refusal.failed for refusal in match.refusals]
    assert match.offers == ()
    assert (line.rule.id, line.rule.expression, line.found, line.needed) == ("terms.cost", "rate <= 0.09", 0.128, 0.09)
    assert line.rule.title["zh"]
    assert line.rule.title["en"]


@pytest.mark.parametrize(("pd", "offered"), [(0.115555, True), (0.115558, False)])
def test_the_last_step_of_a_rate_decides(pd: float, offered: bool) -> None:
    """0.038 + 0.45 · PD, rounded to a millionth, is 0.09 or 0.090001."""
    assert bool(matched(pd, product()).offers) is offered


def test_a_bank_may_say_that_it_lends_below_cost() -> None:
    """At its cap, as its lines say."""
    (offer,) = matched(0.2, product(lend_below_cost=True)).offers
    assert (offer.price.rate, offer.price.asked) == (Decimal("0.09"), Decimal("0.128"))
    assert offer.price.lines[-1].line == "cap"


def test_the_law_binds_where_the_products_cap_would_not() -> None:
    """0.038 + 0.6 · 0.45 = 30.8 % a year under a cap of 36 %."""
    dear = {**RATE, "cap": 0.36}
    ((line,),) = [refusal.failed for refusal in matched(0.6, product(rate=dear)).refusals]
    assert (line.rule.id, line.found, line.needed) == ("terms.cost", 0.308, 0.24)
    assert line.rule.source == LAW.source
    (offer,) = matched(0.6, product(rate=dear, lend_below_cost=True)).offers
    assert offer.price.rate == Decimal("0.24")


def test_the_law_counts_fees_too() -> None:
    """Interest of 20.45 % is lawful, with a fee of 4 % of the amount at the start it is not."""
    dear = {**RATE, "cap": 0.36}
    fees = [{**GUARANTEE, "rate": 0.04}]
    assert matched(0.37, product(rate=dear)).offers
    ((line,),) = [refusal.failed for refusal in matched(0.37, product(rate=dear, fees=fees)).refusals]
    assert line.rule.expression == "all_in_simple_rate <= 0.24"
    assert line.found > line.needed == 0.24


def test_so_little_is_not_paid_out_that_fees_make_it_dearer_than_the_law_bears() -> None:
    """A fee of 500 yuan is nothing of 200,000 yuan and a quarter of 2,000."""
    terms, fees = LoanTerms(20_000_000, 12, Decimal("0.06")), [{**GUARANTEE, "amount_fen": 50_000}]
    require_drawable(product(fees=fees), 20_000_000, terms, DAY)
    with pytest.raises(TermsBeyond) as refused:
        require_drawable(product(fees=fees), 200_000, terms, DAY)
    assert refused.value.members["all_in_simple_rate"] > refused.value.members["statute"] == 0.24
    require_drawable(product(), 200_000, terms, DAY)


@given(
    st.integers(1, 10_000_000), st.integers(1, 60), st.integers(0, 20).map(lambda n: Decimal(n) / 100), st.booleans()
)
def test_the_least_that_may_be_drawn_is_told_and_may_be(drawn: int, months: int, rate: Decimal, start: bool) -> None:
    """Down to a fen, of which a fee of 500 yuan leaves nothing; one fen less than what is told is refused."""
    fee = {**GUARANTEE, "every": "once", "due": "start" if start else "end", "amount_fen": 50_000}
    one, terms = product(fees=[fee]), LoanTerms(10_000_000, months, rate)
    try:
        require_drawable(one, drawn, terms, DAY)
    except TermsBeyond as refused:
        least = refused.members["needed"]["least"]
        assert drawn < least <= terms.amount_fen
        require_drawable(one, least, terms, DAY)
        with pytest.raises(TermsBeyond):
            require_drawable(one, least - 1, terms, DAY)


def test_where_not_even_all_that_was_agreed_is_borne_no_least_is_told() -> None:
    """Such as under a law that came after the agreement."""
    with pytest.raises(TermsBeyond) as refused:
        require_drawable(product(), 200_000, LoanTerms(20_000_000, 12, Decimal("0.25")), DAY)
    assert refused.value.members["needed"] == {"least": None, "most": 20_000_000}


def test_fees_that_the_bank_pays_count_for_nobody() -> None:
    fees = [{**GUARANTEE, "rate": 0.2, "paid_by": "bank"}]
    with_fees, without = (matched(0.02, product(fees=each)).offers[0] for each in (fees, []))
    assert with_fees.loan.all_in == without.loan.all_in
    assert with_fees.loan.fees[0].fen == 4_000_000


def test_without_a_score_the_rate_is_the_cap_and_within_the_law_with_fees() -> None:
    """What is not known is no cost that could be refused."""
    (offer,) = matched(None, product(rate={**RATE, "cap": 0.36}, fees=[{**GUARANTEE, "rate": 0.04}])).offers
    assert offer.price.asked is None
    assert Decimal("0.2399") < offer.loan.all_in.simple_rate <= Decimal("0.24")


def test_fees_that_alone_are_dearer_than_the_law_are_refused_whatever_a_bank_says() -> None:
    """Scored or not, and below cost or not."""
    fees = [{**GUARANTEE, "rate": 0.3}]
    for pd in (None, 0.02):
        match = matched(pd, product(fees=fees, lend_below_cost=True))
        assert [refusal.failed[0].rule.id for refusal in match.refusals] == ["terms.cost"]


@settings(max_examples=25)
@given(st.integers(10**6, 10**11), st.integers(3, 60), st.integers(0, 80_000))
def test_the_lawful_interest_is_the_highest_that_the_law_bears(amount: int, months: int, steps: int) -> None:
    """Up to the rounding of payments to the fen, one step more is beyond it."""
    one = product(fees=[{**GUARANTEE, "rate": (steps + 1) / 10**6}])
    found = lawful_interest(one, amount, months, LAW)  # type: ignore[arg-type]
    assert found is not None
    assert simple_rate(one, amount, months, found) <= Decimal("0.24")
    assert simple_rate(one, amount, months, found + Decimal("0.0001")) > Decimal("0.24")


@given(st.one_of(st.none(), st.floats(0, 1)), st.integers(0, 60_000), st.booleans())
def test_no_offer_is_dearer_than_cap_or_law_nor_below_cost_unsaid(pd: float | None, fee: int, below: bool) -> None:
    fees = [{**GUARANTEE, "rate": (fee + 1) / 10**6}]
    one = product(rate={**RATE, "cap": 0.3}, fees=fees, lend_below_cost=below)
    facts = {"pd": pd, "amount_fen": NEED.amount_fen, "months": NEED.months}
    if cost_refused(one, facts, DAY) is not None:
        return
    found = costed(one, facts, DAY)
    assert found.price.rate <= Decimal("0.3")
    assert found.loan.all_in.simple_rate <= Decimal("0.24")
    assert below or found.price.asked is None or found.price.rate >= found.price.asked


@given(st.floats(0, 1), st.integers(0, 300_000), st.integers(0, 300_000))
def test_what_floats_tell_of_a_price_is_within_a_step_of_it(pd: float, floor: int, margin: int) -> None:
    """So that a price which they put far below a cap is below it."""
    rate = {**RATE, "floor": floor / 10**6, "cap": 1, "margin": margin / 10**6}
    rule = product(rate=rate).rate
    asked, about = rule.price(pd).asked, rule.about(pd)
    assert asked is not None
    assert about is not None
    assert abs(float(asked) - about) <= 1e-6


def test_a_need_that_is_not_lent_is_refused_for_that_alone() -> None:
    """Its cost is that of no loan."""
    match = matched(0.2, product(), need=Need(10**10, 12))
    assert [line.rule.id for line in match.refusals[0].failed] == ["terms.amount-most"]


def test_no_way_is_shown_that_ends_at_the_cost() -> None:
    """The rule of sales could be met; the price could not, and the reason says what it follows from."""
    title = {"zh": "销售", "en": "Sales"}
    rule = {
        "id": "sales",
        "expression": "sales_12m >= 1_000_000_000",
        "title": title,
        "source": "s",
        "since": "2025-01-01",
    }
    guide = Guide(levers={"sales_12m": Lever("sales_12m", 1, None, "fen", title)})
    opened, blocked = (
        matched(pd, read_product(a_product(rules=[rule])), guide=guide).refusals[0] for pd in (0.02, 0.2)
    )
    assert opened.recourse.plans
    assert blocked.recourse.plans == ()
    assert [(line.id, reason) for line, reason in blocked.recourse.blocked] == [("terms.cost", PRICED)]


def blocked(match: Match) -> list[tuple[str, Any]]:
    (refused,) = match.refusals
    assert refused.recourse.plans == ()
    return [(rule.id, reason) for rule, reason in refused.recourse.blocked]


def changed(match: Match) -> list[dict[str, Any]]:
    """Return the plans that change the need alone."""
    (refused,) = match.refusals
    return [{each.fact: each.needed for each in plan.changes} for plan in refused.recourse.plans]


ONCE = {**GUARANTEE, "every": "once", "amount_fen": 50_000}


def test_fees_too_dear_for_a_month_are_borne_over_a_longer_term_or_by_a_larger_amount() -> None:
    """500 yuan of 10,000 are 60 % of a year for a month; each way alone is named, and the product offered there."""
    one = product(fees=[ONCE], months=[1, 24])
    plans = changed(matched(0.02, one, need=Need(1_000_000, 1)))
    assert sorted(map(sorted, plans)) == [["amount_fen"], ["months"]]
    for plan in plans:
        asked = {"amount_fen": 1_000_000, "months": 1, **plan}
        assert matched(0.02, one, need=Need(**asked)).offers


def test_the_term_named_for_fees_is_the_shortest_that_bears_them() -> None:
    """The oracle asks a match at every term."""
    one, need = product(fees=[ONCE], months=[1, 24], amount_fen=[1_000_000, 1_000_000]), Need(1_000_000, 1)
    offered = [months for months in range(1, 25) if matched(0.02, one, need=Need(1_000_000, months)).offers]
    assert changed(matched(0.02, one, need=need)) == [{"months": min(offered)}]


@settings(max_examples=30)
@given(st.integers(1, 30), st.integers(1, 8), st.integers(1, 12).map(lambda n: n * 10_000), st.floats(0, 0.1))
def test_a_need_that_fees_bear_is_found_wherever_there_is_one(amount: int, months: int, fee: int, pd: float) -> None:
    """Against a match of every amount in steps and every term; what is named is offered."""
    one = product(fees=[{**ONCE, "amount_fen": fee}], months=[1, 8], amount_fen=[1_000_000, 3_000_000])
    need = Need(amount * 100_000, months)
    match = matched(pd, one, need=need)
    if match.offers:
        return
    anywhere = any(
        matched(pd, one, need=Need(each * 100_000, term)).offers for each in range(10, 31) for term in range(1, 9)
    )
    plans = changed(match)
    assert plans or not anywhere
    for plan in plans:
        assert matched(pd, one, need=Need(plan.get("amount_fen", need.amount_fen), plan.get("months", months))).offers


def test_fees_that_no_need_bears_have_a_reason_of_their_own() -> None:
    """No lower probability of default would help, so none is spoken of."""
    fees = [{**GUARANTEE, "rate": 0.3}]
    for pd in (None, 0.02):
        assert blocked(matched(pd, product(fees=fees))) == [("terms.cost", FEES)]


def test_fees_that_a_larger_amount_would_bear_are_not_said_to_bar_every_need() -> None:
    """3,000 yuan are too much of the 11,000 that a rule allows, and little of a million."""
    fees, title = [{**ONCE, "amount_fen": 300_000}], {"zh": "额度", "en": "Amount"}
    small = {"id": "small", "expression": "amount_fen <= 1100000", "title": title, "source": "s", "since": "2025-01-01"}
    need, terms = Need(1_000_000, 1), {"fees": fees, "months": [1, 2]}
    assert changed(matched(0.02, product(**terms), need=need))
    ruled = read_product(a_product(rules=[small], **terms))
    assert blocked(matched(0.02, ruled, need=need)) == [("terms.cost", NONE_FOUND)]


def test_fees_are_not_said_to_bar_needs_that_were_not_priced() -> None:
    """A yearly fee of 30 % is too dear at every one of 600 terms; they are more than a match prices."""
    fees = [{**GUARANTEE, "rate": 0.3}]
    assert blocked(matched(0.02, product(fees=fees, months=[1, 600]))) == [("terms.cost", NONE_FOUND)]


def numbered(count: int, **changes: Any) -> list[Product]:
    """Return products that differ, so that each is priced for itself."""
    fees = changes.pop("fees")
    return [
        read_product(
            {**a_product(rules=[], fees=[{**fee, "payee": f"P{n}"} for fee in fees], **changes), "id": f"p{n}"}
        )
        for n in range(count)
    ]


def test_all_products_of_a_match_share_one_budget_of_loans() -> None:
    """Each would halve its amounts at 600 months by some twenty loans; beside the search each prices a few."""
    dear = numbered(20, fees=[{**GUARANTEE, "amount_fen": 300_000}], months=[600, 600])
    make_loan.cache_clear()
    matched(0.02, *dear, need=Need(1_000_000, 600))
    assert make_loan.cache_info().misses <= MOST_MONTHS_PRICED / 600 + 3 * len(dear)


def test_products_whose_fees_no_need_bears_leave_others_their_share() -> None:
    """The way to the last of eleven is found, whatever those before it took."""
    dear = numbered(10, fees=[{**GUARANTEE, "rate": 0.3}, ONCE], months=[1, 600])
    match = matched(0.02, *dear, product(fees=[ONCE], months=[1, 24]), need=Need(1_000_000, 1))
    assert [bool(refused.recourse.plans) for refused in match.refusals] == [False] * 10 + [True]


@pytest.mark.parametrize("others", [0, 100])
def test_products_that_are_offered_take_nothing_of_a_search(others: int) -> None:
    """The way that there is alone is there among a hundred offers whose fees nobody has to search by."""
    cheap = numbered(others, fees=[{**GUARANTEE, "rate": 0.0001}], months=[1, 24])
    dear = product(fees=[{**ONCE, "amount_fen": 300_000}], months=[12, 24])
    match = matched(0.02, dear, *cheap, need=Need(1_000_000, 24))
    assert len(match.offers) == others
    assert [bool(refused.recourse.plans) for refused in match.refusals] == [True]


@given(st.integers(0, 10**5), st.lists(st.integers(0, 10**4), min_size=1, max_size=30))
def test_shares_of_a_budget_come_to_no_more_than_it(months: int, wanted: list[int]) -> None:
    """And each is at least the part that it would have of the whole."""
    budget, spent = Budget(months), 0
    for turn, each in enumerate(wanted):
        part = budget.share(len(wanted) - turn)
        assert part.left >= months // len(wanted)
        with suppress(Exhausted):
            part.spend(each)
            spent += each
        budget.put_back(part)
    assert spent + budget.left == months


def test_interest_and_fees_that_no_need_bears_together_are_not_put_to_the_risk_alone() -> None:
    fees = [{**GUARANTEE, "rate": 0.04}]
    match = matched(0.37, product(rate={**RATE, "cap": 0.36}, fees=fees))
    assert blocked(match) == [("terms.cost", NONE_FOUND)]


def test_a_price_above_the_cap_follows_from_the_risk_whatever_fees_there_are() -> None:
    assert blocked(matched(0.2, product(fees=[ONCE]))) == [("terms.cost", PRICED)]


@pytest.mark.parametrize("fees", [[], [{**GUARANTEE, "rate": 0.001}]])
def test_interest_that_alone_is_above_the_law_follows_from_the_risk_whatever_fees_there_are(fees: list[Any]) -> None:
    """0.038 + 0.5 · 0.45 = 26.3 % under a cap of 36 %."""
    assert blocked(matched(0.5, product(rate={**RATE, "cap": 0.36}, fees=fees))) == [("terms.cost", PRICED)]


def test_where_the_cost_refuses_every_need_that_is_lent_the_cost_is_named_too() -> None:
    """Half of what is lent at least was asked for; at a PD of 30 % no amount is lent under a cap of 9 %."""
    match = matched(0.3, product(), need=Need(500_000, 12))
    assert dict(blocked(match)) == {"terms.amount-least": CONTRARY, "terms.cost": PRICED}


def test_where_fees_refuse_every_need_that_is_lent_they_are_named_too() -> None:
    match = matched(0.02, product(fees=[{**GUARANTEE, "rate": 0.3}]), need=Need(500_000, 12))
    assert dict(blocked(match)) == {"terms.amount-least": NONE_FOUND, "terms.cost": FEES}


def test_the_nearest_need_that_is_lent_and_bears_its_fees_is_named() -> None:
    """The least amount that is lent would not bear them for a month."""
    (plan,) = changed(matched(0.02, product(fees=[ONCE], months=[1, 1]), need=Need(500_000, 1)))
    assert plan["amount_fen"] > 1_000_000
