"""Company names: their parts, explained matches, and the pairwise F1 on a generated set."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from company_names import WRITTEN, f1, firms, pairs
from hypothesis import given
from hypothesis import strategies as st

from services.profile.standards.names import Book, match, parse, plain

WHOLE = "北京恒达科技有限公司"


@pytest.mark.parametrize(
    ("written", "region", "brand", "trade", "form"),
    [
        (WHOLE, ("110000",), "恒达", "科技", "limited"),
        ("恒达科技（北京）有限责任公司", ("110000",), "恒达", "科技", "limited"),
        ("江苏省苏州市昆山市宏图机械有限公司", ("320583",), "宏图", "机械", "limited"),
        ("上海市浦东新区老王食品店", ("310115",), "老王", "食品", "店"),
        ("杭州好运来餐饮管理合伙企业（有限合伙）", ("330100",), "好运来", "餐饮管理", "partnership"),
        ("长安汽车股份有限公司", (), "长安", "汽车", "joint-stock"),
    ],
)
def test_a_name_is_taken_apart(written: str, region: tuple[str, ...], brand: str, trade: str, form: str) -> None:
    """Region, brand core, trade, legal form; a region's name that leaves no brand is the brand."""
    name = parse(written)
    assert (name.region, name.brand, name.trade, name.form) == (region, brand, trade, form)


@pytest.mark.parametrize(
    ("other", "verdict", "part"),
    [
        ("恒達科技（北京）有限责任公司", "same", None),
        ("恒达科技有限公司", "same", None),
        ("北京恒大科技有限公司", "different", "brand"),
        ("上海恒达科技有限公司", "different", "region"),
        ("北京恒达商贸有限公司", "different", "trade"),
        ("北京恒达科技股份有限公司", "unsure", "form"),
        ("北京恒达科技发展有限公司", "unsure", "trade"),
        ("恒达公司", "unsure", None),
        ("北京恒达科技有限公司上海分公司", "different", None),
        ("北京恒达科技集团有限公司", "different", None),
    ],
)
def test_a_match_says_which_part_agrees(other: str, verdict: str, part: str | None) -> None:
    """The verdict, and the part that speaks against it."""
    found = match(WHOLE, other)
    assert found.verdict == verdict
    assert part is None or found.parts[part] in {"differ", "partial"}
    assert " / " in found.reason


def test_two_branches_of_one_firm_differ() -> None:
    """Each is registered by itself."""
    assert match(WHOLE + "上海分公司", WHOLE + "杭州分公司").verdict == "different"


def test_names_without_a_brand_are_never_the_same_firm() -> None:
    """科技有限公司 says nothing of whose it is."""
    assert match("科技有限公司", "北京科技有限责任公司").verdict != "same"


def test_generated_pairs_are_told_apart(record_property: Callable[[str, object], None]) -> None:
    """Pairwise F1 at least 0.97 over 20,000 pairs, two in a hundred of the same firm's with a slip in the brand."""
    found = list(pairs(5000, seed=7))
    said = [match(pair.one, pair.other).verdict == "same" for pair in found]
    reached = f1([pair.same for pair in found], said)
    record_property("f1", reached)
    assert reached >= 0.97


def test_no_lookalike_is_taken_for_the_firm() -> None:
    """Near-miss brands, other regions and trades, branches and groups."""
    wrong = [pair for pair in pairs(2000, seed=11) if not pair.same and match(pair.one, pair.other).verdict == "same"]
    assert wrong == []


def test_a_list_is_found_in_a_book() -> None:
    """Every way of writing that names the region finds its firm among three thousand."""
    firm_of = {f"local:{place}": firm for place, firm in enumerate(firms(3000, seed=3))}
    book = Book((key, firm.name()) for key, firm in firm_of.items())
    for how in WRITTEN.keys() - {"no region"}:
        found = book.find_all([WRITTEN[how](firm) for firm in firm_of.values()])
        assert sum(each.enterprise == key for key, each in zip(firm_of, found, strict=True)) >= 0.99 * len(firm_of), how


def test_two_firms_that_fit_equally_are_candidates_and_none_is_chosen() -> None:
    """Without its region the name means either."""
    book = Book([("local:1", WHOLE), ("local:2", "上海恒达科技有限公司")])
    found = book.find("恒达科技有限公司")
    assert (found.enterprise, found.candidates) == (None, ("local:1", "local:2"))


@pytest.mark.parametrize("written", ["华夏科技公司", "华夏科技", "华夏", "北京华夏科技", "华夏（北京）科技"])
def test_a_short_name_that_fits_two_firms_is_unsure(written: str) -> None:
    """One is named with its region and one without: however near a name comes to either, both may be meant."""
    book = Book([("local:1", "北京华夏科技有限公司"), ("local:2", "华夏科技有限公司")])
    found = book.find(written)
    assert (found.enterprise, found.candidates) == (None, ("local:1", "local:2"))


@pytest.mark.parametrize(
    ("written", "firm"),
    [("华夏科技有限公司", "local:2"), ("北京华夏科技有限公司", "local:1"), ("华夏 科技有限公司", "local:2")],
)
def test_the_firm_that_bears_the_whole_name_is_meant(written: str, firm: str) -> None:
    book = Book([("local:1", "北京华夏科技有限公司"), ("local:2", "华夏科技有限公司")])
    assert book.find(written).enterprise == firm


def test_two_firms_of_one_name_are_candidates() -> None:
    book = Book([("local:1", "华夏科技有限公司"), ("local:2", "华夏科技有限公司")])
    assert book.find("华夏科技有限公司").candidates == ("local:1", "local:2")


def test_another_trade_does_not_make_a_name_unsure() -> None:
    """A firm that contradicts in part does not fit: the other one is found."""
    book = Book([("local:1", "北京华夏科技有限公司"), ("local:2", "北京华夏科技发展有限公司")])
    assert book.find("北京华夏科技公司").enterprise == "local:1"


@pytest.mark.parametrize(
    ("whole", "found"),
    [
        ("云帆（杭州）供应链有限公司", True),
        ("云帆（杭州）供应链管理有限公司", False),
        ("云帆（杭州）供应链科技有限公司", False),
    ],
)
def test_a_name_without_the_region_in_brackets_is_found_where_it_is_sure(whole: str, *, found: bool) -> None:
    """Where the trade is only begun the firm is a candidate: it is shown, and not taken."""
    told = Book([("local:1", whole)]).find("云帆供应链")
    assert (told.enterprise, told.candidates) == (("local:1", ()) if found else (None, ("local:1",)))


def test_the_code_beats_the_name() -> None:
    """A code of the book decides against any name; an unknown one is not overruled by a name that fits."""
    book = Book([("local:1", WHOLE), ("local:2", "上海宏图商贸有限公司")])
    assert book.resolve("local:2", WHOLE).enterprise == "local:2"
    assert book.resolve("local:9", WHOLE).enterprise is None
    assert (book.resolve(None, WHOLE).enterprise, book.resolve(None, WHOLE).by) == ("local:1", "name")


@given(st.text(max_size=40))
def test_any_text_is_the_same_as_itself_in_one_spelling(text: str) -> None:
    """No text breaks the parser, and one spelling of one spelling is itself."""
    assert match(text, plain(text)).verdict == "same"
    assert plain(plain(text)) == plain(text)


@given(st.sampled_from([firm.name() for firm in firms(50, 1)]), st.sampled_from([firm.name() for firm in firms(50, 2)]))
def test_a_match_is_the_same_both_ways(one: str, other: str) -> None:
    """Neither name is the first."""
    assert match(one, other) == match(other, one)
