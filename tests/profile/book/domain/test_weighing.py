"""What a file says anew beside what is held, and what of it stands: laws and cases, kept to values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain import payment, tax_filing
from services.profile.book.domain.channel import Standing
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.invoice import CONTENT, DATASET, as_known
from services.profile.book.domain.versions import MOST, NOT_YOURS, TOO_OFTEN, Weighed, weigh

START = datetime(2026, 1, 1, tzinfo=UTC)
DIGITAL = "26332000000000000901"
INVOICE: dict[str, Any] = dict.fromkeys(CONTENT) | {
    "direction": "sale",
    "enterprise": "local:E1",
    "code": None,
    "number": DIGITAL,
    "counterparty": "B1",
    "date": date(2025, 6, 1),
    "total_fen": 11300,
    "net_fen": 10000,
    "tax_fen": 1300,
    "status": "valid",
}
OLD = INVOICE | {"number": "00012345"}


class Book:
    """What is held of a kind, with each file weighed as it comes."""

    def __init__(self, dataset: Dataset = DATASET) -> None:
        self.dataset, self.held, self.imports = dataset, dataset.empty(), count(1)

    def take(self, *rows: dict[str, Any], **stands: Any) -> Weighed:
        """Take one file in, as import imp_1, imp_2 and so on."""
        schema = {name: self.dataset.schema[name] for name in self.dataset.content} | {"line": pl.Int64()}
        frame = pl.DataFrame([{**row, "line": line} for line, row in enumerate(rows, 2)], schema=schema)
        number = next(self.imports)
        weighed = weigh(self.dataset, frame, self.held, Standing(**stands))
        known = pl.lit(START + timedelta(days=number)).cast(self.dataset.schema["known_at"]).alias("known_at")
        new = weighed.rows.with_columns(known, pl.lit(f"imp_{number}").alias("import_id"))
        self.held = pl.concat([self.held, new.select(list(self.dataset.schema))])
        return weighed

    def known(self, *names: str) -> list[tuple[Any, ...]]:
        """Return what stands, sorted."""
        return sorted(self.dataset.as_known(self.held).select(names or self.dataset.content).rows(), key=str)


def content_hash(book: Book) -> int:
    """Return a hash of what stands, whatever the order in which it came."""
    return hash(tuple(book.known()))


# Each line has a number of its own, so that no two of them speak of the same thing.
distinct = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["valid", "void"]), st.sampled_from(["B1", None]), st.booleans()),
    max_size=12,
    unique_by=lambda each: each[0],
)


def invoices(drawn: list[tuple[int, str, str | None, bool]]) -> list[dict[str, Any]]:
    return [
        INVOICE | {"number": f"{number:020}" if digital else str(number + 1), "status": status, "counterparty": party}
        for number, status, party, digital in drawn
    ]


@given(distinct, st.randoms(), st.integers(0, 12))
def test_order_and_parts_of_a_file_do_not_matter(drawn: Any, random: Any, cut: int) -> None:
    """One file, its rows in another order, or in two files: the same book."""
    rows = invoices(drawn)
    mixed = random.sample(rows, len(rows))
    whole, shuffled, parts = Book(), Book(), Book()
    whole.take(*rows)
    shuffled.take(*mixed)
    parts.take(*rows[:cut])
    parts.take(*rows[cut:])
    assert content_hash(whole) == content_hash(shuffled) == content_hash(parts)


statement = st.builds(
    lambda number, status, total: INVOICE | {"number": number, "status": status, "total_fen": total},
    st.sampled_from([DIGITAL, "26332000000000000902", "12345"]),
    st.sampled_from(["valid", "void"]),
    st.sampled_from([11300, 22600]),
)


@given(st.lists(st.lists(statement, max_size=6), max_size=3))
def test_a_file_sent_twice_in_a_row_changes_nothing(files: list[list[dict[str, Any]]]) -> None:
    """The second time all of its rows are repeats."""
    book = Book()
    for rows in files:
        book.take(*rows)
        assert book.take(*rows).rows.is_empty()


@given(st.lists(statement, min_size=1, max_size=8))
def test_the_last_statement_stands(said: list[dict[str, Any]]) -> None:
    """One file a statement: each thing is as it was said last, A → B → A ends at A, and versions have no gaps."""
    book = Book()
    for each in said:
        book.take(each)
    digital = {each["number"]: each for each in said if len(each["number"]) == 20}
    old = {(each["number"], each["total_fen"]): each for each in said if len(each["number"]) != 20}
    wanted = [tuple(each[name] for name in CONTENT) for each in (*digital.values(), *old.values())]
    assert book.known() == sorted(wanted, key=str)
    versions = book.held.group_by(DATASET.key).agg(pl.col("version").sort())["version"]
    assert all(each == list(range(1, len(each) + 1)) for each in versions.to_list())


@pytest.mark.parametrize(
    "changed",
    [
        {"total_fen": 11301, "net_fen": 10001},
        {"counterparty": "某公司"},
        {"counterparty": None},
        {"date": date(2025, 7, 1)},
        {"status": "void"},
        {"code": "033002100411"},
        {"direction": "purchase"},
    ],
)
def test_twenty_digits_are_one_invoice_whatever_else_is_said(changed: dict[str, Any]) -> None:
    """A later statement is a new version, and the only one that counts; its first day shows it no more."""
    book = Book()
    book.take(INVOICE)
    book.take(INVOICE | changed)
    assert book.held["version"].to_list() == [1, 2]
    [known] = book.known()
    assert known == tuple((INVOICE | changed)[name] for name in CONTENT)
    assert as_known(book.held, known_at=START + timedelta(days=1)).height == 1
    seen = as_known(book.held, as_of=date(2025, 6, 1)).height
    assert seen == (0 if "date" in changed else 1)


def test_older_numbers_are_used_again() -> None:
    """Another total, party or day is another invoice; another status is a version."""
    book = Book()
    book.take(OLD, OLD | {"total_fen": 1}, OLD | {"counterparty": "B2"}, OLD | {"date": date(2025, 6, 2)})
    book.take(OLD | {"status": "void"})
    assert (len(book.known()), book.held.height) == (4, 5)


def test_equal_rows_of_old_numbers_are_one() -> None:
    """A book of exact repeats keeps its counts."""
    book = Book()
    assert book.take(OLD, OLD, OLD | {"counterparty": None}, OLD | {"counterparty": None}).rows.height == 2


FILING: dict[str, Any] = {
    "tax": "vat",
    "enterprise": "local:E1",
    "period_start": date(2026, 1, 1),
    "period_end": date(2026, 1, 31),
    "declared_sales_fen": 10000000,
    "due_fen": 300000,
    "paid_fen": 300000,
    "due_on": date(2026, 2, 15),
    "filed_on": date(2026, 2, 10),
    "paid_on": date(2026, 2, 11),
}
UNPAID = FILING | {"paid_fen": 0, "paid_on": None}


def test_a_correction_of_a_correction_lands_and_is_told() -> None:
    """Paid, by mistake unpaid, paid again: the third statement is version 3."""
    book = Book(tax_filing.DATASET)
    book.take(FILING)
    book.take(UNPAID)
    back = book.take(FILING, days={"imp_1": date(2026, 2, 12), "imp_2": date(2026, 2, 13)})
    assert book.held["version"].to_list() == [1, 2, 3]
    assert book.known("paid_fen") == [(300000,)]
    [told] = back.told
    assert "1 records go back to what version 1 of 2026-02-12 said" in told
    assert "恢复为" in told


def test_an_old_file_sent_again_changes_nothing_and_says_so() -> None:
    """The same file, byte for byte: its row was superseded since."""
    book = Book(tax_filing.DATASET)
    book.take(FILING)
    book.take(UNPAID)
    days = {"imp_1": date(2026, 2, 12), "imp_2": date(2026, 2, 13)}
    again = book.take(FILING, again=True, days=days)
    assert (again.rows.height, again.refused) == (0, ())
    assert book.known("paid_fen") == [(0,)]
    assert "repeat version 1 of 2026-02-12; held is version 2 of import imp_2" in again.told[0]


def test_a_file_of_an_earlier_day_changes_nothing_newer() -> None:
    """What repeats a version is a duplicate; what no version says is refused with the day of what stands."""
    book = Book(tax_filing.DATASET)
    book.take(FILING)
    book.take(UNPAID)
    days = {"imp_1": date(2026, 2, 12), "imp_2": date(2026, 3, 13)}
    other = FILING | {"due_fen": 1}
    early = book.take(FILING, days=days, stated_on=date(2026, 3, 1))
    refused = book.take(other, days=days, stated_on=date(2026, 3, 1))
    assert early.rows.is_empty()
    [(reason, lines)] = refused.refused
    assert (lines, refused.rows.height) == ([2], 0)
    assert "2026-03-13" in reason
    assert "早于" in reason
    assert book.take(other, days=days, stated_on=date(2026, 3, 14)).rows["version"].to_list() == [3]


def test_a_file_with_a_history_is_a_repeat_where_it_ends_as_the_book_does() -> None:
    """Valid and void in one file, sent in another month's file again."""
    book = Book()
    void = INVOICE | {"status": "void"}
    book.take(INVOICE, void)
    assert book.take(INVOICE, void).rows.is_empty()
    assert book.take(void, INVOICE).rows["version"].to_list() == [3]


