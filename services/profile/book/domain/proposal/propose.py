"""Which kind a table is, and which of our columns each of its columns is: weighed, never guessed in silence.

A title that is known counts most; one that is alike counts as far as its values bear it out; values alone count where
nothing but one thing looks as they do. Each column of ours is given away once, to whoever is surest of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from services.profile.book.domain.columns import KINDS, SYNTHETIC, WORKBOOK
from services.profile.book.domain.connector import Connector
from services.profile.book.domain.dataset import Column
from services.profile.book.domain.form import Form, Matched
from services.profile.book.domain.proposal.looks import Looks
from services.profile.book.domain.proposal.values import sample
from services.profile.book.domain.proposal.words import likeness
from services.profile.book.domain.titles import names, plain

# Below this a column is left to the sender; what is shown as another possibility lies above the second.
SURE, WORTH_SAYING = 0.5, 0.25
MOST_OTHERS = 3
# What stands in a row of values and in no header, and how much of a line may be such.
VALUE = re.compile(r"[-+¥]?[\d,.]+%?|\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}.*|(?=.*\d)[0-9a-z]{15,}")
VALUES = 0.3
# A file whose rows do not name the enterprise can be sent with its id beside it.
BESIDE = 0.8
IN, OUT, SIDE = "in", "out", "/"
# What is made up of a row's other columns where no column of the file is it.
MADE = frozenset({"reference"})


@dataclass(frozen=True, slots=True)
class Guess:
    """That a column of a file is this one of ours: how sure that is, from 0 to 1, and why ("english / 中文")."""

    column: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class Target:
    """One of our columns, or one side of a divided amount (`amount_fen/in`), and every title known for it."""

    name: str
    column: Column
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One column of a file: its name in the table, its title, what it could be, and what it is taken for."""

    name: str
    title: str
    taken: Guess | None
    guesses: tuple[Guess, ...] = ()

    @property
    def others(self) -> tuple[Guess, ...]:
        """What else it could be, the surest first."""
        worth = [one for one in self.guesses if one != self.taken and one.confidence >= WORTH_SAYING]
        return tuple(worth[:MOST_OTHERS])


@dataclass(frozen=True, slots=True)
class Proposal:
    """A kind with its columns: how sure all of it is, and which of our columns no column of the file is."""

    kind: str
    confidence: float
    columns: tuple[Weighed, ...]
    missing: tuple[str, ...]

    @property
    def taken(self) -> dict[str, str]:
        """The columns of the table by what they are taken for."""
        return {one.taken.column: one.name for one in self.columns if one.taken}


def targets(kind: str, connectors: Iterable[Connector]) -> list[Target]:
    """Return what a column of a file of this kind can be, with the titles of the kind and of its connectors."""
    form = KINDS[kind]
    mapped = [one.form for one in connectors if one.form.kind == kind]
    columns = {column.name: column for column in form.columns if column != SYNTHETIC}
    found = {
        name: Target(name, column, _plain(_titles(column), *(_of(each, name) for each in mapped)))
        for name, column in columns.items()
    }
    return [*found.values(), *_sides(columns, mapped)]


def _sides(columns: Mapping[str, Column], mapped: Sequence[Form]) -> Iterator[Target]:
    """Give the two columns in which money that came and money that went stand apart."""
    direction, amount = columns.get("direction"), columns.get("amount_fen")
    if amount is None or direction is None or {IN, OUT} - set((direction.choices or {}).values()):
        return
    for side in (IN, OUT):
        titles = [title for form in mapped if form.split for title in form.split.titles.get(side, ())]
        yield Target(f"amount_fen{SIDE}{side}", amount, _plain(titles))


def _of(form: Form, name: str) -> Iterable[str]:
    own = next((_titles(column) for column in form.columns if column.name == name), ())
    signed = form.split.signed if form.split and form.split.amount == name else ()
    return (*own, *signed)


def _titles(column: Column) -> tuple[str, ...]:
    return (*column.titles, column.name)


def _plain(*titles: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(plain(title) for some in titles for title in some))


def propose(
    titles: Sequence[str], frame: pl.DataFrame, kinds: Iterable[str], connectors: Sequence[Connector], today: date
) -> list[Proposal]:
    """Return a proposal for each of these kinds, the surest first; `frame` is the head of the table as text."""
    named = dict(zip(names(titles), titles, strict=True))
    samples = {name: sample(frame[name]) for name in named}
    fits = Looks(samples, today)
    found = [
        _of_kind(kind, named, fits, targets(kind, connectors)) for kind in dict.fromkeys(kinds) if kind != WORKBOOK
    ]
    return sorted(found, key=lambda one: -one.confidence)


def is_header(titles: Sequence[str]) -> bool:
    """Tell whether a line can be a header: hardly any of its cells are figures, dates or codes."""
    filled = [title for title in map(plain, titles) if title]
    return sum(VALUE.fullmatch(title) is not None for title in filled) < max(VALUES * len(filled), 1)


