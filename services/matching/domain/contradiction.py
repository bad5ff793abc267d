"""Whether conditions contradict each other: what no firm could ever pass is refused before anybody is asked.

The search reads the conditions as written, in exact fractions, and follows every `or` until one way holds together. A
way is a list of comparisons; it fails where a number would have to lie in an empty range, a text be two things at once,
or where two comparisons of the same pair of facts exclude each other. That is a proof. What is not proved is let pass:
two facts that are tied in the world (sales of a year and of a month) are not tied here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from services.matching.domain.expression import FLIPPED, Comparison, Expression, Joined, Literal, Name, Not
from services.matching.domain.predicate import OPPOSITE
from services.matching.domain.vocabulary import HIERARCHIES, LISTED, SCALES, WORDS

# Comparisons looked at, those of each way anew, before the answer is that no contradiction was found: about a second.
MOST_COMPARISONS = 100_000
DEEPEST = 200  # choices inside each other, for the same answer
WHOLE = frozenset({"amount_fen", "months", *SCALES})
ROUNDS = 4  # in which a range narrows those of the facts that it is compared with
# What a fact is whatever the firm: a need is above nothing, a probability lies from 0 to 1.
NATURAL: Mapping[str, tuple[tuple[str, int], ...]] = {
    "amount_fen": ((">", 0),),
    "months": ((">", 0),),
    "pd": ((">=", 0), ("<=", 1)),
}


@dataclass(slots=True)
class Range:
    """Where a number may lie; None is no bound, `open` says that a bound itself is excluded."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False
    without: set[Fraction] = field(default_factory=set)

    def keep(self, sign: str, value: Fraction) -> None:
        """Narrow it to where a comparison with a number holds."""
        if sign == "!=":
            self.without.add(value)
        if sign in (">", ">=", "=="):
            is_open = sign == ">"
            if self.low is None or value > self.low or (value == self.low and is_open):
                self.low, self.low_open = value, is_open
        if sign in ("<", "<=", "=="):
            is_open = sign == "<"
            if self.high is None or value < self.high or (value == self.high and is_open):
                self.high, self.high_open = value, is_open

    def is_empty(self, *, whole: bool) -> bool:
        """Tell whether nothing is left."""
        if self.low is None or self.high is None:
            return False
        if whole:
            least = floor(self.low) + 1 if self.low_open else ceil(self.low)
            most = ceil(self.high) - 1 if self.high_open else floor(self.high)
            return most - least < len(self.without) and all(n in self.without for n in range(least, most + 1))
        if self.low == self.high:
            return self.low_open or self.high_open or self.low in self.without
        return self.low > self.high


def contradicts(conditions: Iterable[Expression]) -> bool:
    """Tell whether it is proved that these conditions never hold together."""
    return not _Search().holds_together([(condition, True) for condition in conditions], [])


def core(conditions: Sequence[Expression]) -> list[int]:
    """Return the places of conditions that contradict each other; none where no contradiction was found.

    None of them can be left out, as far as the search for fewer comes.
    """
    if not contradicts(conditions):
        return []
    kept, search = list(range(len(conditions))), _Search()
    for place in range(len(conditions)):
        fewer = [other for other in kept if other != place]
        if not search.holds_together([(conditions[other], True) for other in fewer], []):
            kept = fewer
    return kept


class _Search:
    def __init__(self) -> None:
        self.compared = 0

    def holds_together(
        self, left: Sequence[tuple[Expression, bool]], taken: Sequence[Comparison], depth: int = 0
    ) -> bool:
        """Follow every `or`: true where one way holds together, or where too many were looked at to tell."""
        known, choices = _split(left)
        taken = [*taken, *known]
        self.compared += len(taken) + 1
        if self.compared > MOST_COMPARISONS or depth > DEEPEST:
            return True
        if not _consistent(taken):
            return False
        if not choices:
            return True
        first, *others = choices
        return any(self.holds_together([part, *others], taken, depth + 1) for part in _parts(*first))


def _split(left: Sequence[tuple[Expression, bool]]) -> tuple[list[Comparison], list[tuple[Expression, bool]]]:
    """Return the comparisons that must hold, and the conditions of which one part must."""
    known: list[Comparison] = []
    choices: list[tuple[Expression, bool]] = []
    waiting = list(left)
    while waiting:
        condition, holds = waiting.pop()
        if isinstance(condition, Comparison):
            sign = condition.operator if holds else OPPOSITE[condition.operator]
            known.append(Comparison(condition.left, sign, condition.right))
        elif isinstance(condition, Not) or (condition.word == "and") is holds:
            waiting += _parts(condition, holds)
        else:
            choices.append((condition, holds))
    return known, choices


def _parts(condition: Expression, holds: bool) -> list[tuple[Expression, bool]]:
    """Return what stands in a negation or a joined condition, each with whether it must hold."""
    if isinstance(condition, Not):
        return [(condition.operand, not holds)]
    assert isinstance(condition, Joined)
    return [(operand, holds) for operand in condition.operands]


def _consistent(taken: Sequence[Comparison]) -> bool:
    texts: dict[str, list[Comparison]] = {}
    ranges: dict[object, Range] = {}
    pairs: list[tuple[Name, str, Name]] = []
    for comparison in taken:
        name, right = comparison.left, comparison.right
        if name.name in WORDS:
            texts.setdefault(name.name, []).append(comparison)
        elif isinstance(right, Name):
            pairs.append((name, comparison.operator, right))
        elif not _narrowed(ranges, comparison):
            return False
    if not all(_one_text(name, asked) for name, asked in texts.items()):
        return False
    return all(_paired(ranges, pair) for pair in pairs) and _propagated(ranges, pairs)


