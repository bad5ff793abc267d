"""What open files tell of debts, equity and supply, and what would lower a firm's risk: from rows written by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from services.profile.book.domain import invoice, payment, relation
from services.profile.graph.domain.contagion.debts import Told, debts
from services.profile.graph.domain.contagion.default import Model
from services.profile.graph.domain.contagion.network import File, Network, Stated, network
from services.profile.graph.domain.contagion.parameters import parameters_on
from services.profile.graph.domain.contagion.rewire import rewire
from services.profile.graph.domain.contagion.shock import Shock, strike

DAY = date(2026, 6, 30)
OWN = frozenset({"imp_own"})


def deal(
    firm: str, direction: str, partner: str | None, fen: int, ago: int = 10, by: str = "imp_tax"
) -> dict[str, Any]:
    day = DAY - timedelta(days=ago)
    same = {"net_fen": fen, "tax_fen": 0, "total_fen": fen, "status": "valid", "version": 1, "import_id": by}
    return {"enterprise": f"local:{firm}", "direction": direction, "counterparty": partner, "date": day, **same}


def paid(firm: str, direction: str, partner: str, fen: int, by: str = "imp_bank") -> dict[str, Any]:
    same = {"status": "valid", "purpose": "goods", "version": 1, "date": DAY, "amount_fen": fen, "import_id": by}
    return {"enterprise": f"local:{firm}", "direction": direction, "counterparty": partner, **same}


def guarantee(firm: str, guarantor: str, fen: int, by: str = "imp_tax", until: date | None = None) -> dict[str, Any]:
    same = {"relation": "guarantor", "since": None, "until": until, "version": 1, "import_id": by}
    return {"enterprise": f"local:{firm}", "party": f"local:{guarantor}", "amount_fen": fen, **same}


def told(
    *deals: dict[str, Any], payments: tuple[dict[str, Any], ...] = (), relations: tuple[dict[str, Any], ...] = ()
) -> Told:
    frames = [
        pl.DataFrame(list(rows), schema=dataset.schema)
        for rows, dataset in (
            (deals, invoice.DATASET),
            (payments, payment.DATASET),
            (relations, relation.DATASET),
        )
    ]
    return Told(frames[0], frames[1], frames[2], DAY, OWN)


def owed(said: Told) -> dict[tuple[str, str, str], tuple[int, int, int, bool]]:
    rows = debts(said, parameters_on(DAY)).rows()
    return {(r[0][6:], r[1][6:], r[2]): (r[3], r[4], r[5], r[6]) for r in rows}


def test_a_debt_is_days_of_sales_where_no_payment_names_the_partner() -> None:
    """30, 90 and 180 days; red letters count; what is bought is owed the other way."""
    said = told(
        deal("A", "sale", "B", 100, 10),
        deal("A", "sale", "B", 200, 60),
        deal("A", "sale", "B", -50, 61),
        deal("A", "sale", "B", 400, 170),
        deal("A", "sale", "B", 800, 300),
        deal("A", "purchase", "C", 70, 5),
        deal("A", "sale", None, 999, 5),
    )
    assert owed(said) == {("A", "B", "trade"): (100, 250, 650, False), ("C", "A", "trade"): (70, 70, 70, False)}


def test_payments_tell_what_is_open_and_the_firms_rhythm() -> None:
    """B paid 900 of 1,000: 36 days of a year, for other customers of A as well."""
    said = told(
        deal("A", "sale", "B", 1000, 200),
        deal("A", "sale", "C", 10, 35),
        deal("A", "sale", "C", 20, 40),
        payments=(paid("A", "in", "B", 900),),
    )
    assert owed(said) == {("A", "B", "trade"): (100, 100, 100, True), ("A", "C", "trade"): (0, 10, 30, False)}


def test_a_debt_that_both_sides_tell_counts_once() -> None:
    said = told(deal("A", "sale", "B", 100), deal("B", "purchase", "A", 120))
    assert owed(said) == {("A", "B", "trade"): (100, 100, 100, False)}


def test_what_a_firm_alone_says_ties_nobody_else_to_it() -> None:
    """Its own claims count; not what it says that others would lose through it."""
    said = told(
        deal("A", "sale", "B", 100, by="imp_own"),
        deal("A", "purchase", "C", 100, by="imp_own"),
        relations=(guarantee("A", "D", 500, by="imp_own"), guarantee("A", "F", 500)),
    )
    assert owed(said) == {("A", "B", "trade"): (100, 100, 100, False), ("F", "A", "guarantee"): (500, 500, 500, True)}


def test_what_a_firm_says_of_itself_makes_no_claim_smaller() -> None:
    """That it was paid, that it gave back, that it sold little: B's file and the tax office say what is open."""
    heard = (deal("A", "sale", "C", 300), deal("B", "purchase", "A", 400))
    plain = {("A", "C", "trade"): (300, 300, 300, False), ("A", "B", "trade"): (400, 400, 400, False)}
    assert owed(told(*heard)) == plain
    invented = (deal("A", "sale", "C", -250, by="imp_own"), deal("A", "sale", "B", 1, by="imp_own"))
    payments = (paid("A", "in", "C", 300, "imp_own"), paid("A", "in", "B", 1, "imp_own"))
    assert owed(told(*heard, *invented, payments=payments)) == plain


@pytest.mark.parametrize("invented", [("sale", "D"), ("sale", None), ("purchase", "D")])
def test_invented_partners_make_a_real_one_no_less_needed(invented: tuple[str, str | None]) -> None:
    """What A would lose with B, to whom it sells all and of whom it buys all that others tell of."""
    heard = (deal("A", "sale", "B", 100), deal("A", "purchase", "B", 100))
    fails = Shock(1.0, ("local:B",))
    losses = [
        strike(of(told(*deals), A=File(industry="C"), B=File(industry="C")), fails, Model.LINEAR).effects[0].production
        for deals in (heard, (*heard, deal("A", *invented, 10_000, by="imp_own")))
    ]
    assert losses == [1.0, 1.0]


