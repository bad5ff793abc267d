"""The validation document: complete, honest about what was not measured, self-contained, in two languages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from services.scoring.document import evidence, sections
from services.scoring.document.blocks import Facts, Paragraph, Table
from services.scoring.document.page import PARTS, document, render
from services.scoring.document.words import Words

EN = Words("en")


def opened(section: Any) -> list[str]:
    return [block.text for block in section.blocks if isinstance(block, Paragraph) and block.open]


def facts(section: Any) -> dict[str, str]:
    return {name: value for block in section.blocks if isinstance(block, Facts) for name, value in block.rows}


def tables(section: Any) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)]


class Tags(HTMLParser):
    """Collects elements and the addresses that they load, and sees that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.loaded: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in {"src", "href"}]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in {"meta", "img", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_whole_and_loads_and_runs_nothing(shown: Any, pictures: dict[str, str], language: Any) -> None:
    """Every section, every picture inside, no script, no address but its own."""
    page = render(shown, pictures, language)
    tags = Tags()
    tags.feed(page)

    assert tags.open == []
    assert tags.names.count("h2") == len(PARTS) == 15
    assert "script" not in tags.names
    assert all(address.startswith(("#s", "data:image/svg+xml;base64,")) for address in tags.loaded)
    assert tags.names.count("img") == 6
    assert len({section.title for section in document(shown, Words(language))}) == len(PARTS)


def test_what_people_wrote_is_text(shown: Any) -> None:
    """A note is shown as it was written and is no markup."""
    page = render(shown, {}, "en")
    assert "&lt;b&gt;looked at&lt;/b&gt;" in page
    assert "<b>" not in page


def test_no_chinese_is_left_in_the_english_page(shown: Any) -> None:
    """Each language says everything itself."""
    card = {**shown["card"], "definition": None}
    words = re.sub(r"<style>.*?</style>", "", render({**shown, "card": card}, {}, "en"), flags=re.DOTALL)
    assert re.findall(r"[\u4e00-\u9fff]+", words) == []


def test_owner_decisions_and_the_next_review_are_named(shown: Any) -> None:
    """A year after the training at the latest, also where that day does not come."""
    section = sections.governance(shown, EN)
    assert facts(section)["Owner (who trained it)"] == "bank-1"
    assert facts(section)["Next review, at the latest"] == "2025-02-28"
    assert [row[1] for row in tables(section)[0].rows] == ["approved", "promoted"]


@pytest.mark.parametrize(
    ("gate", "exception", "said"),
    [
        ({"passed": True, "tests": {}}, None, "passed"),
        ({"passed": False, "tests": {}}, None, "failed"),
        ({"passed": False, "tests": {}}, "a pilot", "failed; approved all the same because: a pilot"),
    ],
)
def test_a_failed_gate_stands_on_the_document_with_its_reason(shown: Any, gate: Any, exception: Any, said: str) -> None:
    """The reader need not look for it."""
    model = {**shown, "exception": exception, "card": {**shown["card"], "gate": gate}}
    assert facts(sections.governance(model, EN))["Gate"] == said


def test_what_a_card_does_not_tell_is_said_to_be_missing(shown: Any) -> None:
    """Not measured, not declared, not given: each in its section, none passed over."""
    card = {name: value for name, value in shown["card"].items() if name not in {"seeds", "sensitivity", "definition"}}
    model = {**shown, "card": {**card, "withholding": None, "rating": None}}
    assert opened(sections.definitions(model, EN))[0].startswith("Definition of default")
    assert "Seeds: not measured." in opened(evidence.stability(model, EN))
    assert opened(evidence.sensitivity(model, EN)) == ["Not measured."]
    assert opened(evidence.withholding(model, EN)) == ["Not measured."]
    assert opened(evidence.rating(model, EN)) == ["No rating of the bank's own was given to compare with."]


def test_a_bar_that_is_missed_is_said_to_be_missed(shown: Any) -> None:
    """97 of a hundred firms within 20 points are too few, 99 are enough."""
    found = {"change": 0.02, "points": 20, "firms": 100, "p95_points": 9, "other_grade": 0.1, "features": []}
    for within, missed in ((0.97, True), (0.99, False)):
        model = {**shown, "card": {**shown["card"], "sensitivity": {**found, "within": within}}}
        said = opened(evidence.sensitivity(model, EN))
        assert bool(said) == missed
        assert all(words.startswith("The bar is not met") for words in said)


def test_a_group_that_cannot_be_assessed_says_so(shown: Any) -> None:
    """Two defaults rank nothing, whatever their AUC."""
    group = {"group": "C", "firms": 60, "defaults": 2, "default_rate": 1 / 30, "mean_pd": 0.04, "gap": 0.01}
    group |= {"gap_by_chance": 0.05, "auc": 1.0, "air": 0.9}
    card = shown["card"]
    model = {**shown, "card": {**card, "validation": {**card["validation"], "segments": {"industry": [group]}}}}
    row = tables(evidence.performance(model, EN))[-1].rows[0]
    assert row[:3] == ["C", "60", "2"]
    assert row[6] == "not assessable"


def test_declared_terms_and_levels_are_shown(shown: Any) -> None:
    """Default, horizon, window, labels, what to mind, and what was added to the PDs."""
    default = {"title": {"zh": "核销", "en": "Charged off"}, "text": {"zh": "已核销", "en": "Written off."}}
    said = {
        "default": {**default, "source": "the lender's books"},
        "horizon_months": 12,
        "performance_window": {"from": "2020-02-21", "to": "2021-02-21"},
        "labels": {"firms": 80, "undated": 80, "first": None, "last": None},
        "told": [{"zh": "无日期", "en": "80 of 80 outcomes bear no date"}],
    }
    level = {
        "declared": {"central_tendency": 0.03, "margin_of_conservatism": 0.2, "through_the_cycle_shift": 0.0},
        "training_rate": 0.2,
        "points": -12.3,
    }
    section = sections.definitions({**shown, "card": {**shown["card"], "definition": said, "adjustment": level}}, EN)
    found = facts(section)
    assert found["Default"] == "Charged off. Written off. (the lender's books)"
    assert (found["Horizon"], found["Performance window"]) == ("12 months", "2020-02-21 – 2021-02-21")
    assert (found["Without a date"], found["Central tendency"], found["All together, in points"]) == (
        "80",
        "3.00%",
        "-12.3",
    )
    assert opened(section) == ["80 of 80 outcomes bear no date"]


def test_tests_of_withholding_are_shown_whatever_their_names(shown: Any) -> None:
    """Figures, groups and lists of a card that this page does not know by name."""
    found = {"gain": 0.25, "scenarios": [{"left out": "sales_12m", "firms": 3}], "sources": {"tax": 0}, "kinds": ["a"]}
    section = evidence.withholding({**shown, "card": {**shown["card"], "withholding": found}}, EN)
    assert facts(section) == {"gain": "0.25", "tax": "0"}
    assert [table.rows for table in tables(section)] == [[["sales_12m", "3"]], [["a"]]]


RATING = {
    "rated": 83,
    "unrated": 0,
    "late": 0,
    "undated": 83,
    "defaults": 18,
    "grades": [{"grades": ["A", "B"], "firms": 60, "defaults": 0}, {"grades": ["C"], "firms": 23, "defaults": 18}],
    "comparison": {
        "folds": 10,
        "model": 0.95,
        "rating": 0.91,
        "advantage": 0.04,
        "ci95": [-0.01, 0.09],
        "finding": "neither",
    },
    "told": [{"zh": "没有日期。", "en": "83 of 83 ratings bear no day."}],
}


def test_a_bank_s_own_rating_stands_beside_the_model(shown: Any) -> None:
    """Both figures, how sure the difference is, the grades, and what makes the rating no forecast."""
    section = evidence.rating({**shown, "card": {**shown["card"], "rating": RATING}}, EN)
    assert facts(section)["AUC: model · rating"] == "0.950 · 0.910"
    assert facts(section)["Advantage"] == "+0.040 (-0.010 – +0.090)"
    assert "no difference is shown" in facts(section).values()
    assert [row[0] for row in tables(section)[0].rows] == ["A, B", "C"]
    assert opened(section) == ["83 of 83 ratings bear no day."]


def test_a_rating_of_too_few_firms_is_said_to_be_not_assessable(shown: Any) -> None:
    """No figure stands there as if it meant something."""
    few = {**RATING, "rated": 4, "defaults": None, "grades": [], "comparison": None, "told": []}
    section = evidence.rating({**shown, "card": {**shown["card"], "rating": few}}, EN)
    assert "not assessable" in opened(section)[0]
    assert tables(section) == []


def test_the_share_of_a_scorecard_stands_in_the_method(shown: Any) -> None:
    """Half of the mean, or none."""
    card = {**shown["card"], "parameters": {**shown["card"]["parameters"], "scorecard": 0.5}}
    assert facts(sections.method({**shown, "card": card}, EN))["Share of the scorecard"] == "50%"
