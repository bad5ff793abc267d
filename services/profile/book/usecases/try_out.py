"""Trying out how a table could be read: by each kind and connector that fits it, and by a mapping that is proposed.

Each way is read and checked as an import would do it; the one that explains most columns and takes most rows is best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chassis.core.errors import Refused
from services.profile.book.domain.columns import KINDS, WORKBOOK, Form, WrongColumns
from services.profile.book.domain.connector import BrokenConnector, Connector, connector
from services.profile.book.domain.proposal.anything import anything
from services.profile.book.domain.proposal.declare import declaration
from services.profile.book.domain.proposal.propose import Proposal, propose, read_as
from services.profile.book.domain.titles import shown
from services.profile.book.domain.validation import Checked, check
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import Limits, RawSheet

CHECKED_ROWS = 1_000
MOST_PROPOSED = 3
# Saving a connector is worth the trouble where it does so much better than what is there.
MARGIN = 0.1
# For whom rows are checked where nobody is named.
SOMEBODY = "local:preview"


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
        """How good a way it is: rows that are taken count most, columns that are explained the rest."""
        titled = [one for one in self.proposal.columns if shown(one.title)]
        known = {one.name for one in titled if one.taken or one.title in (self.form.ignored or ())}
        explained = len(known) / max(len(titled), 1)
        return 0.6 * self.share + 0.4 * explained - (MARGIN if self.declared else 0)

    @property
    def confidence(self) -> float:
        """How sure all of it is, from 0 to 1."""
        sure = self.proposal.confidence if self.declared or self.checked is None else 1.0
        return round(sure * (0.5 + 0.5 * self.share), 3)


@dataclass(frozen=True, slots=True)
class Findings:
    """The best way to read each table of a file, what it could be beside, and whether it has a header at all."""

    tables: tuple[Trial, ...]
    kinds: tuple[Proposal, ...]
    fitting: tuple[str, ...]
    kind: str
    headed: bool = True


def try_out(
    path: Path,
    limits: Limits,
    known: Mapping[str, Connector],
    kinds: Sequence[str],
    enterprise: str | None,
    today: date,
    *,
    only: bool,
) -> Findings:
    """Return the best way to read the file at `path`; `only` tries the known connectors and nothing else."""
    tried = _Tried(path, limits, enterprise, today)
    if WORKBOOK in kinds and (sheets := tried.official()):
        return Findings(tuple(sheets), (), (), WORKBOOK)
    forms = [*(KINDS[kind] for kind in kinds), *(one.form for one in known.values())]
    [raw, *_] = read(anything(forms), path, limits)
    proposals = propose(raw.titles, raw.frame, kinds, list(known.values()), today)
    if not proposals:
        raise WrongColumns("This is none of the three sheets of the official form; leave kind open.")
    by_kind = {one.kind: one for one in proposals}
    ways: list[tuple[Proposal, str | None, Form]] = [
        (by_kind[one.form.kind], name, one.form) for name, one in known.items() if one.form.kind in by_kind
    ]
    if not only:
        ways += [(one, None, KINDS[one.kind]) for one in proposals]
    fits = [fit for proposal, name, form in ways if (fit := tried.fit(proposal, name, form)) is not None]
    made = [] if only else [one for each in proposals[:MOST_PROPOSED] if (one := tried.made(each, raw)) is not None]
    best = max([*fits, *made], key=lambda one: one.rank, default=None) or Trial(
        proposals[0], raw, KINDS[proposals[0].kind]
    )
    fitting = tuple(one.connector for one in fits if one.connector)
    return Findings((best,), tuple(proposals), fitting, best.proposal.kind)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What all ways to read one file have in common."""

    path: Path
    limits: Limits
    enterprise: str | None
    today: date

    def official(self) -> list[Trial]:
        """Return the sheets of the official form, none where the file is another."""
        try:
            sheets = read(KINDS[WORKBOOK], self.path, self.limits)
        except Refused:
            return []
        found = []
        for raw in sheets:
            [proposal] = propose(raw.titles, raw.frame, [raw.kind], (), self.today)
            found.append(self._checked(proposal, raw, KINDS[raw.kind], None, None))
        return found

    def fit(self, proposal: Proposal, name: str | None, form: Form) -> Trial | None:
        """Return how the file is read by a kind or a connector; None where its titles do not fit."""
        try:
            form = self._about(form, [one.title for one in proposal.columns])
            [raw] = read(form, self.path, self.limits)
            return self._checked(proposal, raw, form, name, None)
        except Refused:
            return None

    def made(self, proposal: Proposal, raw: RawSheet) -> Trial | None:
        """Return how the file is read by the mapping that is proposed; None where it is no whole one."""
        declared = declaration(proposal, raw.frame, self.today)
        try:
            form = connector("preview", {"title": {}, **declared}).form
            form = self._about(form, raw.titles)
            [again] = read(form, self.path, self.limits)
            return self._checked(proposal, again, form, None, declared)
        except (Refused, BrokenConnector):
            return None

    def _about(self, form: Form, titles: Sequence[str]) -> Form:
        """Return a form for the enterprise that is named, or for somebody where the file names none."""
        if self.enterprise:
            return form.of(self.enterprise)
        try:
            form.match(titles)
        except WrongColumns as wrong:
            if "enterprise" not in wrong.members.get("missing", ()):
                raise
            return form.of(SOMEBODY)
        return form

    def _checked(
        self, proposal: Proposal, raw: RawSheet, form: Form, name: str | None, declared: Mapping[str, Any] | None
    ) -> Trial:
        matched = form.match(raw.titles)
        rows = raw.frame.head(CHECKED_ROWS)
        checked = check(form, rows, matched, raw.unread, today=self.today)
        return Trial(read_as(proposal, matched), raw, form, checked, matched.ignored, name, declared)
