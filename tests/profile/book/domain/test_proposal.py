"""A mapping proposes itself: what a table is and what its columns are, surely where known, never without a reason."""

from __future__ import annotations

import csv
import io
from datetime import date

import polars as pl
import pytest

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.connector import connector
from services.profile.book.domain.proposal.declare import declaration
from services.profile.book.domain.proposal.propose import Proposal, is_header, propose
from services.profile.book.domain.proposal.values import date_form, owner, sample
from services.profile.book.domain.proposal.words import distance, likeness
from services.profile.book.domain.titles import names
from services.profile.book.readers.forms import connectors

TODAY = date(2026, 11, 29)
SELLER, BUYER, OTHER = "91350100M000100Y43", "911100001000013428", "91330106100000016Y"
ENGLISH = (
    "Invoice No,Invoice Date,Customer Tax ID,Net,VAT,Gross,State\n"
    f"26952000003230152945,2026-03-01,{BUYER},100.00,13.00,113.00,normal\n"
    f"26952000003230152946,2026-03-02,{OTHER},200.00,26.00,226.00,void\n"
    f"26952000003230152947,2026-03-02,{BUYER},300.00,39.00,339.00,valid\n"
)
ODD_BANK = (
    "过账日期,摘要,借方发生额（元）,贷方发生额（元）,帐户余额,交易对方名称,业务流水\n"
    '2026-03-01,x,,"11,300.00","20,000.00",甲公司,1\n'
    '2026-03-02,x,"1,300.00",,"18,700.00",乙公司,2\n'
    "2026-03-03,x,300.00,,18400.00,乙公司,3\n"
    '2026-03-04,x,,300.00,"18,700.00",乙公司,4\n'
)


def table(text: str) -> tuple[list[str], pl.DataFrame]:
    titles, *rows = csv.reader(io.StringIO(text))
    columns = {name: [row[at] or None for row in rows] for at, name in enumerate(names(titles))}
    return titles, pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def proposed(text: str) -> Proposal:
    titles, frame = table(text)
    return propose(titles, frame, KINDS, list(connectors().values()), TODAY)[0]


def taken(text: str) -> dict[str, str]:
    return {one.title: one.taken.column for one in proposed(text).columns if one.taken}


def test_english_headers_are_understood_by_words_and_values() -> None:
    """Nothing of it is a known title but Net; sums, numbers and codes bear the rest out."""
    assert taken(ENGLISH) == {
        "Invoice No": "number",
        "Invoice Date": "date",
        "Customer Tax ID": "counterparty",
        "Net": "net_fen",
        "VAT": "tax_fen",
        "Gross": "total_fen",
        "State": "status",
    }
    assert proposed(ENGLISH).missing == ("enterprise",)


def test_every_column_that_is_taken_has_a_reason_in_both_languages() -> None:
    for one in proposed(ENGLISH).columns:
        assert one.taken is not None
        assert all(" / " in part for part in one.taken.reason.split("; ")), one.taken.reason
        assert 0 < one.taken.confidence <= 1


def test_a_statement_of_a_bank_that_nobody_knows_is_a_payment_with_two_columns() -> None:
    """Debit and credit by words and by the balance that moves with them."""
    found = taken(ODD_BANK)
    assert proposed(ODD_BANK).kind == "payments"
    assert found["借方发生额（元）"] == "amount_fen/out"
    assert found["贷方发生额（元）"] == "amount_fen/in"
    assert (found["过账日期"], found["帐户余额"]) == ("date", "balance_fen")


def test_a_proposal_can_be_saved_as_it_is() -> None:
    """Its declaration makes a connector whose form fits the file."""
    titles, frame = table(ODD_BANK)
    declared = declaration(proposed(ODD_BANK), frame, TODAY)
    assert declared["split"]["titles"] == {"in": "贷方发生额（元）", "out": "借方发生额（元）"}
    form = connector("mine", {"title": {}, **declared}).form.of("local:E1")
    assert {column.name for column in form.match(titles).found.values()} >= {"date", "balance_fen"}


