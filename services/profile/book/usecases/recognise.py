"""Telling whom the lines of a statement are from or to, before they are held: names and accounts go no further.

A party's name that only an enterprise itself tells counts for that enterprise's lines, where nothing else fits; an
account, for its own lists alone. And its own lists are not looked up among the firms of the book: it is not to learn
whose files there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from services.profile.book import enterprise_store, import_store, party_names, step_store, withdrawals
from services.profile.book.context import Context
from services.profile.book.domain import counterparty, invoice, payment
from services.profile.book.domain.counterparty import HAN, Line, Told, line_of
from services.profile.book.domain.departure import Gone
from services.profile.book.domain.party import as_counterparty, named
from services.profile.book.domain.sheet import Sheet
from services.profile.book.party_key import party_key
from services.profile.book.usecases.gather import standing_rows
from services.profile.standards.names import Book, Resolved

SAID = ("enterprise", "counterparty", "party", "account")
NAMED = pl.any_horizontal(
    pl.col("party").is_not_null(), pl.col("account").is_not_null(), pl.col("counterparty").str.contains(HAN.pattern)
).fill_null(value=False)


def recognised(context: Context, sheet: Sheet, *, own: bool = False) -> Sheet:
    """Return payments with `counterparty`, `party_match` and the account as a hash, and what is told of the rest.

    Distinct lines are looked up once, whatever a file's length. Other kinds stay as they are. `own` tells that the
    sheet is an enterprise's own word.
    """
    rows = sheet.checked.rows
    if sheet.form.dataset is not payment.DATASET or rows.is_empty():
        return sheet
    if (by_code := coded(rows)) is not None:
        return replace(sheet, checked=replace(sheet.checked, rows=by_code))
    rows = _with_said(rows)
    said = rows.select(SAID).unique(maintain_order=True)
    key = party_key(context.settings)
    lines = [line_of(*row, key=key) for row in said.rows()]
    found = _told(context, lines, own=own)
    told = [found[line] for line in lines]
    looked_up = said.with_columns(
        pl.Series("told", [one.party for one in told], dtype=pl.String),
        pl.Series("party_match", [one.match for one in told], dtype=pl.String),
        pl.Series("sealed", [line.account for line in lines], dtype=pl.String),
        pl.Series("says_who", [bool(line.name or line.account) for line in lines], dtype=pl.Boolean),
    )
    joined = rows.join(looked_up, on=list(SAID), how="left", nulls_equal=True, maintain_order="left")
    warnings = (*sheet.checked.warnings, *counterparty.warnings(joined))
    kept = joined.drop("party", "counterparty", "account", "says_who").rename(
        {"told": "counterparty", "sealed": "account"}
    )
    return replace(sheet, checked=replace(sheet.checked, rows=kept, warnings=warnings))


def _with_said(rows: pl.DataFrame) -> pl.DataFrame:
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in SAID if name not in rows.columns]
    return rows.with_columns(absent)


def coded(rows: pl.DataFrame) -> pl.DataFrame | None:
    """Return payments that name no party but by its code, as most sources beside banks do; None where one is named."""
    rows = _with_said(rows)
    if not rows.filter(NAMED).is_empty():
        return None
    own = (pl.col("counterparty") == as_counterparty(pl.col("enterprise"))).fill_null(value=False)
    party = pl.when(~own).then("counterparty").alias("counterparty")
    match = pl.when(own).then(pl.lit("own")).when(pl.col("counterparty").is_not_null()).then(pl.lit("code"))
    return rows.drop("party").with_columns(party, match.alias("party_match"))


@dataclass(frozen=True, slots=True)
class Names:
    """The names that all may be known by, and those that enterprises give to partners themselves, each for its own."""

    all: Book
    own: Mapping[str, Book]

    def find(self, enterprise: str, written: str) -> Resolved:
        """Return whom a name means in a line of an enterprise; its own word where nothing else fits."""
        found = self.all.find(written)
        if found.enterprise is not None or found.candidates or enterprise not in self.own:
            return found
        return self.own[enterprise].find(written)


def _told(context: Context, lines: Sequence[Line], *, own: bool) -> dict[Line, Told]:
    """Look up what is said by name or account; codes speak for themselves."""
    firms = sorted({line.enterprise for line in lines if line.name or line.account})
    partners, earlier = _known(context, firms, own=own) if firms else ({}, {})
    named_in = any(line.name for line in lines)
    names = _names(context, partners, firms, own=own) if named_in else Names(Book(()), {})
    of_firm: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        of_firm[line.enterprise].append(line)
    found: dict[Line, Told] = {}
    for firm, mine in of_firm.items():
        found |= counterparty.told(mine, partial(names.find, firm), earlier)
    return {line: replace(found[line], party=_written(line, found[line], partners)) for line in lines}


def _written(line: Line, one: Told, partners: dict[str, str]) -> str | None:
    """Return a party as its source or the invoices write it, so that both speak of one."""
    if one.party is None or one.match == "code":
        return line.code if one.party else None
    return partners.get(named(one.party), one.party.removeprefix("local:"))


def _known(
    context: Context, firms: Sequence[str], *, own: bool
) -> tuple[dict[str, str], dict[tuple[str, str], set[str]]]:
    """Return the partners of these firms' invoices by their id, and the parties of the accounts that are held.

    For another source's lines an account is nobody's by the enterprise's word.
    """
    with context.database.read() as session:
        versions = step_store.lake_versions(session)
        weak = [] if own else sorted(import_store.own_imports(session))
        gone = Gone(frozenset(), withdrawals.withdrawn(session))
    invoices, payments = (
        standing_rows(context.lakes[one.name], one, versions[one.name], firms, gone)
        if one.name in versions
        else one.empty()
        for one in (invoice.DATASET, payment.DATASET)
    )
    parties = invoices["counterparty"].drop_nulls().unique().sort(descending=True)
    earlier: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    told = payments.filter(pl.col("account").is_not_null() & pl.col("party_match").is_in(counterparty.KNOWN_FIRM))
    told = told.filter(~pl.col("import_id").is_in(weak))
    for firm, account, party in told.select("enterprise", "account", "counterparty").unique().drop_nulls().rows():
        earlier[firm, account].add(named(party))
    return {named(party): party for party in parties}, earlier


def _names(context: Context, partners: dict[str, str], firms: Sequence[str], *, own: bool) -> Names:
    """Return the names that are known: of the firms of the book, and of the partners that invoices name.

    Of the firms of the book an enterprise's own list is held against itself only.
    """
    with context.database.read() as session:
        known = [(firm.id, firm.name) for firm in enterprise_store.enterprises(session, firms).values()] if own else []
        enrolled = [(firm, name) for firm, name in known if name] if own else enterprise_store.names(session)
        stated = party_names.of(session, sorted(partners))
    ours = {firm for firm, _ in enrolled}
    by_name = [(party, party) for party in partners.values() if HAN.search(party)]
    others = [(each.party, each.name) for each in stated if each.by is None and each.party not in ours]
    said: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in stated:
        if each.by is not None and each.party not in ours:
            said[each.by].append((each.party, each.name))
    return Names(Book([*enrolled, *others, *by_name]), {firm: Book(said[firm]) for firm in firms if firm in said})
