"""The laws of cross-comparison, whatever the book."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from crosscheck_material import around, fitted, material

from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.book.domain import invoice
from services.profile.book.domain.evidence import ENTERPRISES, empty, evidence
from services.profile.portrait.domain.crosscheck import Material, check, pass_rate, rules, tally, tally_book
from services.profile.portrait.domain.crosscheck.check import PAIRED
from services.profile.portrait.domain.crosscheck.rule import FINDINGS, Rule, Side

DAY = date(2024, 6, 30)


@pytest.fixture(scope="module")
def honest() -> Material:
    return material(records(simulate(Plan(firms=60, months=18))))


def sale(
    number: str = "00000001", total: int = 113_00, tax: int = 13_00, day: date = DAY, **other: str
) -> dict[str, Any]:
    """Return one valid sale of `local:A` to `local:B`."""
    row = {
        "enterprise": "local:A",
        "direction": "sale",
        "date": day,
        "number": number,
        "counterparty": "local:B",
        "net_fen": total - tax,
        "tax_fen": tax,
        "total_fen": total,
        "status": "valid",
    }
    return row | other


def purchase(number: str, days: int) -> dict[str, Any]:
    """Return what `local:B` says of a sale by `local:A` some days before."""
    day = DAY - timedelta(days=days)
    return sale(number, enterprise="local:B", counterparty="local:A", direction="purchase", day=day)


def book(*invoices: dict[str, Any], **firm: Any) -> Material:
    """Return a book of these invoices, and of `local:A` with these attributes."""
    frame = fitted(pl.DataFrame(list(invoices)), invoice.SCHEMA)
    firms = fitted(pl.DataFrame([{"enterprise": "local:A"} | firm, {"enterprise": "local:B"}]), ENTERPRISES)
    return around(evidence(frame, {}, firms), DAY)


def contradictions(compared: Material, rule: str) -> pl.DataFrame:
    return check(compared).filter(pl.col("contradicts"), pl.col("rule") == rule)


def test_every_declared_rule_has_its_pairs() -> None:
    """Data and code name the same rules, twelve at least."""
    assert [rule.key for rule in rules()] == list(PAIRED)
    assert len(rules()) >= 12


def test_nothing_known_is_nothing_compared(honest: Material) -> None:
    """An empty book has no findings, in the declared shape."""
    found = check(replace(honest, evidence=empty(), mirrored=honest.mirrored.clear(), books=honest.books.clear()))
    assert found.is_empty()
    assert dict(found.schema) == FINDINGS


def test_one_firm_s_checks_are_those_of_the_whole_book(honest: Material) -> None:
    """Asking for one firm compares exactly what the book's run compares for it."""
    firm = honest.evidence.invoices["enterprise"].mode()[0]
    own = pl.col("enterprise") == firm
    tables = {name: getattr(honest.evidence, name).filter(own) for name in honest.evidence.__slots__}
    alone = replace(
        honest,
        evidence=type(honest.evidence)(**tables),
        mirrored=honest.mirrored.filter(pl.col("counterparty") == firm),
    )
    assert check(alone).equals(check(honest).filter(own))


def test_the_order_of_records_does_not_matter(honest: Material) -> None:
    """Shuffled tables give the same findings in the same order."""
    shuffled = {
        name: getattr(honest.evidence, name).sample(fraction=1, shuffle=True, seed=3)
        for name in honest.evidence.__slots__
    }
    again = check(replace(honest, evidence=type(honest.evidence)(**shuffled)))
    keys = ["rule", "enterprise", "subject", "left", "right", "contradicts"]
    assert again.select(keys).equals(check(honest).select(keys))


def test_a_rule_holds_from_its_day_on(honest: Material) -> None:
    """The size classes of 2017 judge nobody before."""
    early = replace(honest, as_of=date(2017, 1, 1))
    assert "size-class" not in check(early)["rule"]
    assert "size-class" in check(honest)["rule"]


@pytest.mark.parametrize(
    ("side", "left", "right", "expected"),
    [
        ("above", 111.0, 100.0, False),
        ("above", 113.0, 100.0, True),
        ("above", 50.0, 100.0, False),
        ("below", 50.0, 100.0, True),
        ("both", 50.0, 100.0, True),
        ("both", 100.0, 100.0, False),
        ("both", None, 100.0, True),
        ("above", None, 100.0, True),
        ("both", None, None, False),
    ],
)
def test_the_verdict(side: Side, left: float | None, right: float | None, expected: bool) -> None:
    """Tolerance is 1 + 10 % of the larger value, inclusive; a silent side contradicts."""
    rule: Rule = replace(rules()[0], side=side, absolute=1.0, relative=0.10)
    frame = pl.DataFrame({"left": [left], "right": [right]}, schema={"left": pl.Float64, "right": pl.Float64})
    assert frame.select(rule.contradicts()).item() is expected


