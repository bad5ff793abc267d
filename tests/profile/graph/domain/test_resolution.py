"""Resolution: a code decides, a name is told why, and no two codes are ever one."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.graph.domain.resolution import resolve

REGIONS, BRANDS, TRADES = ("杭州", "宁波", ""), ("甲乙", "丙丁"), ("商贸", "食品", "")
names = st.builds("{}{}{}有限公司".format, st.sampled_from(REGIONS), st.sampled_from(BRANDS), st.sampled_from(TRADES))
codes = st.sampled_from(["A", "B", "C", "uscc:91350100M000100Y43"])
books = st.lists(st.tuples(codes.map(lambda code: code if ":" in code else f"local:{code}"), names), max_size=6)


@given(st.lists(st.one_of(codes, names), max_size=8), books)
@settings(max_examples=50, deadline=None)
def test_no_two_codes_are_ever_one_and_a_name_joins_one_at_most(
    written: list[str], book: list[tuple[str, str]]
) -> None:
    """Of each node, at most one code writes it; a name that is told to be a firm is told to be one of the book."""
    found = resolve(written, book)
    of_node: dict[str, set[str]] = {}
    for each, one in found.items():
        if one.by == "code":
            of_node.setdefault(one.node, set()).add(each)
        elif one.by == "name":
            assert one.node in dict(book)
            assert one.match is not None
            assert one.match.verdict == "same"
        else:
            assert one.node.startswith("name:")
    assert all(len(codes) == 1 for codes in of_node.values())


@given(st.lists(st.one_of(codes, names), max_size=8), books, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_and_of_the_book_changes_nothing(
    written: list[str], book: list[tuple[str, str]], rng: random.Random
) -> None:
    shuffled, other = list(written), list(book)
    rng.shuffle(shuffled)
    rng.shuffle(other)
    assert resolve(shuffled, other) == resolve(written, book)


def test_a_name_that_fits_two_codes_stays_by_itself_with_its_candidates() -> None:
    """C = A and C = B by name, and A ≠ B by code: the conflict is told and nothing merged."""
    found = resolve(["甲乙有限公司"], [("local:A", "杭州甲乙有限公司"), ("local:B", "宁波甲乙有限公司")])
    one = found["甲乙有限公司"]
    assert (one.node, one.by, one.candidates) == ("name:甲乙有限公司", "itself", ("local:A", "local:B"))
