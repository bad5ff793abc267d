"""Reading a pack: from a parsed TOML document to rules that hold together, or to a refusal that says what is right."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from services.profile.book.domain.public_record import GRADES, RECORDS, TIERS
from services.profile.portrait.domain.features import Feature
from services.profile.portrait.domain.indicators import FIGURES, Indicator, Scale
from services.profile.standards import industries
from services.profile.standards.text import Text
from services.profile.supervision.domain.pack import (
    FULL,
    Cap,
    Class,
    Counting,
    Direction,
    Pack,
    PackRefused,
    Rule,
    refusal,
)

WHOLE = {"title", "valid_from", "industries", "sources", "classes", "indicator", "cap"}
INDICATOR = {"figure", "key", "title", "weight", "points", "records", "tiers", "authority"}
CAP = {"class", "title", "records", "tiers", "grades", "authority", "source"}
SORTS, TIER_NAMES, GRADE_NAMES = set(RECORDS.values()), set(TIERS.values()), set(GRADES.values())
GENERAL = "general"
# Lists of what a firm did well: one more of these is better, of all others worse.
GOOD = frozenset({"award", "licence"})


def usable(figure: Feature) -> bool:
    """Tell whether a figure may decide a class: it has a direction, and leaving invoices out cannot better it.

    That holds of figures with a family (ADR 26) and of those that rest on more than the firm's own invoices.
    """
    beyond = isinstance(figure, Indicator) and figure.source != "invoices"
    return figure.direction != 0 and (figure.family is not None or beyond)


KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
TAKEN = frozenset({"enterprise", *(figure.name for figure in FIGURES)})
LARGEST = 1e15
FIGURE = {figure.name: figure for figure in FIGURES if usable(figure)}


@dataclass(frozen=True, slots=True)
class _Reader:
    """A part of a file: reads its keys, and refuses what they must not be."""

    file: str
    place: str
    said: Mapping[str, Any]

    def wrong(self, key: str, right: str) -> PackRefused:
        """Return the refusal of one key of this part."""
        return refusal(self.file, f"{self.place}{key}", self.said.get(key), right)

    def only(self, keys: Collection[str]) -> None:
        """Refuse a key that nobody reads: a misspelt one would be a rule that does not count."""
        if unknown := sorted(self.said.keys() - keys):
            raise self.wrong(unknown[0], f"there is no such key; there are: {', '.join(sorted(keys))}")

    def text(self, key: str) -> Text:
        """Return two words."""
        found = self.said.get(key)
        if not (isinstance(found, list) and len(found) == len(("zh", "en")) and all(map(_word, found))):
            raise self.wrong(key, 'a title in Chinese and in English is needed: ["中文", "English"]')
        return Text(*found)

    def word(self, key: str, right: str) -> str:
        """Return a word."""
        if not _word(self.said.get(key)):
            raise self.wrong(key, right)
        return str(self.said[key])

    def words(self, key: str, among: Collection[str] | None = None) -> tuple[str, ...]:
        """Return a list of words, of some where only these are known; none where nothing is said."""
        found = self.said.get(key, [])
        if not (isinstance(found, list) and all(map(_word, found))):
            raise self.wrong(key, 'a list of words is needed: ["…"]')
        if among is not None and (strange := [each for each in found if each not in among]):
            raise self.wrong(key, f"{strange[0]} is not among {', '.join(sorted(among))}")
        return tuple(found)

    def day(self, key: str) -> date:
        """Return a day."""
        found = self.said.get(key)
        if not isinstance(found, date) or isinstance(found, datetime):
            raise self.wrong(key, "the first day on which the rules hold is needed: 2026-01-01")
        return found

    def whole(self, key: str) -> int:
        """Return a whole number from 1 to 100."""
        found = self.said.get(key)
        if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= FULL:
            raise self.wrong(key, "a whole number from 1 to 100 is needed")
        return found

    def parts(self, key: str) -> list[_Reader]:
        """Return the tables of an array of tables."""
        found = self.said.get(key, [])
        if not (isinstance(found, list) and all(isinstance(each, dict) for each in found)):
            raise self.wrong(key, f"tables are needed: [[{key}]]")
        return [_Reader(self.file, f"{key}[{place + 1}].", each) for place, each in enumerate(found)]


def read(document: Mapping[str, Any], sector: str, file: str) -> Pack:
    """Return the pack of a parsed file; raise `PackRefused` where it says what cannot be."""
    whole = _Reader(file, "", document)
    whole.only(WHOLE)
    rules = tuple(_rule(part) for part in whole.parts("indicator"))
    _weighed(whole, rules)
    sources = whole.words("sources")
    if not sources:
        raise whole.wrong("sources", "who made the rules, or on which document they stand, is needed")
    return Pack(
        sector=sector,
        file=file,
        title=whole.text("title"),
        valid_from=whole.day("valid_from"),
        industries=_industries(whole, sector),
        sources=sources,
        least=_least(whole),
        rules=rules,
        caps=tuple(_cap(part) for part in whole.parts("cap")),
    )


def _industries(whole: _Reader, sector: str) -> tuple[str, ...]:
    codes = whole.words("industries")
    for code in codes:
        if industries.find(code).code != code:
            raise whole.wrong("industries", f"{code} is no code of GB/T 4754-2017; write E, C13 or C1311")
    if bool(codes) == (sector == GENERAL):
        raise whole.wrong("industries", "a sector names its industries; `general` is for all others and names none")
    return codes


def _least(whole: _Reader) -> dict[Class, int]:
    said = whole.said.get("classes")
    right = "points from which A, B and C are given are needed, falling: { A = 80, B = 60, C = 40 }"
    if not isinstance(said, dict) or set(said) != {"A", "B", "C"}:
        raise whole.wrong("classes", right)
    found = [said["A"], said["B"], said["C"], 0]
    if not all(type(each) is int for each in found) or not all(a > b for a, b in pairwise([FULL + 1, *found])):
        raise whole.wrong("classes", right)
    return {each: said[each] * FULL for each in (Class.A, Class.B, Class.C)}


def _weighed(whole: _Reader, rules: Sequence[Rule]) -> None:
    total, keys = sum(rule.weight for rule in rules), [rule.key for rule in rules]
    if total != FULL:
        raise refusal(whole.file, "indicator.weight", total, "the weights of all indicators come to 100")
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise refusal(whole.file, "indicator.key", twice[0], "each indicator has a key of its own")


def _rule(part: _Reader) -> Rule:
    part.only(INDICATOR)
    if ("figure" in part.said) == ("records" in part.said):
        raise part.wrong("figure", "an indicator has either a figure or records")
    return _of_figure(part) if "figure" in part.said else _of_records(part)


def _of_figure(part: _Reader) -> Rule:
    name = part.said["figure"]
    if not isinstance(name, str) or name not in FIGURE:
        known = ", ".join(sorted(FIGURE))
        raise part.wrong("figure", f"it is one that hiding cannot better and that has a direction: {known}")
    figure = FIGURE[name]
    direction: Direction = 1 if figure.direction > 0 else -1
    return Rule(
        key=name,
        title=part.text("title") if "title" in part.said else figure.title,
        dimension=figure.dimension,
        unit=figure.unit,
        direction=direction,
        weight=part.whole("weight"),
        scale=_scale(part, direction),
        actionable=figure.actionable,
    )


def _of_records(part: _Reader) -> Rule:
    counting = _counting(part)
    direction: Direction = -1 if GOOD.issuperset(counting.sorts) else 1
    if direction > 0 and GOOD.intersection(counting.sorts):
        raise part.wrong("records", "awards and licences are not counted together with what is held against a firm")
    return Rule(
        key=_key(part),
        title=part.text("title"),
        dimension="compliance",
        unit="count",
        direction=direction,
        weight=part.whole("weight"),
        scale=_scale(part, direction),
        counting=counting,
        actionable="raise" if direction < 0 else "lower",
    )


def _key(part: _Reader) -> str:
    """Return the key of a count of records: a column's name, and none that there is already."""
    right = "a count of records has a key of its own, such as penalties_site_safety"
    key = part.word("key", right)
    if not KEY.fullmatch(key) or key in TAKEN:
        raise part.wrong("key", right)
    return key