def test_a_partner_without_a_book_of_the_day_is_not_silent() -> None:
    """Only a book that covers the day can leave an invoice out."""
    assert contradictions(book(sale(), purchase("7", days=9)), "mirrored-invoice").is_empty()


def test_a_partner_who_leaves_an_invoice_out_contradicts() -> None:
    """Its value is null: the source that should speak is silent."""
    stated = [sale(number, day=DAY - timedelta(days=days)) for number, days in (("7", 9), ("8", 5), ("9", 0))]
    found = contradictions(book(*stated, purchase("7", days=9), purchase("9", days=0)), "mirrored-invoice")
    own = found.filter(pl.col("enterprise") == "local:A")
    assert own.select("subject", "left", "right").rows() == [("8", 11300.0, None)]


@pytest.mark.parametrize(
    ("day", "tax", "expected"), [("2018-04-30", 17, 0), ("2018-05-01", 17, 1), ("2019-04-01", 16, 1)]
)
def test_the_highest_rate_is_that_of_the_day(day: str, tax: int, expected: int) -> None:
    """17 % until 30 April 2018, 16 % until 31 March 2019, 13 % since."""
    net = 10_000_00
    one = sale(total=net + net * tax // 100, tax=net * tax // 100, day=date.fromisoformat(day))
    assert contradictions(book(one), "tax-above-rate").height == expected


def red(number: str, net: int, tax: int, day: date, **more: str) -> dict[str, Any]:
    """Return a red letter."""
    return sale(number, -net - tax, -tax, day, **more)


def test_a_red_letter_takes_the_rate_of_the_sale_that_it_cancels() -> None:
    """16 % in May 2019 is lawful where it cancels a sale of March, and not for a new sale."""
    march, may = date(2019, 3, 10), date(2019, 5, 10)
    rows = [sale("1", 1160_00, 160_00, march), red("2", 1000_00, 160_00, may), sale("3", 1160_00, 160_00, may)]
    assert contradictions(book(*rows), "tax-above-rate")["subject"].to_list() == ["3"]


def test_no_red_letter_is_above_every_rate_there_was() -> None:
    """Seventeen percent was the highest."""
    one = red("2", 1000_00, 180_00, date(2024, 5, 10))
    assert contradictions(book(one), "tax-above-rate").height == 1


@pytest.mark.parametrize(
    ("taken", "expected"), [([100_00], 0), ([60_00, 40_00], 0), ([60_00, 50_00], 1), ([101_00], 1)]
)
def test_red_letters_stay_within_the_invoice_that_they_cancel(taken: list[int], expected: int) -> None:
    """Together, since an invoice may be cancelled in parts."""
    reds = [red(f"9{place}", net, 0, DAY, blue_number="1") for place, net in enumerate(taken)]
    found = contradictions(book(sale("1", 100_00, 0), *reds), "red-above-blue")
    assert found["subject"].to_list() == ["1"] * expected


def test_the_pass_rate_weighs_rules_not_rows(honest: Material) -> None:
    """It is the mean over rules of the share that agrees, between 0 and 1."""
    findings = check(honest)
    firm = findings["enterprise"][0]
    rows = tally(findings).filter(pl.col("enterprise") == firm)
    shares = [1 - bad / compared for bad, compared in rows.select("contradictions", "compared").rows()]
    found = pass_rate(tally(findings)).row(by_predicate=pl.col("enterprise") == firm, named=True)
    assert found["pass_rate"] == pytest.approx(sum(shares) / len(shares))


def test_a_book_is_tallied_without_its_rows(honest: Material) -> None:
    """The short way counts what the long way lists."""
    long, short = tally(check(honest)), tally_book(honest)
    assert short.sort("enterprise", "rule").equals(long.sort("enterprise", "rule"))


def test_few_rows_are_compared_as_many_are(honest: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether polars looks for a better plan first or not: what is found is the same, to the last bit."""
    few, counted = check(honest), tally_book(honest)
    monkeypatch.setitem(tally_book.__globals__, "FEW", 0)
    assert check(honest).equals(few)
    assert tally_book(honest).sort("enterprise", "rule").equals(counted.sort("enterprise", "rule"))
