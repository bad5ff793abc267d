"""Whom a payment went to: by code, by name, by account, or nobody where that is not clear."""

from __future__ import annotations

import polars as pl
import pytest

from services.profile.book.domain.counterparty import MATCHES, Line, Told, line_of, named_parties, told
from services.profile.standards.names import Book

OWN, ONE, OTHER = "local:E1", "uscc:91330106MA2AXK5R0W", "uscc:91310000MA1FL0TU1X"
FIRMS = {
    OWN: "杭州云帆贸易有限公司",
    ONE: "杭州甲木机械有限公司",
    OTHER: "上海乙火电子有限公司",
    "uscc:A": "宁波丙水服装有限公司",
    "uscc:B": "绍兴丙水服装有限公司",
}
BOOK = Book(FIRMS.items())
KEY = b"key"


def said(name: str | None = None, account: str | None = None, code: str | None = None) -> Line:
    return line_of(OWN, code, name, account, key=KEY)


def alone(line: Line, earlier: dict[tuple[str, str], set[str]] | None = None) -> Told:
    return told([line], BOOK.find, earlier or {})[line]


@pytest.mark.parametrize(
    ("line", "party", "match"),
    [
        (said("杭州甲木机械有限公司"), ONE, "name"),
        (said("杭州甲木机械有限责任公司"), ONE, "name"),
        (said("甲木机械有限公司 6222000000000001"), ONE, "parts"),
        (said("丙水服装有限公司"), None, "unsure"),
        (said("张三"), None, None),
        (said("杭州云帆贸易有限公司"), None, "own"),
        (said(code=OTHER, name="杭州甲木机械有限公司"), OTHER, "code"),
        (said(code=OWN), None, "own"),
        (said(code="上海乙火电子有限公司"), OTHER, "name"),
        (said(), None, None),
    ],
)
def test_a_code_beats_a_name_and_a_name_that_fits_two_firms_tells_nobody(
    line: Line, party: str | None, match: str | None
) -> None:
    """Each line tells one firm and by what, or says why none: every way is explained in both languages."""
    found = alone(line)
    assert (found.party, found.match) == (party, match)
    assert match is None or (MATCHES[match].zh and MATCHES[match].en)


def test_an_account_told_once_tells_the_lines_that_name_nobody() -> None:
    """In one file, and in a later one by what is held; an account of two parties tells none."""
    first, bare = said("杭州甲木机械有限公司", "6222 0000 0000 0001"), said(None, "6222000000000001")
    assert told([first, bare], BOOK.find, {})[bare] == Told(ONE, "account")
    assert bare.account is not None
    assert alone(bare, {(OWN, bare.account): {ONE}}) == Told(ONE, "account")
    assert alone(bare, {(OWN, bare.account): {ONE, OTHER}}).match == "unsure"
    unsure = said("丙水服装有限公司", "6222000000000001")
    assert alone(unsure, {(OWN, bare.account): {"uscc:A"}}) == Told("uscc:A", "account")
    assert alone(said("李四", "6222000000000001"), {(OWN, bare.account): {ONE}}) == Told()


def test_an_account_that_contradicts_a_name_leaves_both_open() -> None:
    """A name of one firm on the account of another is nobody's."""
    line = said("上海乙火电子有限公司", "6222000000000001")
    assert line.account is not None
    assert alone(line, {(OWN, line.account): {ONE}}).match == "unsure"


def test_an_account_is_held_as_a_keyed_hash_and_part_of_one_not_at_all() -> None:
    """No number can be read or guessed without the key; hidden and short numbers tell no party."""
    full = said(None, "6222-0000-0000-0001").account
    assert full is not None
    assert full.startswith("hash:")
    assert "6222" not in full
    assert full != line_of(OWN, None, None, "6222000000000001", key=b"other").account
    assert said(None, "1234****9876").account is None
    assert said(None, "6222").account is None


def test_invoices_name_firms_and_no_persons() -> None:
    """Of a file's names those of credit codes are kept; a buyer without one may be a person."""
    rows = pl.DataFrame(
        {
            "direction": ["sale", "sale", "purchase"],
            "counterparty": ["91330106MA2AXK5R0W", None, OTHER],
            "buyer_name": ["杭州甲木机械有限公司", "张三", "杭州云帆贸易有限公司"],
            "seller_name": ["杭州云帆贸易有限公司"] * 2 + ["上海乙火电子有限公司"],
        }
    )
    assert named_parties(rows).rows() == [(ONE, "杭州甲木机械有限公司"), (OTHER, "上海乙火电子有限公司")]
