"""Signal 9 by goods: a trading firm sells what it never bought; where too little is known, amounts alone decide."""

from __future__ import annotations

from itertools import chain
from typing import Any

import orjson
import polars as pl
import pytest
from invoice_books import purchase, sale
from signal_scenes import records_of, scene

from services.profile.book.domain.invoice_lines import IDENTITY, LINE
from services.profile.watch.domain.signals import BY_KEY, SignalInputs, evaluate

SIGNAL = "purchases-sales-mismatch"
STEEL, TEA, MEALS = "*钢材*螺纹钢", "*茶叶*龙井", "*餐饮服务*餐费"
Row = dict[str, Any]
WHOLESALE = "F5164"


def sales(*goods: str, net: int = 100_00, day: str = "2020-01-05", **more: Any) -> list[tuple[Row, list[Row]]]:
    """Sales invoices of one line each."""
    return [_with_line(sale(day, net, **more), each) for each in goods]


def purchases(*goods: str, net: int = 80_00, day: str = "2019-06-05", **more: Any) -> list[tuple[Row, list[Row]]]:
    return [_with_line(purchase(day, net, **more), each) for each in goods]


def _with_line(invoice: Row, goods: str) -> tuple[Row, list[Row]]:
    name, _, code = goods.partition("#")
    line = {**dict.fromkeys(LINE), "goods": name or None, "class_code": code or None, "net_fen": invoice["net_fen"]}
    return invoice, [line] if goods else []


def book(*parts: list[tuple[Row, list[Row]]], industry: str | None = WHOLESALE) -> SignalInputs:
    """A scene of these invoices and lines, of a firm of an industry."""
    both = [({**row, "number": str(place)}, lines) for place, (row, lines) in enumerate(chain(*parts))]
    told = [
        {**{name: row.get(name) for name in IDENTITY}, "lines": orjson.dumps(lines).decode(), "import_id": "imp_1"}
        for row, lines in both
        if lines
    ]
    firms = [{"enterprise": "local:E1", "industry": industry}]
    return scene(*(row for row, _ in both), firms=firms, invoice_lines=told)


def found(of: SignalInputs) -> dict[str, tuple[float, bool]]:
    """Return value and whether it fires of each category that is told."""
    rows = evaluate(of, [BY_KEY[SIGNAL]]).readings.filter(pl.col("event") != "")
    assert rows["event"].to_list() == rows["subject"].to_list()
    return {row["subject"]: (row["value"], row["fires"]) for row in rows.iter_rows(named=True)}


def test_steel_that_was_never_bought_is_told_with_the_sales_behind_it() -> None:
    """A trader of steel buys meals and tea: half of its sales are of steel."""
    of = book(sales(*[STEEL, TEA] * 5), purchases(*[MEALS, TEA] * 5))
    assert found(of) == {"钢材": (0.5, True)}
    behind = records_of(of, SIGNAL)
    assert set(behind["event"]) == {"钢材"}
    assert behind.height == 5
    assert set(behind["direction"]) == {"sale"}


def test_what_was_bought_within_three_years_is_stock() -> None:
    """Two years ago is within, four years ago is not."""
    rest = purchases(*[TEA] * 10)
    assert found(book(sales(*[STEEL] * 10), rest, purchases(STEEL, day="2018-01-05"))) == {}
    assert found(book(sales(*[STEEL] * 10), rest, purchases(STEEL, day="2016-01-05"))) == {"钢材": (1.0, True)}


def test_what_was_sent_back_was_not_bought() -> None:
    assert found(
        book(sales(*[STEEL] * 10), purchases(*[TEA] * 10), purchases(STEEL), purchases(STEEL, net=-80_00))
    ) == {"钢材": (1.0, True)}


@pytest.mark.parametrize("industry", ["C3110", "制造业", "G5430", None])
def test_only_who_is_known_to_trade_is_judged_by_goods(industry: str | None) -> None:
    """A manufacturer buys steel and sells machines; of whom nothing is known nothing is said."""
    assert found(book(sales(*[STEEL] * 10), purchases(*[TEA] * 10), industry=industry)) == {}


@pytest.mark.parametrize("service", ["*运输服务*运费", "*劳务*加工费", "*经营租赁*房租", "某服务#3040409030000000000"])
def test_services_have_no_stock(service: str) -> None:
    assert found(book(sales(*[service] * 10), purchases(*[TEA] * 10))) == {}


@pytest.mark.parametrize(
    "parts",
    [
        (sales(*[STEEL] * 9), purchases(*[TEA] * 10)),
        (sales(*[STEEL] * 10), purchases(*[TEA] * 9)),
        (sales(*[STEEL] * 7, *[""] * 3), purchases(*[TEA] * 10)),
        (sales(*[STEEL] * 10), purchases(*[TEA] * 7, *[""] * 3)),
        (sales(*[STEEL] * 10), purchases(*["茶叶"] * 10)),
        (sales(*[STEEL] * 10), []),
    ],
)
def test_too_little_known_by_goods_says_nothing(parts: tuple[list[tuple[Row, list[Row]]], ...]) -> None:
    """Too few invoices, too few with lines, or lines without a category, on either side."""
    assert found(book(*parts)) == {}


def test_between_a_tenth_and_a_fifth_an_open_alert_stays_open() -> None:
    """15 % neither fires nor is calm; 5 % is not told, which is calm."""
    near = evaluate(book(sales(*[STEEL] * 3, *[TEA] * 17), purchases(*[TEA] * 10)), [BY_KEY[SIGNAL]]).readings
    assert near.select("value", "fires", "calm").rows() == [(0.15, False, False)]
    assert found(book(sales(STEEL, *[TEA] * 19), purchases(*[TEA] * 10))) == {}


def test_a_code_is_the_category_that_a_name_beside_it_says() -> None:
    """Bought by code alone, sold by name: one line says both. Only codes on both sides are compared as such."""
    code = "1090514010000000000"
    named = sales(*[STEEL] * 10, f"{STEEL}#{code}")
    assert found(book(named, purchases(*[f"钢#{code}"] * 10))) == {}
    other = "1030201010000000000"
    only = book(sales(*[f"钢#{code}"] * 10), purchases(*[f"茶#{other}"] * 10))
    assert found(only) == {code[:7]: (1.0, True)}


def test_lines_of_void_invoices_say_nothing() -> None:
    void = sales(*[STEEL] * 10, status="void")
    assert found(book(void, sales(*[TEA] * 10), purchases(*[TEA] * 10))) == {}