def test_an_enterprise_does_not_revise_what_another_source_stated() -> None:
    """Each of its statements is refused; the last of them is kept beside what stands, once, and counts nowhere."""
    book = Book()
    book.take(INVOICE)
    stands = {"firm": frozenset({"imp_1"})}
    own = [INVOICE | {"net_fen": 10000 + more, "total_fen": 11300 + more} for more in (1, 2)]
    first = book.take(*own, **stands)
    assert first.refused == ((NOT_YOURS, [2, 3]),)
    assert first.rows.select("version", "total_fen").rows() == [(0, 11302)]
    assert book.known("total_fen") == [(11300,)]
    second = book.take(*own, **stands, own=frozenset({"imp_2"}))
    assert (second.refused, second.rows.height) == (((NOT_YOURS, [2, 3]),), 0)
    assert book.take(INVOICE | {"status": "void"}).rows["version"].to_list() == [2]


def test_what_an_enterprise_said_is_confirmed_by_another_source() -> None:
    """The same words from elsewhere are a version of their own."""
    book = Book()
    book.take(INVOICE)
    confirmed = book.take(INVOICE, weak=frozenset({"imp_1"}), own=frozenset({"imp_1"}))
    assert confirmed.rows["version"].to_list() == [2]
    assert confirmed.told == ()


