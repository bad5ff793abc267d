"""Joint incentives and restrictions: no measure without a basis, none beyond it, none outside its days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.errors import Refused
from services.profile.rights.domain.measure import (
    Bases,
    Basis,
    BasisNotInForce,
    BeyondBasis,
    ImpossibleMeasure,
    Measure,
    State,
    UnknownBasis,
    bases,
    checked,
    months_later,
    state_on,
)

KNOWN = bases()
TODAY = date(2026, 3, 2)
RED = Measure(
    enterprise="local:E1",
    list="red",
    basis="joint-incentives-2016",
    scope=("green-channel", "document-waiver"),
    authority="某市发展和改革委员会",
    document="信用〔2026〕1号",
    starts_on=date(2026, 3, 1),
    expires_on=date(2027, 2, 28),
)
DAYS = st.dates(date(2000, 1, 1), date(2060, 1, 1))
CODES = sorted(KNOWN.codes)
KEYS = sorted(KNOWN.by_key)
WISHES = st.builds(
    replace,
    st.just(RED),
    list=st.sampled_from(["red", "black"]),
    basis=st.sampled_from([*KEYS, "", "a habit"]),
    scope=st.lists(st.sampled_from([*CODES, "arrest"]), max_size=4).map(tuple),
    starts_on=DAYS,
    expires_on=DAYS,
)


def lawful(key: str, starts_on: date, days: int) -> Measure:
    """Return a measure of all that a basis allows, for so many days."""
    basis = KNOWN.by_key[key]
    last = starts_on + timedelta(days=days)
    scope = basis.measures
    return replace(RED, list=basis.list, basis=key, scope=scope, starts_on=starts_on, expires_on=last)


@given(WISHES, DAYS)
def test_whatever_is_asked_for_rests_on_a_basis_of_its_day_and_does_no_more_than_it_allows(
    wish: Measure, today: date
) -> None:
    try:
        measure = checked(wish, today)
    except Refused:
        return
    basis = KNOWN.by_key[measure.basis]
    assert basis.in_force(measure.starts_on)
    assert basis.in_force(measure.expires_on)
    assert measure.list == basis.list
    assert measure.scope
    assert set(measure.scope) <= set(basis.measures)


@given(st.sampled_from(KEYS), DAYS, st.integers(1, 700), DAYS)
def test_on_no_day_outside_its_first_and_last_is_it_in_force(key: str, starts_on: date, days: int, day: date) -> None:
    """Nor on a day on which its basis is not."""
    measure = lawful(key, starts_on, days)
    inside = measure.starts_on <= day <= measure.expires_on and KNOWN.by_key[key].in_force(day)
    assert (state_on(measure, day, ended=False) == State.IN_FORCE) == inside


@given(st.sampled_from(KEYS), DAYS, DAYS)
def test_on_no_day_is_it_in_force_once_it_was_ended(key: str, starts_on: date, day: date) -> None:
    assert state_on(lawful(key, starts_on, 90), day, ended=True) == State.ENDED


@given(st.sampled_from(KEYS), st.integers(1, 4000))
def test_a_term_is_taken_up_to_the_longest_that_the_basis_sets(key: str, days: int) -> None:
    basis = KNOWN.by_key[key]
    measure = lawful(key, basis.in_force_from, days)
    latest = basis.latest_expiry(measure.starts_on)
    if latest is None or measure.expires_on <= latest:
        assert checked(measure, measure.starts_on).scope == basis.measures
    else:
        with pytest.raises(BeyondBasis):
            checked(measure, measure.starts_on)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"basis": "custom"}, UnknownBasis),
        ({"basis": "tax-credit-a-2014"}, BasisNotInForce),
        ({"scope": ()}, BeyondBasis),
        ({"scope": ("green-channel", "restrict-credit")}, BeyondBasis),
        ({"list": "black"}, ImpossibleMeasure),
        ({"expires_on": RED.starts_on}, ImpossibleMeasure),
        ({"starts_on": date(2024, 1, 1), "expires_on": date(2026, 3, 1)}, ImpossibleMeasure),
    ],
    ids=["no basis", "a basis of the past", "no scope", "beyond the scope", "another list", "no day", "all days past"],
)
def test_what_has_no_ground_is_refused_for_what_it_is(change: dict[str, object], refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        checked(replace(RED, **change), TODAY)  # type: ignore[arg-type]


def test_the_scope_is_kept_once_and_in_the_order_of_the_basis() -> None:
    """So that the same terms have the same digest."""
    asked = replace(RED, scope=("document-waiver", "green-channel", "document-waiver"))
    assert checked(asked, TODAY).scope == ("green-channel", "document-waiver")


def test_a_refusal_names_what_the_basis_allows() -> None:
    with pytest.raises(BeyondBasis) as refused:
        checked(replace(RED, scope=("arrest",)), TODAY)
    assert refused.value.members["beyond"] == ["arrest"]
    assert "green-channel" in refused.value.members["allowed"]


def test_where_a_basis_ends_what_rests_on_it_has_expired() -> None:
    """An amended catalogue takes back what an earlier one allowed."""
    basis = KNOWN.by_key[RED.basis]
    ended = Basis(**{name: getattr(basis, name) for name in Basis.__slots__} | {"in_force_until": date(2026, 6, 30)})
    amended = Bases("later", KNOWN.codes, {ended.key: ended})
    days = (date(2026, 6, 30), date(2026, 7, 1))
    assert [state_on(RED, day, ended=False, known=amended) for day in days] == [State.IN_FORCE, State.EXPIRED]
    assert state_on(RED, days[0], ended=False, known=Bases("none", {}, {})) == State.EXPIRED


def test_a_term_of_months_ends_on_the_corresponding_day() -> None:
    """The month's last where it has none such."""
    assert months_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_later(date(2026, 12, 15), 1) == date(2027, 1, 15)


def test_every_basis_of_the_catalogue_says_who_and_what_and_allows_what_its_list_has() -> None:
    for basis in KNOWN.by_key.values():
        said = (basis.title.zh, basis.title.en, basis.issuer.zh, basis.issuer.en, basis.document, basis.measures)
        assert all(said), basis.key
        assert {KNOWN.codes[code].list for code in basis.measures} == {basis.list}, basis.key
        assert basis.in_force_from < (basis.in_force_until or date.max), basis.key


def test_every_code_of_the_catalogue_is_allowed_by_a_basis() -> None:
    allowed = {code for basis in KNOWN.by_key.values() for code in basis.measures}
    assert allowed == set(KNOWN.codes)
