"""What a rule may speak of: the features of the profile's catalogue, and a few names that are fixed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from services.matching.domain.errors import NameUnknown, RuleMistyped
from services.matching.domain.expression import Comparison, Expression, Literal, Name, comparisons

NUMBERS = frozenset({"score", "pd", "amount_fen", "months"})
# Ordered names, worst first: `grade >= "BB"` reads "BB or better", `depth >= "C"` reads "at least depth C".
SCALES: dict[str, tuple[str, ...]] = {
    "grade": ("D", "C", "CC", "CCC", "B", "BB", "BBB", "A", "AA", "AA+", "AAA"),
    "depth": ("E", "D", "C", "B", "A"),
}
WORDS = frozenset({"industry", "region", "size_class", "kind"})
# Codes of national standards (GB/T 4754, GB/T 2260) begin with their wider class: "C" covers "C13", "33" "330106".
HIERARCHIES = frozenset({"industry", "region"})
FROM_THE_SCORE = frozenset({"score", "pd", "grade"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names valid in a rule; `features` are numbers, named by the version of the catalogue they come from."""

    features: frozenset[str]
    version: str = ""

    def check(self, expression: Expression) -> None:
        """Raise NameUnknown or RuleMistyped for the first comparison that could never be answered."""
        for comparison in comparisons(expression):
            sides = [comparison.left, *([comparison.right] if isinstance(comparison.right, Name) else [])]
            for name in sides:
                self._check_name(name)
            _check_types(comparison)

    def _check_name(self, name: Name) -> None:
        known = self.features | NUMBERS | SCALES.keys() | WORDS
        if name.name in known:
            return
        near = get_close_matches(name.name, sorted(known), n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "GET /v1/catalogue lists the features."
        raise NameUnknown(
            f"No fact is called {name.name} (position {name.at}). {hint}",
            name=name.name,
            position=name.at,
            nearest=near,
        )


def is_word(name: str) -> bool:
    """Tell whether the fact is a text, ordered or not."""
    return name in SCALES or name in WORDS


def _check_types(comparison: Comparison) -> None:
    name, right = comparison.left, comparison.right
    if isinstance(right, Name):
        _check_pair(name, right)
        return
    literals = right if isinstance(right, tuple) else (right,)
    if not is_word(name.name):
        _refuse_unless(
            not any(isinstance(item.value, str) for item in literals), name, "is a number: compare it with numbers"
        )
        return
    _refuse_unless(all(isinstance(item.value, str) for item in literals), name, "is a text: put its values in quotes")
    _refuse_unless(name.factor == 1, name, "is a text and cannot be multiplied")
    _check_words(name, comparison.operator, literals)


def _check_pair(left: Name, right: Name) -> None:
    same = left.name == right.name if is_word(left.name) or is_word(right.name) else True
    _refuse_unless(same, left, f"cannot be compared with {right.name}")
    _refuse_unless(not is_word(left.name), left, "is a text: compare it with a text in quotes")


def _check_words(name: Name, operator: str, literals: Iterable[Literal]) -> None:
    scale = SCALES.get(name.name)
    if scale is None:
        _refuse_unless(operator in ("==", "!=", "in", "not in"), name, "has no order: use == != in or not in")
        return
    for literal in literals:
        _refuse_unless(literal.value in scale, name, f"is one of {', '.join(scale[::-1])}, never {literal.value}")


def _refuse_unless(holds: bool, name: Name, what: str) -> None:
    if not holds:
        raise RuleMistyped(f"{name.name} (position {name.at}) {what}.", name=name.name, position=name.at)