def _narrowed(ranges: dict[object, Range], comparison: Comparison) -> bool:
    """Narrow the range of the fact; false where nothing is left, or the comparison is with nothing times a fact."""
    name, sign, right = comparison.left, comparison.operator, comparison.right
    items = right if isinstance(right, tuple) else (right,)
    values = [_number(name.name, item) for item in items if isinstance(item, Literal)]
    factor = _exact(name.factor)
    if factor == 0:
        one = {"in": "==", "not in": "!="}.get(sign, sign)
        holds = (_holds(Fraction(0), one, value) for value in values)
        return all(holds) if sign == "not in" else any(holds)
    held = _range(ranges, name.name)
    turned = [value / factor for value in values]
    if sign == "in":
        held.keep(">=", min(turned))
        held.keep("<=", max(turned))
        fitting = [value for value in turned if not _excluded(held, value)]
        if not fitting:
            return False
        held.keep(">=", min(fitting))
        held.keep("<=", max(fitting))
    else:
        one = "!=" if sign == "not in" else sign
        for value in turned:
            held.keep(one if factor > 0 else FLIPPED[one], value)
    return not held.is_empty(whole=name.name in WHOLE)


def _excluded(held: Range, value: Fraction) -> bool:
    below = held.low is not None and (value < held.low or (value == held.low and held.low_open))
    above = held.high is not None and (value > held.high or (value == held.high and held.high_open))
    return below or above or value in held.without


def _paired(ranges: dict[object, Range], pair: tuple[Name, str, Name]) -> bool:
    """Narrow where two facts stand to each other: `a - ratio · b` as a number of its own, compared with 0."""
    left, sign, right = pair
    one, other = _exact(left.factor), _exact(right.factor)
    if left.name == right.name:
        factor, both = one - other, Comparison(Name(left.name, 1), sign, Literal(0))
        if factor == 0:
            return _holds(Fraction(0), sign, Fraction(0))
        return _narrowed(ranges, both if factor > 0 else Comparison(both.left, FLIPPED[sign], both.right))
    if one == 0 or other == 0:
        return True
    if left.name > right.name:
        left, right, one, other, sign = right, left, other, one, FLIPPED[sign]
    apart = ranges.setdefault((left.name, right.name, other / one), Range())
    apart.keep(sign if one > 0 else FLIPPED[sign], Fraction(0))
    return not apart.is_empty(whole=False)


def _propagated(ranges: dict[object, Range], pairs: Sequence[tuple[Name, str, Name]]) -> bool:
    """Narrow facts by those that they are compared with, some rounds long; false where nothing is left of one."""
    for _ in range(ROUNDS):
        for left, sign, right in pairs:
            if sign == "!=" or left.name == right.name or left.factor == 0 or right.factor == 0:
                continue
            for one, way, other in ((left, sign, right), (right, FLIPPED[sign], left)):
                if not _bounded_by(ranges, one, way, other):
                    return False
    return True


def _bounded_by(ranges: dict[object, Range], one: Name, sign: str, other: Name) -> bool:
    """Narrow one fact by the range of the other, as it is compared with it."""
    held, beside = _range(ranges, one.name), _range(ranges, other.name)
    factor, scale = _exact(one.factor), _exact(other.factor)
    ends = [(beside.low, beside.low_open), (beside.high, beside.high_open)]
    least, most = ends if scale > 0 else ends[::-1]
    for (end, is_open), down in ((most, True), (least, False)):
        if end is None or sign not in (("<", "<=", "==") if down else (">", ">=", "==")):
            continue
        strict = is_open or sign in ("<", ">")
        way = ("<" if strict else "<=") if down else (">" if strict else ">=")
        held.keep(way if factor > 0 else FLIPPED[way], end * scale / factor)
    return not held.is_empty(whole=one.name in WHOLE)


def _one_text(name: str, asked: Sequence[Comparison]) -> bool:
    """Tell whether a text, or a code that lies in those it begins with, can be all that is asked of it."""
    may: set[str] | None = set(LISTED[name]) if name in LISTED else None
    never: set[str] = set()
    for comparison in asked:
        items = comparison.right if isinstance(comparison.right, tuple) else (comparison.right,)
        texts = {str(item.value) for item in items if isinstance(item, Literal)}
        if comparison.operator in ("!=", "not in"):
            never |= texts
        else:
            may = (
                texts if may is None else {text for a in may for b in texts if (text := _inner(name, a, b)) is not None}
            )
    return may is None or any(not any(_covers(name, outer, text) for outer in never) for text in may)


def _inner(name: str, one: str, other: str) -> str | None:
    """Return the narrower of two codes that lie in each other, or the text that both are; None where there is none."""
    if _covers(name, one, other):
        return other
    return one if _covers(name, other, one) else None


def _covers(name: str, outer: str, inner: str) -> bool:
    return inner.startswith(outer) if name in HIERARCHIES else inner == outer


def _range(ranges: dict[object, Range], name: str) -> Range:
    if name not in ranges:
        ranges[name] = Range()
        for sign, value in NATURAL.get(name, ()):
            ranges[name].keep(sign, Fraction(value))
        if name in SCALES:
            ranges[name].keep(">=", Fraction(0))
            ranges[name].keep("<=", Fraction(len(SCALES[name]) - 1))
    return ranges[name]


def _number(name: str, literal: Literal) -> Fraction:
    return Fraction(SCALES[name].index(str(literal.value))) if name in SCALES else _exact(literal.value)


def _exact(value: float | str) -> Fraction:
    return Fraction(str(value))


def _holds(left: Fraction, sign: str, right: Fraction) -> bool:
    return {
        ">": left > right,
        ">=": left >= right,
        "<": left < right,
        "<=": left <= right,
        "==": left == right,
        "!=": left != right,
    }[sign]
