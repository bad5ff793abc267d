"""Parties of relations: enterprises by their id, everybody else as a keyed hash."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain.relation import sealed

KEY = b"k" * 32
FIRM = "91110000600037341L"
NUMBER = r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]"


def held(relation: str, *parties: str, key: bytes = KEY) -> list[str]:
    rows = pl.DataFrame({"relation": [relation] * len(parties), "party": list(parties)})
    found: list[str] = sealed(rows, key)["party"].to_list()
    return found


@pytest.mark.parametrize(
    ("relation", "ways"),
    [
        ("shareholder", ("王小明", "王 小明", " 王小明 ")),
        ("phone", ("13800138000", "+86 138-0013-8000", "１３８００１３８０００", "0086 13800138000")),
        ("shareholder", ("甲（北京）科技有限公司", "甲(北京)科技有限公司")),
        ("address", ("北京市海淀区学院路1号", "海淀区学院路１号")),
        ("address", ("北京市海淀区 1 号", "北京市海淀区1号", "北京市海淀区１号")),
    ],
)
def test_spelling_makes_no_difference(relation: str, ways: tuple[str, ...]) -> None:
    """The same person, phone or address is found equal however it was typed."""
    assert len(set(held(relation, *ways))) == 1


def test_one_person_is_the_same_in_every_relation() -> None:
    """A shareholder who is in charge too is found by both."""
    assert held("shareholder", "王小明") == held("person-in-charge", "王小明") != held("address", "王小明")


def test_without_the_key_nobody_can_test_a_guess() -> None:
    """Another key gives other hashes."""
    assert held("phone", "13800138000") != held("phone", "13800138000", key=b"x" * 32)


def test_enterprises_stay_readable_where_a_party_may_be_one() -> None:
    """A credit code or an id with its scheme is an enterprise; a person in charge never is."""
    assert held("guarantor", FIRM, "local:E7") == [f"uscc:{FIRM}", "local:E7"]
    assert all(party.startswith("hash:") for party in held("person-in-charge", FIRM, "local:E7"))


@given(
    st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]", fullmatch=True)
)
def test_a_persons_number_is_never_taken_for_a_firms_code(number: str) -> None:
    """Both have 18 characters, and some of the former would pass the checks of the latter."""
    assert held("shareholder", number)[0].startswith("hash:")


@given(st.text(min_size=1).filter(lambda text: ":" not in text and len(text) != 18))
def test_no_text_shines_through(party: str) -> None:
    """What is held is the hash's digits alone."""
    [kept] = held("shareholder", party)
    assert kept.startswith("hash:")
    assert len(kept) == 37
