"""Statements of BODS 0.4 as relations and back: what is valid is taken, the rest refused with a reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import bods_fixtures
import pytest
from bods import codes, entity, judge, person, relationship
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.book.domain.bods import shape
from services.profile.book.domain.bods.interests import CONTROLLER, IN_CHARGE, SHAREHOLDER, UNSPECIFIED
from services.profile.book.domain.bods.inward import Inward, inward
from services.profile.book.domain.bods.outward import Held, Subject, outward

FIRM, OWNER = entity("firm", "1"), person("owner", names=[{"fullName": "Ada", "type": "legal"}])
STAKE = {"type": "shareholding", "directOrIndirect": "direct", "share": {"exact": 30}, "startDate": "2020-01-01"}
DAY = date(2026, 6, 30)


def read(*statements: Any) -> Inward:
    return inward(list(enumerate(statements, 1)))


def rows(*statements: Any) -> list[tuple[str | None, ...]]:
    return [tuple(row.values()) for _, row in read(*statements).rows]


def reasons(*statements: Any) -> list[str]:
    return [reason for _, _, _, reason in read(*statements).refused]


def with_(statement: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a statement with one value changed, or without it where the value is `...`."""
    first, _, rest = path.partition(".")
    if rest:
        return {**statement, first: with_(statement[first], rest, value)}
    changed = {**statement, first: value}
    return {name: each for name, each in changed.items() if each is not ...}


@pytest.mark.parametrize("name", bods_fixtures.list_cases())
def test_the_published_fixtures_are_read_whole(name: str) -> None:
    fixture = bods_fixtures.load(name)
    assert read(*fixture.statements).refused == []
    told = sum(len(each["recordDetails"].get("interests", [{}])) for each in fixture.by_record_type("relationship"))
    assert len(read(*fixture.statements).rows) == told


def test_a_declared_unknown_owner_keeps_its_reason_and_is_nobody() -> None:
    """No person is made up for it, and it is no gap in the data."""
    fixture = bods_fixtures.load("edge-cases/11-anonymous-person")
    [(_, relation, party, *_)] = rows(*fixture.statements)
    assert (relation, party) == (UNSPECIFIED, "subjectUnableToConfirmOrIdentifyBeneficialOwner")


def test_the_code_lists_are_those_of_the_standard() -> None:
    assert set(codes("interestType")) == set(shape.INTERESTS)
    assert set(codes("unspecifiedReason")) == set(shape.REASONS)
    assert set(codes("entityType")) == set(shape.SUBTYPES)
    assert set(codes("personType")) == set(shape.PERSON_TYPES)
    assert set(codes("recordStatus")) == set(shape.STATUSES)


BROKEN = [
    ("statementId", "short"),
    ("statementId", ...),
    ("statementDate", "31.03.2026"),
    ("recordId", ...),
    ("declarationSubject", ...),
    ("recordType", "company"),
    ("recordStatus", "deleted"),
    ("recordDetails", ...),
    ("recordDetails.isComponent", ...),
    ("recordDetails.subject", ...),
    ("recordDetails.interestedParty", {"reason": "shy"}),
    ("recordDetails.interests", {"type": "shareholding"}),
    ("recordDetails.interests", [{**STAKE, "type": "crown"}]),
    ("recordDetails.interests", [{**STAKE, "directOrIndirect": "maybe"}]),
    ("recordDetails.interests", [{**STAKE, "share": {"exact": 130}}]),
    ("recordDetails.interests", [{**STAKE, "share": {"minimum": "25"}}]),
    ("recordDetails.interests", [{**STAKE, "startDate": "2020"}]),
    ("recordDetails.interests", [{**STAKE, "beneficialOwnershipOrControl": "yes"}]),
    ("publicationDetails", {"bodsVersion": "0.4", "publicationDate": "2026-01-01"}),
]