def _scale(part: _Reader, direction: Direction) -> Scale:
    found = part.said.get("points")
    if not (isinstance(found, list) and found and all(_anchor(each) for each in found)):
        raise part.wrong("points", "pairs of a value and its points 0–100 are needed: [[0, 100], [3, 0]]")
    anchors = tuple((float(value), float(points)) for value, points in found)
    if any(a[0] >= b[0] for a, b in pairwise(anchors)):
        raise part.wrong("points", "the values rise from pair to pair")
    if any((b[1] - a[1]) * direction > 0 for a, b in pairwise(anchors)):
        worse = "higher" if direction > 0 else "lower"
        raise part.wrong("points", f"a {worse} value is worse here, and a worse value never brings more points")
    if max(points for _, points in anchors) != FULL:
        raise part.wrong("points", "the best value brings 100 points: what it counts is said by the weight")
    if min(points for _, points in anchors) == FULL:
        raise part.wrong("points", "the worst value brings fewer than 100 points: that of a firm that shows none")
    return Scale(anchors)


def _cap(part: _Reader) -> Cap:
    part.only(CAP)
    if part.said.get("class") not in ["B", "C", "D"]:
        raise part.wrong("class", "the best class that the record allows is B, C or D")
    source = part.word("source", "on what the cap stands is needed")
    return Cap(Class(part.said["class"]), part.text("title"), _counting(part), source)


def _counting(part: _Reader) -> Counting:
    sorts = part.words("records", SORTS)
    if not sorts:
        raise part.wrong("records", f"at least one sort of record is needed: {', '.join(sorted(SORTS))}")
    grades = part.words("grades", GRADE_NAMES)
    return Counting(sorts, part.words("tiers", TIER_NAMES), part.words("authority"), grades)


def _anchor(said: Any) -> bool:
    if not (isinstance(said, list) and len(said) == len(("value", "points"))):
        return False
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in said):
        return False
    return bool(
        abs(said[0]) <= LARGEST and 0 <= said[1] <= FULL
    )  # TOML has nan and inf, and whole numbers of any length


def _word(said: Any) -> bool:
    return isinstance(said, str) and bool(said.strip())