def test_what_was_taken_back_neither_holds_nor_refuses() -> None:
    """The same words land again, with the number after it."""
    book = Book()
    book.take(INVOICE)
    back = book.take(INVOICE, gone=frozenset({"imp_1"}), firm=frozenset({"imp_1"}))
    assert back.rows["version"].to_list() == [2]


def test_what_is_stated_more_often_than_can_be_held_is_refused() -> None:
    """Valid and void by turns, forty thousand times: the lines beyond are named, and nothing breaks."""
    weighed = Book().take(*(INVOICE | {"status": status} for status in ("valid", "void") * 20_000))
    assert weighed.rows["version"].max() == weighed.rows.height == 32_767
    assert [(reason, len(lines)) for reason, lines in weighed.refused] == [(TOO_OFTEN, 40_000 - 32_767)]


@pytest.mark.parametrize("first", ["00012345", "12345"])
def test_a_number_that_lost_its_zeros_is_the_same_invoice(first: str) -> None:
    """Whichever came first: it is held once, as it came, and the join is told; a later status lands."""
    book = Book()
    book.take(OLD | {"number": first})
    second = "12345" if first == "00012345" else "00012345"
    joined = book.take(OLD | {"number": second})
    assert joined.rows.is_empty()
    assert f"{second} = {first}" in joined.told[0]
    assert book.take(OLD | {"number": second, "status": "void"}).rows["version"].to_list() == [2]
    assert book.known("number", "status") == [(first, "void")]


@pytest.mark.parametrize("first", ["3300191130", None])
def test_an_invoice_with_and_without_its_code_is_one(first: str | None) -> None:
    """One source states the code of a paper invoice, the other leaves it out; all else agrees."""
    book = Book()
    book.take(OLD | {"code": first})
    again = book.take(OLD | {"code": None if first else "3300191130"})
    assert (again.rows.height, len(again.told), len(book.known())) == (0, 1, 1)
    book.take(OLD | {"code": None if first else "3300191130", "status": "void"})
    assert book.known("status") == [("void",)]


