"""From statements of BODS 0.4 to relations: what is meant as rows, what cannot be used by its place and reason.

Of a record the last statement counts, by its date and then its place; one that is closed ended on that day unless it
says when. What an indirect relationship consists of stands in its components, so that the whole is not counted again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.profile.book.domain.bods.interests import (
    SHAREHOLDER,
    UNSPECIFIED,
    Meant,
    NotHeld,
    days,
    meant,
)
from services.profile.book.domain.bods.parties import enterprise_of, party_of_entity, party_of_person
from services.profile.book.domain.bods.shape import CLOSED, ENTITY, INDIRECT, PERSON, RELATIONSHIP, day_of, faults

Statement = Mapping[str, Any]
Row = dict[str, str | None]
COLUMNS = ("enterprise", "relation", "party", "share", "since", "until")
SHOWN_ID = 64


@dataclass(slots=True)
class Inward:
    """What statements mean: rows (as text) with their lines, refusals (line, place, statement id, reason), notes.

    A line is the statement's place; what a statement says beyond its first relation has lines after the last place.
    """

    rows: list[tuple[int, Row]] = field(default_factory=list)
    refused: list[tuple[int, str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_bods(records: Sequence[object]) -> bool:
    """Tell whether records are statements of the standard, of whatever version."""
    first = records[0] if records else None
    return isinstance(first, dict) and bool(first.keys() & {"statementId", "statementID"})


def inward(statements: Sequence[tuple[int, object]]) -> Inward:
    """Return what numbered statements mean for the book."""
    found, good, seen = Inward(), list[tuple[int, Statement]](), set[str]()
    for line, statement in statements:
        wrong = list(_wrong(statement, seen))
        name = _shown(statement)
        found.refused += [(line, path, name, reason) for path, reason in wrong]
        if not wrong and isinstance(statement, dict):
            seen.add(statement["statementId"])
            good.append((line, statement))
    last = _last(good)
    found.notes += _told(good, last)
    _Reading(last, found, max((line for line, _ in statements), default=0)).read()
    return found


def _wrong(statement: object, seen: set[str]) -> Iterator[tuple[str, str]]:
    if not isinstance(statement, dict):
        yield "", "not a statement / 不是声明"
        return
    wrong = list(faults(statement))
    yield from ((fault.path, fault.reason) for fault in wrong)
    if not wrong and statement["statementId"] in seen:
        yield "statementId", "another statement has the same id / 声明编号重复"


def _shown(statement: object) -> str:
    name = statement.get("statementId") if isinstance(statement, dict) else None
    return name[:SHOWN_ID] if isinstance(name, str) else ""


def _last(good: Sequence[tuple[int, Statement]]) -> dict[str, tuple[int, Statement]]:
    """Return the last statement of each record."""
    dated = sorted(good, key=lambda one: (str(day_of(one[1]["statementDate"])), one[0]))
    return {statement["recordId"]: (line, statement) for line, statement in dated}


def _told(good: Sequence[object], last: Mapping[str, tuple[int, Statement]]) -> Iterator[str]:
    kinds = Counter(statement["recordType"] for _, statement in last.values())
    if described := kinds[ENTITY] + kinds[PERSON]:
        yield f"{described} statements describe parties / {described} 条声明用于说明当事方"
    if replaced := len(good) - len(last):
        yield f"{replaced} statements are replaced by later ones of the same record / {replaced} 条声明已被后续声明取代"


@dataclass(slots=True)
class _Reading:
    """The relationships among the last statements, read one after another."""

    last: Mapping[str, tuple[int, Statement]]
    found: Inward
    next_line: int
    bounds: int = 0
    whole: int = 0

    def read(self) -> None:
        for line, statement in sorted(self.last.values(), key=lambda one: one[0]):
            if statement["recordType"] == RELATIONSHIP:
                self._relationship(line, statement)
        if self.bounds:
            self.found.notes.append(
                f"{self.bounds} shares were stated as ranges; their lower bound is held / "
                f"{self.bounds} 项份额为区间，按下限收录"
            )
        if self.whole:
            self.found.notes.append(
                f"{self.whole} indirect interests are told by their components / {self.whole} 项间接权益见其组成部分"
            )

    def _relationship(self, line: int, statement: Statement) -> None:
        try:
            firm = self._subject(statement["recordDetails"]["subject"])
            rows, refused = self._rows(statement, firm)
        except NotHeld as why:
            rows, refused = [], [("recordDetails", str(why))]
        lines = self._lines(line, len(rows) + (len(refused) if rows else 0))
        self.found.rows += zip(lines, rows, strict=False)
        places = lines[len(rows) :] if rows else [line] * len(refused)
        name = _shown(statement)
        told = zip(places, refused, strict=True)
        self.found.refused += [(place, path, name, reason) for place, (path, reason) in told]

    def _lines(self, line: int, count: int) -> list[int]:
        """Return a line for each thing that a statement says: its own, then such as no statement has."""
        first, self.next_line = self.next_line + 1, self.next_line + max(count - 1, 0)
        return [line, *range(first, self.next_line + 1)]

    def _rows(self, statement: Statement, firm: str) -> tuple[list[Row], list[tuple[str, str]]]:
        details, said, refused = (
            statement["recordDetails"],
            dict[tuple[str, str | None], Row](),
            list[tuple[str, str]](),
        )
        other = details["interestedParty"]
        party, of_person = (other["reason"], False) if isinstance(other, dict) else self._party(other)
        for place, interest in enumerate(details.get("interests") or [{}]):
            try:
                one = _ended(_meant(details, interest, of_person=of_person), statement)
                _join(said, one, _row(firm, party, one))
                self.bounds += one.bound
            except NotHeld as why:
                if details.get("componentRecords") and interest.get("directOrIndirect") == INDIRECT:
                    self.whole += 1
                else:
                    refused.append((f"recordDetails.interests[{place}]", str(why)))
        return list(said.values()), refused

    def _subject(self, record: object) -> str:
        if not isinstance(record, str):
            raise NotHeld("no subject is named, so that it is no firm's / 未指明主体企业")
        _, statement = self._record(record)
        firm = enterprise_of(statement["recordDetails"]) if statement["recordType"] == ENTITY else None
        if firm is None:
            raise NotHeld("the subject is no entity with an identifier / 主体不是有代码的企业")
        return firm

    def _party(self, record: str) -> tuple[str, bool]:
        _, statement = self._record(record)
        if statement["recordType"] == PERSON:
            return party_of_person(record, statement["recordDetails"]), True
        if statement["recordType"] == ENTITY:
            return party_of_entity(record, statement["recordDetails"]), False
        raise NotHeld("the interested party is a relationship / 利益方不是企业或自然人")

    def _record(self, record: str) -> tuple[int, Statement]:
        if record not in self.last:
            raise NotHeld("names a record of which the file has no usable statement / 所引用的记录在文件中没有可用声明")
        return self.last[record]


def _meant(details: Statement, interest: Statement, *, of_person: bool) -> Meant:
    """Return what an interest of a relationship means; where no party is named, that nobody can be."""
    if isinstance(details["interestedParty"], dict):
        return Meant(UNSPECIFIED, None, False, *days(interest))
    if not details.get("interests"):
        raise NotHeld("says of no interest what it is / 未说明权益内容")
    return meant(interest, of_person=of_person)


def _join(said: dict[tuple[str, str | None], Row], one: Meant, row: Row) -> None:
    """Take in a relation; several grounds of control are one controller, two stakes of one day are a contradiction."""
    before = said.setdefault((one.relation, one.since), row)
    if before is not row and one.relation == SHAREHOLDER:
        raise NotHeld("another shareholding of the same party and day; state the whole / 同一持股方请报送合计")
    before["share"] = before["share"] or row["share"]


def _row(firm: str, party: str, one: Meant) -> Row:
    share = None if one.percent is None else f"{one.percent:.10f}".rstrip("0").rstrip(".") + "%"
    return dict(zip(COLUMNS, (firm, one.relation, party, share, one.since, one.until), strict=True))


def _ended(one: Meant, statement: Statement) -> Meant:
    """Return a relation with its end where the record is closed and says none."""
    if statement.get("recordStatus") != CLOSED or one.until:
        return one
    return Meant(one.relation, one.percent, one.bound, one.since, str(day_of(statement["statementDate"])))