def _of_kind(kind: str, named: Mapping[str, str], fits: Looks, wanted: Sequence[Target]) -> Proposal:
    guesses = {name: _guesses(name, title, fits, wanted) for name, title in named.items()}
    taken = _given_away(guesses)
    columns = tuple(Weighed(name, title, taken.get(name), tuple(guesses[name])) for name, title in named.items())
    sure = {guess.column: guess.confidence for guess in taken.values()}
    needed = {column.name: sure.get(column.name, 0.0) for column in KINDS[kind].columns if column.required}
    needed = {name: value for name, value in needed.items() if name not in KINDS[kind].constants}
    if f"amount_fen{SIDE}{IN}" in sure and f"amount_fen{SIDE}{OUT}" in sure:
        both = (sure[f"amount_fen{SIDE}{IN}"] + sure[f"amount_fen{SIDE}{OUT}"]) / 2
        needed |= {"amount_fen": both, "direction": both}
    amount = next((name for name, guess in taken.items() if guess.column == "amount_fen"), None)
    if amount is not None and "direction" not in sure and fits.signed(amount):
        needed["direction"] = sure["amount_fen"]
    missing = tuple(name for name, value in needed.items() if not value)
    needed |= {name: BESIDE for name in missing if name == "enterprise" or name in MADE}
    explained = sum(sure.values()) / max(sum(bool(plain(title)) for title in named.values()), 1)
    confidence = 0.75 * sum(needed.values()) / max(len(needed), 1) + 0.25 * min(explained, 1.0)
    return Proposal(kind, round(confidence, 3), columns, missing)


def _guesses(name: str, title: str, fits: Looks, wanted: Sequence[Target]) -> list[Guess]:
    """Return what a column could be, the surest first."""
    found = [guess for target in wanted if (guess := _guess(name, plain(title), fits, target)).confidence > 0]
    return sorted(found, key=lambda one: -one.confidence)


def _guess(name: str, title: str, fits: Looks, target: Target) -> Guess:
    """Weigh title and values of one column against one of ours."""
    said = likeness(title, target.known, target.name)
    share = fits.of(name, target.column)
    if said.weight:
        weight, reason = said.weight * (0.85 if share is None else 0.3 + 0.7 * share), said.reason
        if said.weight == 1.0 and share is None:
            weight = 0.95
        if share is not None and share < SURE:
            reason += f"; but {share:.0%} of its values are read as such / 但仅 {share:.0%} 的取值可读"
        elif share is not None:
            reason += f"; {share:.0%} of its values fit / 取值相符 {share:.0%}"
    else:
        weight, reason = 0.0, ""
    if look := fits.look(name, target.name, target.column, share):
        weight = 1 - (1 - weight) * (1 - look.weight)
        reason = "; ".join(filter(None, (reason, look.reason)))
    return Guess(target.name, round(weight, 3), reason)


def _given_away(guesses: Mapping[str, Sequence[Guess]]) -> dict[str, Guess]:
    """Give each of our columns to the one that is surest of it, the surest first."""
    offers = sorted(
        ((guess, name) for name, some in guesses.items() for guess in some if guess.confidence >= SURE),
        key=lambda offer: -offer[0].confidence,
    )
    taken: dict[str, Guess] = {}
    for guess, name in offers:
        if name not in taken and not _clashes(guess.column, {one.column for one in taken.values()}):
            taken[name] = guess
    return taken


def _clashes(column: str, there: set[str]) -> bool:
    """Tell whether a column of ours is given away already, or stands against one that is: an amount and its sides."""
    whole, _, side = column.partition(SIDE)
    return column in there or (side != "" and whole in there) or any(one.startswith(f"{column}{SIDE}") for one in there)


def read_as(proposal: Proposal, matched: Matched) -> Proposal:
    """Return a proposal as a form reads the table: what it finds is taken, everything else is left out."""
    parts = {name: role for role, name in matched.parts.items()}
    columns = tuple(_read_as(one, matched, parts) for one in proposal.columns)
    return replace(proposal, columns=columns, missing=())


def _read_as(one: Weighed, matched: Matched, parts: Mapping[str, str]) -> Weighed:
    name = matched.found[one.name].name if one.name in matched.found else _role(parts.get(one.name))
    sure = (guess for guess in one.guesses if guess.column == name)
    return replace(
        one, taken=next(sure, Guess(name, 0.9, "the connector knows the title / 映射已收录该列名")) if name else None
    )


def _role(role: str | None) -> str | None:
    """Return the column of ours that a part of a divided amount is."""
    if role is None or SIDE in role:
        return role and role.partition(SIDE)[0]
    return f"amount_fen{SIDE}{role}" if role in {IN, OUT} else "amount_fen"