@pytest.mark.parametrize(("path", "value"), BROKEN)
def test_what_the_schema_refuses_is_refused_with_a_reason(path: str, value: Any) -> None:
    """The same verdict as the standard's own schema, by the statement's place."""
    bad = with_(relationship(STAKE), path, value)
    assert judge().is_valid([FIRM, OWNER, relationship(STAKE)])
    assert not judge().is_valid([FIRM, OWNER, bad])
    found = read(FIRM, OWNER, bad)
    assert found.rows == []
    assert {line for line, *_ in found.refused} == {3}
    assert all(" / " in reason for *_, reason in found.refused)


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ([FIRM, relationship(STAKE)], "no usable statement"),
        ([entity("firm"), OWNER, relationship(STAKE)], "no entity with an identifier"),
        ([FIRM, OWNER, relationship({**STAKE, "directOrIndirect": "indirect"})], "indirect shareholding"),
        ([FIRM, OWNER, relationship({"type": "votingRights", "share": {"exact": 50}})], "half or less"),
        ([FIRM, OWNER, relationship({"type": "settlor"})], "holds no settlor"),
        ([FIRM, OWNER, relationship()], "no interest"),
        ([FIRM, OWNER, relationship(STAKE, {**STAKE, "share": {"exact": 5}})], "another shareholding"),
        ([FIRM, entity("owner", "2"), relationship({**STAKE, "beneficialOwnershipOrControl": True})], "be a person"),
        ([FIRM, OWNER, relationship({**STAKE, "endDate": "2019-01-01"})], "before startDate"),
        ([FIRM, OWNER, relationship({**STAKE, "share": {"minimum": 50, "maximum": 25}})], "contradicts itself"),
        ([FIRM, OWNER, OWNER], "same id"),
        ([with_(FIRM, "publicationDetails", {"bodsVersion": "0.3"})], "convert it first"),
        (["Ada"], "not a statement"),
    ],
)
def test_what_the_book_cannot_hold_is_refused_with_a_reason(statements: list[Any], reason: str) -> None:
    assert any(reason in each for each in reasons(*statements))


JSON = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({}) | st.just([{}])


def paths(value: Any, path: str = "") -> list[str]:
    if not isinstance(value, dict):
        return [path]
    return [path, *(each for name, part in value.items() for each in paths(part, f"{path}.{name}".lstrip(".")))]


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_whatever_stands_in_a_place_is_read_or_refused(data: st.DataObject) -> None:
    """A wrong sort of value breaks nothing, and every statement of a relationship is told or reported."""
    interest = {**STAKE, "beneficialOwnershipOrControl": True, "details": "held"}
    given_ = [with_(FIRM, "recordDetails.name", "Firm"), with_(OWNER, "recordDetails.birthDate", "1990-01-01")]
    file = [*given_, relationship(interest), interest]
    place = data.draw(st.integers(0, 3))
    path = data.draw(st.sampled_from(paths(file[place])[1:]))
    file[place] = with_(file[place], path, data.draw(JSON))
    found = read(*file[:2], relationship(file[3]) if place == 3 else file[2])
    assert found.rows or found.refused


def test_no_reason_says_a_name_again() -> None:
    found = read(FIRM, with_(OWNER, "recordDetails.personType", "Ada Lovelace"), relationship(STAKE))
    assert found.refused
    assert "Ada" not in str(found.refused)


@pytest.mark.parametrize(
    ("share", "held"),
    [
        ({"exact": 33.3333}, "33.3333%"),
        ({"minimum": 25, "maximum": 50}, "25%"),
        ({"exclusiveMinimum": 50, "maximum": 75}, "50.001%"),
        ({"maximum": 25}, None),
        ({}, None),
    ],
)
def test_of_a_range_the_lower_bound_is_held(share: dict[str, float], held: str | None) -> None:
    """More than half stays more than half."""
    [(_, _, _, written, _, _)] = rows(FIRM, OWNER, relationship({**STAKE, "share": share}))
    assert written == held


@pytest.mark.parametrize(
    ("interest", "relation"),
    [
        (STAKE, SHAREHOLDER),
        ({"type": "votingRights", "share": {"exclusiveMinimum": 50}}, CONTROLLER),
        ({"type": "appointmentOfBoard"}, CONTROLLER),
        ({"type": "otherInfluenceOrControl", "beneficialOwnershipOrControl": True}, CONTROLLER),
        ({"type": "seniorManagingOfficial"}, IN_CHARGE),
    ],
)
def test_an_interest_is_one_of_our_relations(interest: dict[str, Any], relation: str) -> None:
    assert [row[1] for row in rows(FIRM, OWNER, relationship(interest))] == [relation]


def test_a_later_statement_replaces_and_a_closed_record_ends() -> None:
    """By its date, wherever it stands in the file."""
    later = {**relationship({**STAKE, "share": {"exact": 40}}), "statementId": "l" * 32, "recordStatus": "updated"}
    assert [row[3] for row in rows(FIRM, OWNER, {**later, "statementDate": "2026-04-30"}, relationship(STAKE))] == [
        "40%"
    ]
    closed = {**later, "statementDate": "2026-05-31", "recordStatus": "closed"}
    assert rows(FIRM, OWNER, closed)[0][5] == "2026-05-31"


