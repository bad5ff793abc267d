"""What a rule may speak of: the features of the profile's catalogue, and a few names that are fixed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from services.matching.domain.errors import NameUnknown, RuleMistyped, WordUnknown
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
# Texts of which there are no others.
LISTED: dict[str, tuple[str, ...]] = {
    "kind": ("credit-line", "invoice-finance", "order-finance", "secured-loan", "guarantee-loan", "leasing"),
    "size_class": ("micro", "small", "medium", "large"),
}
STANDARD = {"industry": "GB/T 4754", "region": "GB/T 2260"}
INDUSTRY = re.compile(r"[A-T](\d{2}\d{0,2})?")
FROM_THE_SCORE = frozenset({"score", "pd", "grade"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names valid in a rule; `features` are numbers, named by the version of the catalogue they come from.

    `codes` are those of the national standards, by the fact that bears them: sections and divisions (`C`, `C13`) of
    GB/T 4754, and six digits of GB/T 2260, abolished ones included. Of a fact without any, no code is judged.
    """

    features: frozenset[str]
    version: str = ""
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def check(self, expression: Expression) -> None:
        """Raise NameUnknown, RuleMistyped or WordUnknown for the first comparison that could never be answered."""
        for comparison in comparisons(expression):
            sides = [comparison.left, *([comparison.right] if isinstance(comparison.right, Name) else [])]
            for name in sides:
                self._check_name(name)
            _check_types(comparison)
            for text in _texts(comparison):
                self.check_word(comparison.left.name, text, comparison.left.at)

    def check_word(self, name: str, text: str, at: int | None = None) -> None:
        """Raise WordUnknown for a text that no firm or need ever has, with those that were probably meant."""
        known = LISTED.get(name, self.codes.get(name, ()))
        if not known or self._is_word(name, text):
            return
        near = _near(name, text, known)
        listed = f"one of {', '.join(LISTED[name])}" if name in LISTED else f"a code of {STANDARD[name]}"
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        place = "" if at is None else f" (position {at})"
        raise WordUnknown(
            f"{name}{place} is {listed}, never {text[:32]}.{hint}",
            name=name,
            word=text,
            nearest=near,
            **({} if at is None else {"position": at}),
        )

    def _is_word(self, name: str, text: str) -> bool:
        """Tell whether a text is on its list; a code is where it begins one, and lies in what it begins with.

        That of a whole province or prefecture is written without its zeros: with them it covers nobody below.
        """
        if name in LISTED:
            return text in LISTED[name]
        if name == "industry":
            return INDUSTRY.fullmatch(text) is not None and text[:3] in self.codes[name]
        whole = len(text) in (2, 4, 6) and not (len(text) > 2 and text.endswith("00"))
        return whole and any(code.startswith(text) for code in self.codes[name])

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


def _texts(comparison: Comparison) -> list[str]:
    """Return the texts that a fact without an order is compared with."""
    right = comparison.right if isinstance(comparison.right, tuple) else (comparison.right,)
    if comparison.left.name not in WORDS:
        return []
    return [str(item.value) for item in right if isinstance(item, Literal)]


def _near(name: str, text: str, known: Iterable[str]) -> list[str]:
    """Return the nearest words: of a code first what its digits say, then what looks alike."""
    if name == "region" and text.isdigit() and text.endswith("00"):
        stem = text.rstrip("0")
        stem += "0" * (len(stem) % 2)
        if any(code.startswith(stem) for code in known):
            return [stem]
    if name == "industry" and text[:2].isdigit():
        return [code + text[2:4] for code in sorted(known) if code[1:] == text[:2]]
    folded = text.upper() if name in STANDARD else text.lower()
    return get_close_matches(folded, sorted(known), n=3, cutoff=0.5)


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