def test_signs_words_and_foreign_dates_are_declared() -> None:
    """One amount with a sign tells the direction, dates of another form and words that hold a known one are mapped."""
    text = "记账日,金额,余额\n31.01.2024,5.00,105.00\n14.02.2024,-7.00,98.00\n15.02.2024,1.00,99.00\n"
    declared = declaration(proposed(text), table(text)[1], TODAY)
    assert (declared["split"]["signed"], declared["dates"], declared["made"]) == (
        ["金额"],
        {"date": "%d.%m.%Y"},
        ["reference"],
    )
    text = (
        "发票号码,开票日期,购方识别号,金额,税额,价税合计,发票状态\n"
        + f"1,2024-01-31,{BUYER},1.00,0.13,1.13,该票作废\n" * 2
    )
    declared = declaration(proposed(text), table(text)[1], TODAY)
    assert declared["values"]["status"]["该票作废"] == "void"


@pytest.mark.parametrize(
    ("days", "form"),
    [
        (["31/01/2024", "01/02/2024"], "%d/%m/%Y"),
        (["01/31/2024", "02/01/2024"], "%m/%d/%Y"),
        (["01/02/2024", "03/04/2024"], None),
        (["2024-01-31"], None),
        (["x", "y"], None),
    ],
)
def test_a_form_of_dates_is_proposed_only_where_it_can_be_no_other(days: list[str], form: str | None) -> None:
    date_column = next(column for column in KINDS["payments"].columns if column.name == "date")
    assert date_form(date_column, sample(pl.Series(days)), TODAY) == form


def test_a_known_title_with_other_values_is_unsure_and_says_so() -> None:
    """The title alone books nothing."""
    text = "企业代号,发票号码,开票日期,销方单位代号,金额,税额,价税合计,发票状态\nE1,1,甲,A,x,y,z,q\n"
    titles, frame = table(text)
    [found] = propose(titles, frame, ["invoices.purchase"], (), TODAY)
    money = next(one for one in found.columns if one.title == "金额")
    assert money.taken is None
    assert "but 0% of its values" in money.guesses[0].reason


def test_each_of_our_columns_is_given_once() -> None:
    """The surest takes it; the other shows it as a possibility."""
    text = "发票号码,票据号码,开票日期\n1,2,2024-01-01\n"
    columns = [one.taken.column for one in proposed(text).columns if one.taken]
    assert len(columns) == len(set(columns))


def test_what_is_no_table_of_ours_is_nothing_surely() -> None:
    """Garbage gets a low confidence and no columns."""
    found = proposed("a,b\n1,x\n2,y\n")
    assert found.confidence < 0.4
    assert found.taken == {}


def test_the_firm_of_a_file_is_the_code_that_stands_in_every_row() -> None:
    """On one side or the other; where two do, nobody says which."""
    sides = {"seller": sample(pl.Series([SELLER, SELLER, BUYER])), "buyer": sample(pl.Series([BUYER, OTHER, SELLER]))}
    assert owner(sides) == f"uscc:{SELLER}"
    assert owner({"seller": sample(pl.Series([SELLER])), "buyer": sample(pl.Series([BUYER]))}) is None
    assert owner({"seller": sample(pl.Series([SELLER]))}) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["企业代号", "发票号码", "开票日期"], True),
        (["a", "b"], True),
        (["26952000003230152945", "2026-03-01", BUYER, "100.00", "normal"], False),
        (["E1", "1001", "2019/1/4", "A1", "100.00"], False),
        (["2024年销售额", "日期"], True),
    ],
)
def test_a_line_of_values_is_no_header(line: list[str], *, expected: bool) -> None:
    assert is_header(line) == expected


def test_likeness_falls_with_the_letters_that_differ() -> None:
    """Known, known but for brackets, held in each other, misspelt, foreign."""
    known = ("开票日期",)
    weights = [
        likeness(title, known, "none").weight for title in ("开票日期", "开票日期(必填)", "发票开票日期", "开票曰期")
    ]
    assert weights == sorted(weights, reverse=True)
    assert min(weights) > 0
    assert likeness("备注", known, "none").weight == 0


@pytest.mark.parametrize(
    ("one", "other", "steps"), [("", "", 0), ("abc", "abd", 1), ("a", "abc", 2), ("kitten", "sitting", 3)]
)
def test_the_distance_of_texts_counts_letters(one: str, other: str, steps: int) -> None:
    assert distance(one, other) == distance(other, one) == steps
