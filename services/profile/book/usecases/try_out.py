"""Trying out how a table could be read: by each kind and connector that fits it, and by a mapping that is proposed.

Each way is read and checked as an import would do it; the one that explains most columns and takes most rows is best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from chassis.core.errors import Refused
from services.profile.book.domain.columns import KINDS, WORKBOOK
from services.profile.book.domain.connector import BrokenConnector, Connector, connector
from services.profile.book.domain.form import Form, WrongColumns
from services.profile.book.domain.listed import continued
from services.profile.book.domain.proposal.anything import anything
from services.profile.book.domain.proposal.declare import declaration
from services.profile.book.domain.proposal.propose import Proposal, is_header, propose, read_as
from services.profile.book.domain.proposal.values import owner, sample
from services.profile.book.domain.titles import names, plain, shown
from services.profile.book.domain.validation import Checked, check
from services.profile.book.readers.forms import form_of
from services.profile.book.readers.gauge import gauged
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import FileTooLarge, Limits, RawSheet

CHECKED_ROWS = 1_000
MOST_PROPOSED, MOST_SHEETS = 3, 10
# Saving a connector is worth the trouble where it does so much better than what is there.
MARGIN = 0.1
# Better than this no mapping can be.
GOOD = 0.95
# For whom rows are checked where nobody is named.
SOMEBODY = "local:preview"


@dataclass(frozen=True, slots=True)
class Setting:
    """What all ways to read a file have in common; `only_connectors` tries the known ones and nothing else."""

    limits: Limits
    enterprise: str | None
    today: date
    only_connectors: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to read a table, and what becomes of its first rows.

    `connector` is the name of one that there is, `declared` a declaration that has to be saved first; where both are
    none, the kind does. `checked` is none where a column is missing without which no row can be booked.
    """

    proposal: Proposal
    raw: RawSheet
    form: Form
    checked: Checked | None = None
    ignored: tuple[str, ...] = ()
    connector: str | None = None
    declared: Mapping[str, Any] | None = None

    @property
    def share(self) -> float:
        """What share of the rows that were looked at would be accepted."""
        if self.checked is None or not self.checked.received:
            return 0.0
        return 1 - self.checked.rejected / self.checked.received

    @property
    def rank(self) -> float:
        """How good a way it is: rows that are taken count most, columns that are read the rest.

        A column that a connector names to be left out is known as well, but that is worth less.
        """
        titled = [one for one in self.proposal.columns if shown(one.title)]
        left = () if self.declared else {plain(title) for title in self.form.ignored or ()}
        known = sum(1.0 if one.taken else 0.5 * (plain(one.title) in left) for one in titled)
        good = 0.6 * self.share + 0.4 * known / max(len(titled), 1)
        return self.proposal.confidence * good - MARGIN if self.declared else good

    @property
    def confidence(self) -> float:
        """How sure all of it is, from 0 to 1."""
        sure = self.proposal.confidence if self.declared or self.checked is None else 1.0
        return round(sure * (0.5 + 0.5 * self.share), 3)


@dataclass(frozen=True, slots=True)
class Findings:
    """The best way to read a file, sheet by sheet; what else it could be; which connectors fit; its sheets.

    `owner` is the one enterprise that all rows are about, by the codes in them; `headed` tells whether it has a header.
    """

    tables: tuple[Trial, ...]
    kind: str
    kinds: tuple[Proposal, ...] = ()
    fitting: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    headed: bool = True
    owner: str | None = None


Way = tuple[Trial, ...]


def try_out(path: Path, setting: Setting, known: Mapping[str, Connector], kinds: Sequence[str]) -> Findings:
    """Return the best way to read the file at `path`, as one of these kinds, by the kind or by a known connector."""
    tried = _Tried(path, replace(setting, limits=_gauged(path, setting, known, kinds)))
    if WORKBOOK in kinds and (sheets := tried.official(alone=len(kinds) == 1)):
        return Findings(sheets, WORKBOOK, sheets=tuple(one.raw.name or "" for one in sheets))
    plain = [] if setting.only_connectors else [(None, form_of(kind)) for kind in kinds if kind != WORKBOOK]
    forms = [*plain, *((name, one.form) for name, one in known.items() if one.form.kind in kinds)]
    proposals = tried.looked_at([form for _, form in forms], known, kinds)
    fits = [way for name, form in forms if (way := tried.fit(name, form))]
    best = max(fits, key=_better, default=())
    if not setting.only_connectors and (not best or _rank(best) < GOOD):
        near = [one for one in proposals[:MOST_PROPOSED] if one.confidence > proposals[0].confidence - MARGIN]
        best = max([best, *(tried.made(one) for one in near)], key=_rank)
    if not best:
        if setting.only_connectors:
            read(forms[0][1], path, setting.limits)  # says what it lacks
        form = KINDS[proposals[0].kind]
        best = (Trial(proposals[0], tried.main, form.of(setting.enterprise) if setting.enterprise else form),)
    fitting = tuple(way[0].connector for way in fits if way[0].connector)
    headed = bool(fits) or is_header(tried.main.titles)
    return Findings(best, best[0].form.kind, tuple(proposals), fitting, tried.names, headed, tried.owner)


