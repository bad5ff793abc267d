"""The form in which a bank writes an eligibility rule: comparisons of facts, joined by `and`, `or`, `not`.

    rule       = both { "or" both }
    both       = one { "and" one }
    one        = "not" one | "(" rule ")" | comparison
    comparison = term ( ">" | ">=" | "<" | "<=" | "==" | "!=" ) term
               | term [ "not" ] "in" "[" literal { "," literal } "]"
    term       = literal | name | number "*" name
    literal    = number | "text" | 'text'

It is data: nothing in it can call, loop, or reach anything but the facts of one match. We parse it ourselves because
Python's own `ast` changes its wording between releases and counts positions in bytes, wrong beside Chinese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from services.matching.domain.errors import RuleUnreadable

LONGEST = 1_000  # characters: far above any rule a person can read, far below what could cost time
DEEPEST = 20  # parentheses and negations inside each other
LARGEST = 10**15  # in fen ten trillion yuan; far larger numbers could not be compared with a fact at all
COMPARISONS = (">=", "<=", "==", "!=", ">", "<")
FLIPPED = {">=": "<=", "<=": ">=", ">": "<", "<": ">", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a text, as written."""

    value: int | float | str


@dataclass(frozen=True, slots=True)
class Name:
    """A fact by its name, times a factor (1 unless written): `0.2 * sales_12m`."""

    name: str
    factor: int | float = 1
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`; a name always stands on the left, so that "found" and "needed" have their sides."""

    left: Name
    operator: str
    right: Literal | Name | tuple[Literal, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of an expression; the opposite of unknown is unknown."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Joined:
    """Several expressions joined by one word, `and` or `or`."""

    word: str
    operands: tuple[Expression, ...]


Expression = Comparison | Not | Joined


class Token(NamedTuple):
    """One word of a rule; `at` counts characters from 1."""

    kind: str
    text: str
    at: int


TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>-?\d+(?:_\d+)*(?:\.\d+)?(?![\w.]))"
    r"|(?P<text>\"[^\"]+\"|'[^']+')"
    r"|(?P<word>(?!\d)\w+)"
    r"|(?P<sign>>=|<=|==|!=|>|<|\(|\)|\[|\]|,|\*)"
)
WORDS = {"and", "or", "not", "in"}


def parse(text: str) -> Expression:
    """Read a rule.

    >>> parse("months <= 12").operator
    '<='

    Raises RuleUnreadable with the position of the first character that does not fit.
    """
    if len(text) > LONGEST:
        raise RuleUnreadable(
            f"A rule has at most {LONGEST} characters, this one {len(text)}.", expression=text[:80], position=LONGEST
        )
    return Parser(text).whole()


def names(expression: Expression) -> tuple[Name, ...]:
    """Return every name used, from left to right, repeats included."""
    if isinstance(expression, Not):
        return names(expression.operand)
    if isinstance(expression, Joined):
        return tuple(name for operand in expression.operands for name in names(operand))
    return (expression.left, expression.right) if isinstance(expression.right, Name) else (expression.left,)


def comparisons(expression: Expression) -> tuple[Comparison, ...]:
    """Return every comparison, from left to right."""
    if isinstance(expression, Not):
        return comparisons(expression.operand)
    if isinstance(expression, Joined):
        return tuple(found for operand in expression.operands for found in comparisons(operand))
    return (expression,)


class Parser:
    """Recursive descent over the tokens of one rule."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self.tokenise()
        self.next = 0
        self.depth = 0

    def tokenise(self) -> list[Token]:
        """Cut the text into tokens, ending with one of kind `end`."""
        tokens, at = [], 0
        while at < len(self.text):
            match = TOKEN.match(self.text, at)
            if match is None:
                raise self.unreadable(f"{self.text[at]!r} has no place in a rule", at + 1)
            kind, word = str(match.lastgroup), match.group()
            if kind == "word" and word in WORDS:
                kind = "sign"
            if kind != "space":
                tokens.append(Token(kind, word, at + 1))
            at = match.end()
        return [*tokens, Token("end", "", len(self.text) + 1)]

    def whole(self) -> Expression:
        """Read the rule from its first to its last token."""
        expression = self.joined("or")
        if self.here.kind != "end":
            raise self.expected("`and`, `or` or the end")
        return expression

    def joined(self, word: str) -> Expression:
        """Read `a or b or …`, each part being `x and y and …`."""
        operands = [self.part_of(word)]
        while self.taken(word):
            operands.append(self.part_of(word))
        return operands[0] if len(operands) == 1 else Joined(word, tuple(operands))

    def part_of(self, word: str) -> Expression:
        """Read what stands between two words: `and` binds closer than `or`."""
        return self.joined("and") if word == "or" else self.one()

    def one(self) -> Expression:
        """Read a negation, a rule in parentheses, or a comparison."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.unreadable(f"More than {DEEPEST} levels inside each other", self.here.at)
        try:
            if self.taken("not"):
                return Not(self.one())
            if self.taken("("):
                expression = self.joined("or")
                self.take(")")
                return expression
            return self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Comparison:
        """Read two terms and what is claimed of them, a name on the left."""
        start = self.here
        left = self.term()
        if self.here.text in ("not", "in") and self.here.kind == "sign":
            operator = "not in" if self.taken("not") else "in"
            self.take("in")
            return Comparison(self.must_be_name(left, start), operator, self.choices(), start.at)
        if self.here.text not in COMPARISONS:
            raise self.expected("one of > >= < <= == != in")
        operator = self.advance().text
        right = self.term()
        if isinstance(left, Literal) and isinstance(right, Name):
            left, operator, right = right, FLIPPED[operator], left
        return Comparison(self.must_be_name(left, start), operator, right, start.at)

    def term(self) -> Literal | Name:
        """Read a literal, a name, or a number times a name."""
        token = self.here
        if token.kind == "word":
            return Name(self.advance().text, 1, token.at)
        literal = self.literal()
        if not self.taken("*"):
            return literal
        if isinstance(literal.value, str) or self.here.kind != "word":
            raise self.expected("a number, `*`, and the name of a fact")
        return Name(self.here.text, literal.value, self.advance().at)

    def literal(self) -> Literal:
        """Read a number or a quoted text."""
        token = self.here
        if token.kind not in ("number", "text"):
            raise self.expected("a name, a number or a text in quotes")
        self.advance()
        if token.kind == "text":
            return Literal(token.text[1:-1])
        value = float(token.text) if "." in token.text else int(token.text)
        if abs(value) > LARGEST:
            raise self.unreadable(f"No number is larger than {LARGEST}", token.at)
        return Literal(value)

    def choices(self) -> tuple[Literal, ...]:
        """Read `["a", "b"]`, at least one."""
        self.take("[")
        found = [self.literal()]
        while self.taken(","):
            found.append(self.literal())
        self.take("]")
        return tuple(found)

    def must_be_name(self, term: Literal | Name, start: Token) -> Name:
        """Refuse a comparison of two literals: it says nothing about an enterprise."""
        if isinstance(term, Name):
            return term
        raise self.unreadable("A comparison needs the name of a fact", start.at)

    @property
    def here(self) -> Token:
        """The token to be read next."""
        return self.tokens[self.next]

    def advance(self) -> Token:
        """Read one token."""
        token = self.here
        self.next += 1
        return token

    def taken(self, sign: str) -> bool:
        """Read this sign if it is next."""
        is_next = self.here.kind == "sign" and self.here.text == sign
        self.next += is_next
        return is_next

    def take(self, sign: str) -> None:
        """Read this sign, or say that it is missing."""
        if not self.taken(sign):
            raise self.expected(f"`{sign}`")

    def expected(self, what: str) -> RuleUnreadable:
        """Return the complaint that something else stands where `what` should."""
        found = f"`{self.here.text}`" if self.here.kind != "end" else "the end of the rule"
        return self.unreadable(f"Expected {what}, found {found}", self.here.at)

    def unreadable(self, what: str, at: int) -> RuleUnreadable:
        """Return the complaint with the place it points at."""
        return RuleUnreadable(f"{what}, at position {at} of: {self.text}", expression=self.text, position=at)
