"""Counterparties in one spelling, and the enterprise that each stands for."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain.party import as_counterparty, counterparties, named, party_of, written

CODE = "91330106MA2AXK5R0W"
PARTS = st.sampled_from(
    ["local:", "uscc:", "LOCAL:", "no-code", ".0", CODE, *"=\"'’ 019aZ:()【】\t\u200b\u3000甲乙０：．"]
)
ANY = st.lists(PARTS | st.characters(exclude_categories=["Cs"]), max_size=12).map("".join)


@given(st.lists(ANY))
def test_what_is_spelled_once_stays_as_it_is(some: list[str]) -> None:
    """Rows that were stored in the one spelling are read as they are."""
    once = counterparties(pl.Series(some, dtype=pl.String))
    assert counterparties(once).to_list() == once.to_list()


@pytest.mark.parametrize(
    "each",
    [
        CODE,
        f"uscc:{CODE}",
        f"USCC：{CODE.lower()}",
        "９１３３０１０６ｍａ２ａｘｋ５ｒ０ｗ",
        f'="{CODE}"',
        f"'{CODE}",
        f"\u200b{CODE[:9]}\ufeff{CODE[9:]} ",
        "91330106 MA2AXK5R0 W",
    ],
)
def test_a_credit_code_is_one_party_however_it_is_spelled(each: str) -> None:
    """Sources write codes bare, with a scheme, in lower case, full width."""
    assert counterparties(pl.Series([each])).to_list() == [f"uscc:{CODE}"]


@pytest.mark.parametrize(
    ("each", "spelled"),
    [
        ("local:S000001", "S000001"),
        ("S000001", "S000001"),
        ("杭州某某商贸有限公司 ", "杭州某某商贸有限公司"),
        ("杭州某某 商贸有限公司（分）", "杭州某某商贸有限公司(分)"),
        ("ACME  Trading Ltd.", "ACME Trading Ltd."),
        ("０913301062000000056", "0913301062000000056"),
        ("No-Code", None),
        ("\u200b \u3000", None),
    ],
)
def test_other_parties_have_one_spelling_too(each: str, spelled: str | None) -> None:
    """Names keep the blanks between Latin words only; who has no code is nobody."""
    assert counterparties(pl.Series([each])).to_list() == [spelled]


def test_the_party_of_a_counterparty_and_back() -> None:
    """What an enterprise is called on the other side leads back to it."""
    ids = ["local:E1", f"uscc:{CODE}"]
    frame = pl.DataFrame({"id": ids}).select(as_counterparty(pl.col("id")).alias("on"))
    assert frame["on"].to_list() == written(ids)
    assert frame.select(party_of(pl.col("on"))).to_series().to_list() == ids == [named(each) for each in written(ids)]
