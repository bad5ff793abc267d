"""Rules that no firm could ever pass are told by proof, and no rule that some firm passes is ever refused."""

from __future__ import annotations

from itertools import product
from time import perf_counter

import pytest
from bank_products import a_product
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain import contradiction
from services.matching.domain.contradiction import contradicts, core
from services.matching.domain.errors import RulesContradict, WordUnknown
from services.matching.domain.expression import parse
from services.matching.domain.product import read_product
from services.matching.domain.vocabulary import Vocabulary

FACTS = frozenset({"sales_12m", "sales_active_months_12m", "history_months"})
TITLE = {"zh": "项", "en": "Item"}


@pytest.mark.parametrize(
    "texts",
    [
        ["score > 500 and score < 400"],
        ["score > 500", "not score > 500"],
        ["score > 500 or history_months > 3", "score < 400 and history_months < 2"],
        ["pd > 1"],
        ["months > 5 and months < 6"],
        ["months in [3, 6]", "months not in [3, 6]"],
        ['grade >= "A" and grade < "BBB"'],
        ['grade > "A" and grade < "AA"'],
        ['size_class == "micro" and size_class == "small"'],
        ['size_class not in ["micro", "small", "medium", "large"]'],
        ['industry == "C13" and industry != "C"'],
        ['region in ["33", "11"]', 'region == "3101"'],
        ["amount_fen <= 0.3 * sales_12m", "amount_fen > 0.3 * sales_12m"],
        ["2 * amount_fen < amount_fen"],
        ["sales_12m <= 100", "amount_fen <= 0.1 * sales_12m", "amount_fen >= 11"],
        ["amount_fen == 2 * months", "months >= 10", "amount_fen <= 19"],
    ],
)
def test_what_never_holds_is_proved(texts: list[str]) -> None:
    """Numbers, whole numbers, grades, texts, codes that lie in each other, facts compared with facts."""
    assert contradicts(map(parse, texts))


@pytest.mark.parametrize(
    "texts",
    [
        ["score > 500 or score < 400"],
        ["score >= 500 and score <= 500"],
        ["score > 500 and score < 501"],
        ['region == "33"', 'region != "3301"'],
        ['industry in ["C13", "F"]', 'industry != "C"'],
        ["amount_fen <= 0.3 * sales_12m", "amount_fen >= 0.3 * sales_12m"],
        ["-1 * sales_12m <= -5", "sales_12m < 6"],
    ],
)
def test_what_can_hold_is_let_pass(texts: list[str]) -> None:
    """Even at one point only."""
    assert not contradicts(map(parse, texts))


def test_those_that_contradict_each_other_are_named_and_no_others() -> None:
    """None of them can be left out."""
    texts = ["score > 1", "months > 12", "history_months > 2", "months < 6 or score < 0"]
    assert core([parse(text) for text in texts]) in ([0, 1, 3], [1, 3])
    assert core([parse(text) for text in texts[:3]]) == []


def test_more_than_is_looked_at_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rules of two ways each exclude each other; all four have to be seen."""
    against = [parse(text) for text in ("score > 1 or score > 2", "score < 0 or score < -1")]
    assert contradicts(against)
    monkeypatch.setattr(contradiction, "MOST_COMPARISONS", 8)
    assert not contradicts(against)


def test_hostile_rules_are_let_pass_in_time() -> None:
    """A hundred rules of forty ways each, none of which can be told from the others."""
    rules = [parse(" or ".join(f"s{k} > {n} * s{k + 1}" for n in range(40))) for k in range(100)]
    start = perf_counter()
    assert core([*rules, parse("s0 < 1"), parse("s0 > 1")]) == [100, 101]
    assert core(rules) == []
    assert perf_counter() - start < 60


SIGNS = st.sampled_from([">", ">=", "<", "<=", "==", "!="])
ATOMS = st.one_of(
    st.builds("amount_fen {} {}".format, SIGNS, st.integers(0, 6)),
    st.builds("{} * months {} {}".format, st.sampled_from([-1, 1, 2]), SIGNS, st.integers(-3, 8)),
    st.builds("{} * months {} {} * amount_fen".format, st.integers(-1, 2), SIGNS, st.integers(-1, 2)),
    st.builds("months {} {}".format, st.sampled_from(["in", "not in"]), st.lists(st.integers(1, 4), min_size=1)),
    st.builds(
        "size_class {} {}".format,
        st.sampled_from(["in", "not in"]),
        st.sampled_from(['["micro"]', '["micro", "large"]']),
    ),
    st.builds('size_class {} "{}"'.format, st.sampled_from(["==", "!="]), st.sampled_from(["small", "large"])),
)
RULES = st.recursive(
    ATOMS,
    lambda parts: st.one_of(
        st.builds("({} and {})".format, parts, parts),
        st.builds("({} or {})".format, parts, parts),
        st.builds("not ({})".format, parts),
    ),
    max_leaves=5,
)


@settings(max_examples=300)
@given(st.lists(RULES, min_size=1, max_size=4))
def test_no_rules_that_some_firm_passes_are_refused(texts: list[str]) -> None:
    """The oracle tries needs and sizes, as Python reads the rules."""
    codes = [compile(text, "rule", "eval") for text in texts]
    passed = any(
        all(eval(code, {}, {"amount_fen": a, "months": m, "size_class": size}) for code in codes)  # noqa: S307 -- ours
        for a, m, size in product(range(1, 8), range(1, 6), ("micro", "small", "medium", "large"))
    )
    assert not (passed and contradicts(map(parse, texts)))


def published(*texts: str, **changes: object) -> None:
    rules = [
        {"id": f"r{i}", "expression": text, "title": TITLE, "source": "policy", "since": "2030-01-01"}
        for i, text in enumerate(texts)
    ]
    codes = {"industry": frozenset({"C", "C13"}), "region": frozenset({"330106"})}
    read_product(a_product(rules=rules, **changes), Vocabulary(FACTS, "c1", codes))


def test_a_product_that_nobody_could_pass_is_not_published() -> None:
    """Its rules among themselves, with what its terms imply, and with its scope; those of a later day included."""
    with pytest.raises(RulesContradict) as refusal:
        published("months > 24", "score > 1")
    assert refusal.value.members["rules"] == ["terms.months-most", "r0"]
    with pytest.raises(RulesContradict):
        published('kind == "leasing"')
    with pytest.raises(RulesContradict):
        published('size_class == "large"', size_classes=["micro"])
    published("months > 24", valid_until="2029-12-31")


def test_a_code_of_the_scope_that_is_on_no_list_names_its_member() -> None:
    """Not only those of rules are looked at."""
    with pytest.raises(WordUnknown) as refusal:
        published(regions=["33", "99"])
    assert (refusal.value.members["field"], refusal.value.members["word"]) == ("regions", "99")


@pytest.mark.parametrize(("rule", "never"), [("0 * score not in [1, 2]", False), ("0 * score not in [0, 2]", True)])
def test_nothing_times_a_fact_is_nothing(rule: str, *, never: bool) -> None:
    """Of `not in` too."""
    assert bool(contradicts([parse(rule)])) is never
