"""Figures as people read them, and what people type as figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.portal import figures

FEN = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (0, "0 万元", "¥0k"),
        (1_234_567_89, "123.5 万元", "¥1,235k"),
        (-50_000_000, "−50 万元", "¥−500k"),
        (12_345, "0.0123 万元", "¥0.12k"),
    ],
)
def test_money_is_said_in_the_unit_of_the_language(fen: int, zh: str, en: str) -> None:
    """万元 for Chinese readers, thousands of yuan for English ones."""
    assert f">{zh}<" in figures.money("zh", fen)
    assert f">{en}<" in figures.money("en", fen)


@given(FEN)
def test_the_tooltip_holds_the_exact_amount(fen: int) -> None:
    """What the tooltip says, read back, is the amount to the fen."""
    said = figures.exact_yuan(fen).replace("¥", "").replace(",", "").replace("−", "-").replace(".", "")
    assert int(said) == fen


@pytest.mark.parametrize(
    ("written", "shown"),
    [("0.13", "13%"), ("0.015", "1.5%"), ("0", "0%"), ("1", "100%"), ("免税", "免税"), (None, "—")],
)
def test_a_rate_of_tax_is_said_as_invoices_print_it(written: str | None, shown: str) -> None:
    assert figures.tax_rate(written) == shown


@given(st.integers(10, 10_000_000))
def test_an_amount_typed_in_wan_is_exact(tenths: int) -> None:
    """0.1 万元 steps become fen without a rounding error."""
    typed = f"{tenths // 10}.{tenths % 10}"
    expected = tenths * 100_000
    assert figures.fen_of_wan(typed) == (expected if expected <= 100_000 * 1_000_000 else None)


@pytest.mark.parametrize("typed", ["", "五十", "0", "-5", "100001", "1e400", "nan", "inf", "0.12345678"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    """Words, nothing, too much, too little, fractions of a fen."""
    assert figures.fen_of_wan(typed) is None


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.2183, "ratio", "21.8%"),
        (14, "month", "14 个月"),
        (3.0, "count", "3"),
        (None, "ratio", "—"),
        ("BB", None, "BB"),
        (-0.012, "per-month", "−0.012 / 月"),
    ],
)
def test_a_measure_is_said_with_its_unit(value: object, unit: str | None, said: str) -> None:
    """As the feature catalogue names units."""
    assert figures.measure("zh", value, unit) == said


def test_an_instant_is_shown_in_china_time() -> None:
    """Half past eleven at night in Greenwich is the next morning in Shanghai."""
    assert ">2026-11-23 07:30<" in figures.instant("2026-11-22T23:30:00Z")
