"""A firm's own word about another firm: unconfirmed, never the other's contradiction, and no oracle for the sender."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
from crosscheck_material import around, fitted
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.book.domain import invoice
from services.profile.book.domain.evidence import ENTERPRISES, evidence
from services.profile.portrait.domain.crosscheck import Material, check, pass_rate, tally, tally_book

DAY = date(2024, 6, 30)
SENDER, OTHER = "local:A", "local:B"
OWN = frozenset({"imp_A", "imp_B"})


def invoices(firm: str, partner: str, direction: str, by: st.SearchStrategy[str]) -> st.SearchStrategy[list[Any]]:
    """Return up to ten invoices of a firm with the other, of few numbers and days, so that sides meet."""
    one = st.builds(
        lambda number, back, total, by: {
            "enterprise": firm,
            "direction": direction,
            "date": DAY - timedelta(days=back),
            "number": str(number),
            "counterparty": partner,
            "net_fen": total,
            "tax_fen": 0,
            "total_fen": total,
            "status": "valid",
            "import_id": by,
        },
        st.integers(1, 4),
        st.integers(0, 3).map(lambda weeks: weeks * 7),
        st.sampled_from([100, 200]),
        by,
    )
    return st.lists(one, max_size=10, unique_by=lambda row: (row["number"], row["date"], row["total_fen"]))


WORDS = invoices(SENDER, OTHER, "sale", st.just("imp_A"))
KNOWN = invoices(SENDER, OTHER, "sale", st.just("imp_tax"))
THEIRS = invoices(OTHER, SENDER, "purchase", st.just("imp_tax"))


def book(*rows: dict[str, Any]) -> Material:
    frame = fitted(pl.DataFrame(list(rows), schema=invoice.SCHEMA), invoice.SCHEMA)
    firms = fitted(pl.DataFrame([{"enterprise": SENDER}, {"enterprise": OTHER}]), ENTERPRISES)
    return around(evidence(frame, {}, firms), DAY, OWN)


def of(firm: str, compared: Material) -> pl.DataFrame:
    """Return a firm's findings in an order of their own: two of one number and day may come in any."""
    found = check(compared).filter(pl.col("enterprise") == firm)
    return found.sort(found.columns, nulls_last=True)


def mirrored(findings: pl.DataFrame) -> pl.DataFrame:
    return findings.filter(pl.col("rule").is_in(["mirrored-invoice", "mirrored-status"]))


@settings(max_examples=40)
@given(WORDS, KNOWN, THEIRS)
def test_a_firms_word_moves_no_count_of_another_firm(words: list[Any], known: list[Any], theirs: list[Any]) -> None:
    """Neither against it nor for it, whatever was said."""
    before, after = of(OTHER, book(*known, *theirs)), of(OTHER, book(*words, *known, *theirs))
    assert after.filter(pl.col("contradicts").is_not_null()).equals(before)
    assert pass_rate(tally(after)).equals(pass_rate(tally(before)))


@settings(max_examples=40)
@given(WORDS, KNOWN, THEIRS)
def test_what_its_word_adds_for_the_sender_is_the_same_whether_the_other_is_in_the_book(
    words: list[Any], known: list[Any], theirs: list[Any]
) -> None:
    """All of it is unconfirmed, with nothing of the other in it; what others compare of the sender stays."""
    with_other, without = of(SENDER, book(*words, *known, *theirs)), of(SENDER, book(*words, *known))
    said = pl.col("contradicts").is_null()
    assert with_other.filter(said).equals(without.filter(said))
    assert with_other.filter(said)["right"].null_count() == with_other.filter(said).height
    compared = mirrored(with_other).filter(~said)
    assert compared.equals(mirrored(of(SENDER, book(*known, *theirs))))


@settings(max_examples=40)
@given(WORDS, KNOWN, THEIRS)
def test_the_whole_book_counts_what_the_findings_count(words: list[Any], known: list[Any], theirs: list[Any]) -> None:
    compared = book(*words, *known, *theirs)
    counts = tally(check(compared)).sort("enterprise", "rule")
    assert tally_book(compared).sort("enterprise", "rule").equals(counts)


def row(by: str, number: str = "1", total: int = 100, back: int = 0) -> dict[str, Any]:
    day = {"date": DAY - timedelta(days=back), "number": number, "status": "valid", "import_id": by}
    return {**day, "net_fen": total, "tax_fen": 0, "total_fen": total}


SOLD = {"enterprise": SENDER, "direction": "sale", "counterparty": OTHER}
BOUGHT = {"enterprise": OTHER, "direction": "purchase", "counterparty": SENDER}


def test_the_other_firm_is_told_what_was_said_of_it_as_unconfirmed() -> None:
    """Both values where both speak; what its own book bears out to the fen is no news."""
    stands = [BOUGHT | row("imp_tax"), BOUGHT | row("imp_tax", "9", back=9)]
    said = [SOLD | row("imp_A"), SOLD | row("imp_A", "9", total=70, back=9), SOLD | row("imp_A", "5", back=4)]
    told = of(OTHER, book(*stands, *said)).filter(pl.col("contradicts").is_null())
    assert told.select("rule", "subject", "left", "right").sort("subject").rows() == [
        ("mirrored-invoice", "5", None, 100.0),
        ("mirrored-invoice", "9", 100.0, 70.0),
    ]


def test_a_book_of_own_words_is_no_book_that_could_be_silent() -> None:
    """Two sales far apart are no years of a book in which every purchase of the other is missing."""
    said = [SOLD | row("imp_A", "1", back=400), SOLD | row("imp_A", "2")]
    assert of(OTHER, book(*said, BOUGHT | row("imp_tax", "7", back=200))).filter("contradicts").is_empty()


def test_a_rule_with_own_words_alone_has_no_share_that_agrees() -> None:
    tallied = tally(of(SENDER, book(SOLD | row("imp_A"))).filter(pl.col("rule") == "mirrored-invoice"))
    assert tallied.select("compared", "contradictions", "unconfirmed").rows() == [(0, 0, 1)]
    assert pass_rate(tallied).is_empty()