def test_an_indirect_relationship_is_told_by_its_components() -> None:
    """The stakes of the chain are held, the whole of it is not held again."""
    middle = entity("middle", "2", isComponent=True)
    chain = [
        relationship(STAKE, record="first", of="middle", isComponent=True),
        relationship(STAKE, record="second", subject="middle", isComponent=True),
    ]
    whole = relationship({**STAKE, "directOrIndirect": "indirect"}, componentRecords=["middle", "first", "second"])
    found = read(FIRM, middle, OWNER, *chain, whole)
    assert [(row["enterprise"], row["party"]) for _, row in found.rows] == [
        ("local:GB-COH-1", "local:GB-COH-2"),
        ("local:GB-COH-2", "Ada"),
    ]
    assert (found.refused, any("components" in note for note in found.notes)) == ([], True)


def test_each_line_is_one_thing() -> None:
    """What a statement says beside its first relation has a line that no statement has."""
    two = relationship(STAKE, {"type": "appointmentOfBoard"}, {"type": "settlor"})
    found = read(FIRM, OWNER, two, relationship({"type": "trustee"}, record="other"))
    assert [line for line, _ in found.rows] == [3, 5]
    assert sorted((line, path) for line, path, *_ in found.refused) == [
        (4, "recordDetails.interests[0]"),
        (6, "recordDetails.interests[2]"),
    ]


def test_persons_of_one_name_are_apart_by_their_day_of_birth() -> None:
    born = [person("owner", names=[{"fullName": "Ada"}], birthDate=day) for day in ("1950-01-01", "1990-01-01")]
    parties = [rows(FIRM, one, relationship(STAKE))[0][2] for one in born]
    assert parties == ["Ada 1950-01-01", "Ada 1990-01-01"]


def test_a_person_who_is_not_named_is_told_apart_by_the_record() -> None:
    hidden = with_(OWNER, "recordDetails.personType", "anonymousPerson")
    assert rows(FIRM, hidden, relationship(STAKE))[0][2] == "bods record owner"


PARTIES = st.sampled_from(["uscc:91350100M000100Y43", "local:E7", "hash:" + "0a" * 16, "hash:" + "1b" * 16])
DAYS = st.none() | st.dates(date(2000, 1, 1), date(2026, 6, 1))


@st.composite
def relations(draw: st.DrawFn) -> Held:
    kind = draw(st.sampled_from([SHAREHOLDER, CONTROLLER, IN_CHARGE, UNSPECIFIED]))
    person = "hash:" + "2c" * 16
    party = {IN_CHARGE: person, UNSPECIFIED: draw(st.sampled_from(shape.REASONS))}.get(kind) or draw(PARTIES)
    shares = st.none() | st.integers(0, 10**9).map(lambda parts: parts / 10**9)
    share = draw(shares) if kind in (SHAREHOLDER, CONTROLLER) else None
    days = sorted(day for day in (draw(DAYS), draw(DAYS)) if day)
    since, until = (*days, None, None)[:2]
    channel = draw(st.sampled_from(["subject", "government", "counterparty"]))
    return Held(kind, party, share, since, until, draw(st.integers(1, 3)), channel, DAY)


@given(st.lists(relations(), max_size=6, unique_by=lambda one: (one.relation, one.party, one.since)))
@settings(max_examples=50, deadline=None)
def test_what_goes_out_is_valid_and_comes_in_as_it_was(held: list[Held]) -> None:
    """Relation, party, share and days; the standard's schema is the judge of the form."""
    told = outward(Subject("local:E1", "甲公司", DAY, DAY), held, ["Disputed"])
    assert list(judge().iter_errors(told)) == []
    found = read(*told)
    assert found.refused == []
    back = {
        (row["relation"], row["party"], row["since"]): (row["enterprise"], row["share"], row["until"])
        for _, row in found.rows
    }
    expected = {
        (one.relation, one.party, one.since and one.since.isoformat()): (
            "local:E1",
            None if one.share is None else one.share,
            one.until and one.until.isoformat(),
        )
        for one in held
    }
    assert back.keys() == expected.keys()
    for key, (firm, share, until) in back.items():
        number = None if share is None else pytest.approx(float(share.removesuffix("%")) / 100, abs=1e-12)
        assert expected[key] == (firm, number, until)


def test_the_same_facts_have_the_same_ids_and_no_two_statements_one() -> None:
    held = [Held(SHAREHOLDER, "local:E7", 0.5, None, None, 1, "government", DAY)]
    one, other = (outward(Subject("local:E1", None, DAY, day), held, []) for day in (DAY, date(2026, 7, 1)))
    assert [each["statementId"] for each in one] == [each["statementId"] for each in other]
    assert len({each["statementId"] for each in one}) == len(one) == 3