def _gauged(path: Path, setting: Setting, known: Mapping[str, Connector], kinds: Sequence[str]) -> Limits:
    """Try the file once for all ways to read it; what is wrong with it beside its size, each of them says itself."""
    forms = [*(KINDS[kind] for kind in kinds), *(one.form for one in known.values())]
    try:
        return gauged(anything(forms), path, setting.limits)
    except FileTooLarge:
        raise
    except Refused:
        return setting.limits


def _better(way: Way) -> tuple[float, float]:
    """Return by what ways are compared: of two that are as good, the one by which the rows are about fewer firms."""
    firms = sum(one.checked.rows["enterprise"].n_unique() for one in way if one.checked)
    return round(_rank(way), 2), -firms


def _rank(way: Way) -> float:
    return sum(one.rank for one in way) / len(way) if way else -1.0


class _Tried:
    """One file: its sheets as anything, what each could be, and the ways to read it."""

    def __init__(self, path: Path, setting: Setting) -> None:
        self._path, self._setting = path, setting
        self._known: Mapping[str, Connector] = {}
        self._proposals: dict[str | None, Mapping[str, Proposal]] = {}
        self._sheets: Sequence[RawSheet] = ()
        self.owner: str | None = None
        self.main = RawSheet("", pl.DataFrame())
        self.names: tuple[str, ...] = ()

    def official(self, *, alone: bool) -> Way:
        """Return the sheets of the official form, none where the file is another; refuse that where it is `alone`."""
        try:
            sheets = read(KINDS[WORKBOOK], self._path, self._setting.limits)
        except Refused:
            if alone:
                raise
            return ()
        return tuple(self._checked(raw, KINDS[raw.kind], None, None) for raw in sheets)

    def looked_at(
        self, forms: Sequence[Form], known: Mapping[str, Connector], kinds: Sequence[str]
    ) -> Sequence[Proposal]:
        """Return what the likeliest sheet could be, the surest first."""
        self._known = known
        self._sheets = sheets = read(anything(forms), self._path, self._setting.limits)
        found = [(self._propose(raw, kinds), raw) for raw in sheets[:MOST_SHEETS]]
        proposals, self.main = max(found, key=lambda one: one[0][0].confidence)
        self.owner = owner({name: sample(self.main.frame[name]) for name in names(self.main.titles)})
        self.names = tuple(raw.name for raw in sheets if raw.name)
        return proposals

    def fit(self, name: str | None, form: Form) -> Way:
        """Return how the file is read by a kind or a connector; none where its titles do not fit."""
        about = self._about(form)
        return self._read(about, name, None) if about else ()

    def made(self, proposal: Proposal) -> Way:
        """Return how the likeliest sheet is read by the mapping that is proposed; none where it is no whole one."""
        declared = declaration(proposal, self.main.frame, self._setting.today)
        try:
            about = self._about(connector("preview", {"title": {}, **declared}).form)
        except BrokenConnector:
            return ()
        return self._read(about, None, declared) if about else ()

    def _read(self, form: Form, name: str | None, declared: Mapping[str, Any] | None) -> Way:
        try:
            sheets = read(form, self._path, self._setting.limits)
            return tuple(self._checked(raw, form, name, declared) for raw in sheets)
        except Refused:
            return ()

    def _propose(self, raw: RawSheet, kinds: Sequence[str]) -> list[Proposal]:
        found = propose(raw.titles, raw.frame, kinds, list(self._known.values()), self._setting.today)
        self._proposals[raw.name] = {**self._proposals.get(raw.name, {}), **{one.kind: one for one in found}}
        return found

    def _about(self, form: Form) -> Form | None:
        """Return a form for the enterprise that is named, or for somebody; none where no sheet has its titles."""
        own = form.of(self.owner) if self.owner else form
        tried = (form.of(self._setting.enterprise),) if self._setting.enterprise else (form, own, form.of(SOMEBODY))
        return next((one for one in tried if any(_fits(one, raw.titles) for raw in self._sheets)), None)

    def _checked(self, raw: RawSheet, form: Form, name: str | None, declared: Mapping[str, Any] | None) -> Trial:
        matched = form.match(raw.titles)
        head = continued(raw.frame.head(CHECKED_ROWS), raw.titles, matched, raw.unread)
        checked = check(form, head, matched, raw.unread, today=self._setting.today)
        known = self._proposals.get(raw.name, {}).get(form.kind)
        proposal = known or self._propose(raw, [form.kind])[0]
        return Trial(read_as(proposal, matched), raw, form, checked, matched.ignored, name, declared)


def _fits(form: Form, titles: Sequence[str]) -> bool:
    try:
        return bool(form.match(titles).found)
    except WrongColumns:
        return False