def test_a_code_left_out_within_a_file_is_found() -> None:
    """And where two codes fit, nobody knows which is meant: all stay apart."""
    book = Book()
    book.take(OLD | {"code": "A1"}, OLD)
    assert book.known("code") == [("A1",)]
    book.take(OLD | {"code": "A2", "total_fen": 1}, OLD | {"code": "A3", "total_fen": 1}, OLD | {"total_fen": 1})
    assert len(book.known()) == 4


def test_zeros_lost_within_a_file_are_found() -> None:
    """The longest form is kept; what differs in more than zeros stays apart, and letters are no padding."""
    book = Book()
    other = OLD | {"number": "12345", "total_fen": 1}
    taken = book.take(OLD | {"number": "12345"}, OLD, OLD | {"number": "0012345"}, other, OLD | {"number": "A1"})
    assert sorted(taken.rows["number"]) == ["00012345", "12345", "A1"]
    assert "2 records" in taken.told[0]
    alone = Book()
    assert alone.take(other).told == ()


def test_zeros_of_a_bank_serial_are_found_too() -> None:
    """Same day, amount and direction: one payment."""
    book = Book(payment.DATASET)
    row = {"direction": "in", "enterprise": "local:E1", "reference": "000071", "date": date(2026, 3, 1)}
    paid = row | {"amount_fen": 100, "counterparty": None, "purpose": None, "status": "valid"}
    book.take(paid)
    assert book.take(paid | {"reference": "71"}).rows.is_empty()


def test_what_a_statement_leaves_open_stays() -> None:
    """An export without the code or the blue number repeats the one that had them; another one changes them."""
    book = Book()
    full = INVOICE | {"code": "033002100411", "blue_number": "26332000000000000001"}
    book.take(full)
    assert book.take(INVOICE).rows.is_empty()
    void = book.take(INVOICE | {"status": "void"})
    assert void.rows.select("version", "code", "blue_number").rows() == [(2, full["code"], full["blue_number"])]
    assert book.take(OLD).rows["code"].to_list() == [None]


def test_another_total_is_told_with_the_number() -> None:
    """It may be a correction, or lines that are not all there."""
    book = Book()
    book.take(INVOICE)
    [told] = book.take(INVOICE | {"total_fen": 11400, "net_fen": 10100}).told
    assert told.startswith(f"1 invoices have another total than before ({DIGITAL})")
    assert book.take(INVOICE | {"total_fen": 11400, "net_fen": 10100, "status": "void"}).told == ()


def test_an_older_number_that_comes_again_is_told() -> None:
    """Another total or buyer of the same number and day may be a correction; both count until one is void."""
    book = Book()
    book.take(OLD)
    for other in ({"total_fen": 11400, "net_fen": 10100}, {"counterparty": "某A公司"}):
        [told] = book.take(OLD | other).told
        assert told.startswith(
            "1 invoices have the number and the day of one held with another total or party (00012345)"
        )
    assert book.take(OLD | {"date": date(2025, 6, 2)}).told == ()
    bought = OLD | {"direction": "purchase"}
    book.take(bought)
    assert book.take(bought | {"counterparty": "B2"}).told == ()


def test_an_enterprises_own_word_neither_outlasts_nor_completes_another_source() -> None:
    """However young it is and whatever it adds, the source's statement stands as the source makes it."""
    book, own = Book(), frozenset({"imp_1"})
    book.take(INVOICE | {"code": "033002100411", "blue_number": "26332000000000000001"}, weakest=True)
    days = {"imp_1": date(2026, 2, 1)}
    taken = book.take(INVOICE | {"status": "void"}, own=own, weak=own, days=days, stated_on=date(2026, 1, 1))
    assert taken.refused == ()
    assert taken.rows.select("version", "code", "blue_number").rows() == [(2, None, None)]


def test_an_enterprise_uses_up_half_of_the_versions_at_most() -> None:
    """So that another source can state the thing anew, whatever was said before."""
    book, turns = Book(), [INVOICE | {"status": ("valid", "void")[turn % 2]} for turn in range(MOST)]
    taken = book.take(*turns, weakest=True)
    assert taken.rows["version"].max() == MOST // 2
    assert [(reason, len(lines)) for reason, lines in taken.refused] == [(TOO_OFTEN, MOST - MOST // 2)]
    own = frozenset({"imp_1"})
    assert book.take(INVOICE | {"total_fen": 1, "net_fen": 1, "tax_fen": 0}, own=own, weak=own).refused == ()
