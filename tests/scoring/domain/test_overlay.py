"""Expert rules beside the model: which a firm meets, and what they make of its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.domain import scale
from services.scoring.domain.overlay import (
    CAPS,
    TYPES,
    binds,
    cap_of,
    effective,
    overlay,
    records_in,
    shipped,
    without,
)


@dataclass(frozen=True)
class Said:
    """A model's figures."""

    score: int
    grade: str
    pd: float
    pd_low: float
    pd_high: float


def said(score: int) -> Said:
    pd = float(scale.floored(scale.pd_of(score)))
    return Said(score, scale.grade_of(score), pd, pd / 2, min(0.99, pd * 2))


def record(type_: str, tier: str | None = None, grade: str | None = None, name: str = "rec_1") -> dict[str, Any]:
    return {"id": name, "type": type_, "tier": tier, "grade": grade, "on": "2026-05-10", "until": None}


def met(*records: dict[str, Any]) -> list[str]:
    found = overlay(shipped(), records)
    assert found is not None
    return [each["rule"] for each in found["rules"]]


records = st.lists(
    st.builds(
        record,
        st.sampled_from(TYPES),
        st.sampled_from([None, "general", "serious"]),
        st.sampled_from([None, *"ABMCD"]),
        st.integers(1, 9).map("rec_{}".format),
    ),
    max_size=5,
)


@pytest.mark.parametrize(
    ("one", "rules"),
    [
        (record("dishonest", "serious"), ["dishonest-debtor"]),
        (record("dishonest"), ["dishonest-debtor"]),
        (record("dishonest", "general"), []),
        (record("tax-grade", grade="D"), ["tax-grade-d"]),
        (record("tax-grade", grade="C"), []),
        (record("insolvency"), ["insolvency"]),
        (record("enforcement", "general"), ["enforcement"]),
        (record("penalty", "serious"), []),
    ],
)
def test_each_shipped_rule_is_met_by_its_own_records(one: dict[str, Any], rules: list[str]) -> None:
    assert met(one) == rules


def test_a_serious_dishonest_entry_caps_the_grade_and_says_so_in_both_languages() -> None:
    found = overlay(shipped(), [record("dishonest", "serious")])
    assert found is not None
    (told,) = found["rules"]
    assert (told["effect"], told["version"]) == ({"cap": "CCC"}, "2026.1")
    assert told["because"]["en"] == "A serious dishonest-debtor entry, published 2026-05-10: the grade is CCC at most"
    assert "CCC" in told["because"]["zh"]
    decides = effective(said(700), found)
    assert (decides.score, decides.grade) == (519, "CCC")
    assert decides.pd == pytest.approx(float(scale.pd_of(519)))


@given(st.integers(300, 900), records)
def test_points_grade_and_pd_that_decide_agree_and_never_beat_the_model(score: int, some: list[dict[str, Any]]) -> None:
    """One order for all three, whatever rules are met."""
    model = said(score)
    decides = effective(model, overlay(shipped(), some))
    assert decides.score <= model.score
    assert decides.grade == scale.grade_of(decides.score)
    assert decides.pd == pytest.approx(max(float(scale.pd_of(decides.score)), scale.PD_FLOOR))
    assert decides.pd_low <= decides.pd <= decides.pd_high < 1


@given(st.integers(300, 900), records, records)
def test_one_more_record_never_helps(score: int, some: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    fewer, all_ = overlay(shipped(), some), overlay(shipped(), [*some, *more])
    assert effective(said(score), all_).score <= effective(said(score), fewer).score


@given(st.integers(300, 900), records)
def test_a_rule_binds_where_it_takes_the_grade_down(score: int, some: list[dict[str, Any]]) -> None:
    found = overlay(shipped(), some)
    assert found is not None
    bound = any(binds(said(score), each) for each in found["rules"])
    assert bound == (effective(said(score), found).score < score)


@given(records)
def test_without_its_records_a_rule_is_not_met(some: list[dict[str, Any]]) -> None:
    found = overlay(shipped(), some)
    rest = without(found, {each["id"] for each in some})
    assert rest is not None
    assert (rest["rules"], cap_of(rest)) == ([], None)
    assert without(found, set()) == found


@given(records)
def test_the_same_rules_say_the_same_of_the_records_that_met_them(some: list[dict[str, Any]]) -> None:
    """What is stored with a score suffices to ask them again."""
    once = [dict(each, id=f"rec_{place}") for place, each in enumerate(some)]
    found = overlay(shipped(), once)
    assert found is not None
    again = overlay(shipped(), records_in(found))
    assert [(each["rule"], each["records"]) for each in again["rules"]] == [
        (each["rule"], each["records"]) for each in found["rules"]
    ]


def test_withheld_records_and_no_rules_are_no_overlay() -> None:
    """Not asked is not the same as nothing found."""
    assert overlay(shipped(), None) is None
    assert overlay(None, []) is None
    assert overlay(shipped(), []) == {"version": "2026.1", "rules": []}


def test_the_lowest_cap_counts() -> None:
    found = overlay(shipped(), [record("tax-grade", grade="D"), record("insolvency", name="rec_2")])
    assert cap_of(found) == CAPS[-1] == "C"