def test_a_guarantee_that_has_ended_is_none() -> None:
    assert owed(told(relations=(guarantee("A", "F", 500, until=DAY - timedelta(days=1)),))) == {}


HEARD = Stated(500, "government")


def of(said: Told, **files: File) -> Network:
    return network(said, {f"local:{name}": file for name, file in files.items()})


def test_a_guarantor_loses_what_it_stands_for() -> None:
    """Capital of 1,000 fen, 75 % of 400 lost; through a firm whose file is open."""
    made = of(told(relations=(guarantee("A", "F", 400),)), A=File(), F=File(capital=Stated(1000, "government")))
    found = {each.enterprise: each for each in strike(made, Shock(1.0, ("local:A",)), Model.LINEAR).effects}
    struck = found["local:F"]
    assert struck.equity.value == pytest.approx(0.3)
    assert (struck.equity.low, struck.equity.high) == (pytest.approx(0.08), pytest.approx(0.8))
    assert [(hop.debtor, hop.tie, hop.told) for hop in struck.path] == [("local:A", "guarantee", True)]


def test_equity_is_stated_capital_else_of_assets_else_of_a_years_trade_that_others_say() -> None:
    said = told(deal("A", "sale", "X", 1000), deal("B", "sale", "X", 1000), deal("C", "sale", "X", 1000))
    made = of(said, A=File(capital=Stated(77, "court"), assets=HEARD), B=File(assets=HEARD), C=File())
    equity = dict(zip(made.firms, made.ties("value").equity.tolist(), strict=True))
    assert {name: equity[f"local:{name}"] for name in "ABC"} == {"A": 77, "B": 200, "C": 150}
    own = of(told(deal("C", "sale", "X", 1000, by="imp_own")), C=File())
    assert own.ties("value").equity[own.place["local:C"]] == 0


def test_who_stated_a_firm_s_equity_is_told_and_its_own_word_only_lessens_it() -> None:
    """Others state 500 fen of assets, of which 40 %; or trade of 1,000, of which 15 %; the firm says more, or less."""
    said = told(deal("C", "sale", "X", 1000), deal("D", "sale", "X", 1000))
    made = of(
        said,
        A=File(assets=HEARD, own_assets=9_000),
        B=File(assets=HEARD, own_assets=100),
        C=File(own_assets=9_000),
        D=File(own_assets=100),
        E=File(own_assets=9_000),
    )
    found = {name: made.equity_of(f"local:{name}") for name in "ABCDE"}
    assert {name: (each.fen, str(each.rests_on), each.stated_by) for name, each in found.items()} == {
        "A": (200, "assets", "government"),
        "B": (40, "assets", "subject"),
        "C": (150, "trade", None),
        "D": (40, "assets", "subject"),
        "E": (0, "trade", None),
    }


def test_an_essential_supplier_stops_a_maker_and_costs_a_trader_its_share() -> None:
    """Two farms supply a mill (C13) and a shop (F52); each buys as much from the farm as from a lawyer (L72)."""
    said = told(
        deal("Mill", "purchase", "Farm", 50),
        deal("Mill", "purchase", "Law", 50),
        deal("Shop", "purchase", "Farm", 50),
        deal("Shop", "purchase", "Law", 50),
    )
    industries = {"Mill": "C13", "Shop": "F52", "Farm": "A01", "Law": "L72"}
    made = of(said, **{name: File(industry=code) for name, code in industries.items()})
    outcome = strike(made, Shock(1.0, ("local:Farm",)), Model.LINEAR)
    lost = {each.enterprise[6:]: each.production for each in outcome.effects}
    assert (lost["Mill"], lost["Shop"], lost["Law"]) == (1.0, 0.5, 0.0)


def test_shifting_trade_to_another_customer_lowers_the_worst_loss_as_worked_out_anew() -> None:
    """A sold B 800 and C 200; equity 15 % of 1,000 of sales is less than 75 % of 800, so capital is stated."""
    said = told(deal("A", "sale", "B", 800), deal("A", "sale", "C", 200), deal("A", "purchase", "S", 100))
    made = of(said, A=File(capital=Stated(1000, "government")))
    customers, suppliers = rewire(made, "local:A")
    assert (customers.strongest, customers.now.worst) == ("local:B", pytest.approx(0.6))
    [shift] = customers.shifts
    assert (shift.to, shift.after.worst) == ("local:C", pytest.approx(0.54))
    moved = told(deal("A", "sale", "B", 720), deal("A", "sale", "C", 280))
    again = rewire(of(moved, A=File(capital=Stated(1000, "government"))), "local:A")[0]
    assert (again.now.worst, again.now.mean) == (pytest.approx(shift.after.worst), pytest.approx(shift.after.mean))
    # The only supplier has none beside it.
    assert (suppliers.strongest, suppliers.now.worst, suppliers.shifts) == ("local:S", 1.0, ())


def test_a_customer_that_pays_late_is_no_relief() -> None:
    """C owes all that it bought in the year: sales moved to it stay open, so nothing is lower by going there."""
    said = told(
        deal("A", "sale", "B", 1000, 300),
        deal("A", "sale", "C", 1000, 300),
        payments=(paid("A", "in", "B", 500), paid("A", "in", "C", 1)),
    )
    customers, _ = rewire(of(said, A=File(capital=Stated(10_000, "government"))), "local:A")
    assert customers.strongest == "local:C"
    assert [shift.to for shift in customers.shifts] == ["local:B"]
    assert customers.shifts[0].after.mean < customers.now.mean
