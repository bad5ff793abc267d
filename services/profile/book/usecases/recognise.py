"""Telling whom the lines of a statement are from or to, before they are held: names and accounts go no further."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from services.profile.book import party_names, store, withdrawals
from services.profile.book.context import Context
from services.profile.book.domain import counterparty, invoice, payment
from services.profile.book.domain.counterparty import HAN, Line, Told, line_of
from services.profile.book.domain.departure import Gone
from services.profile.book.domain.party import as_counterparty, named
from services.profile.book.domain.sheet import Sheet
from services.profile.book.party_key import party_key
from services.profile.book.usecases.gather import standing_rows
from services.profile.standards.names import Book

SAID = ("enterprise", "counterparty", "party", "account")
NAMED = pl.any_horizontal(
    pl.col("party").is_not_null(), pl.col("account").is_not_null(), pl.col("counterparty").str.contains(HAN.pattern)
).fill_null(value=False)


def recognised(context: Context, sheet: Sheet) -> Sheet:
    """Return payments with `counterparty`, `party_match` and the account as a hash, and what is told of the rest.

    Distinct lines are looked up once, whatever a file's length. Other kinds stay as they are.
    """
    rows = sheet.checked.rows
    if sheet.form.dataset is not payment.DATASET or rows.is_empty():
        return sheet
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in SAID if name not in rows.columns]
    rows = rows.with_columns(absent)
    if rows.filter(NAMED).is_empty():
        return replace(sheet, checked=replace(sheet.checked, rows=_coded(rows)))
    said = rows.select(SAID).unique(maintain_order=True)
    key = party_key(context.settings)
    lines = [line_of(*row, key=key) for row in said.rows()]
    found = _told(context, lines)
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


def _coded(rows: pl.DataFrame) -> pl.DataFrame:
    """Return payments that name no party but by its code, as most sources beside banks do."""
    own = (pl.col("counterparty") == as_counterparty(pl.col("enterprise"))).fill_null(value=False)
    party = pl.when(~own).then("counterparty").alias("counterparty")
    match = pl.when(own).then(pl.lit("own")).when(pl.col("counterparty").is_not_null()).then(pl.lit("code"))
    return rows.drop("party").with_columns(party, match.alias("party_match"))


def _told(context: Context, lines: Sequence[Line]) -> dict[Line, Told]:
    """Look up what is said by name or account; codes speak for themselves."""
    firms = sorted({line.enterprise for line in lines if line.name or line.account})
    partners, earlier = _known(context, firms) if firms else ({}, {})
    book = _book(context, partners) if any(line.name for line in lines) else Book(())
    found = counterparty.told(lines, book.find, earlier)
    return {line: replace(one, party=_written(line, one, partners)) for line, one in found.items()}


def _written(line: Line, one: Told, partners: dict[str, str]) -> str | None:
    """Return a party as its source or the invoices write it, so that both speak of one."""
    if one.party is None or one.match == "code":
        return line.code if one.party else None
    return partners.get(named(one.party), one.party.removeprefix("local:"))


def _known(context: Context, firms: Sequence[str]) -> tuple[dict[str, str], dict[tuple[str, str], set[str]]]:
    """Return the partners of these firms' invoices by their id, and the parties of the accounts that are held."""
    with context.database.read() as session:
        versions = store.lake_versions(session)
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
    for firm, account, party in told.select("enterprise", "account", "counterparty").unique().drop_nulls().rows():
        earlier[firm, account].add(named(party))
    return {named(party): party for party in parties}, earlier


def _book(context: Context, partners: dict[str, str]) -> Book:
    """Return the names that are known: of the firms of the book, and of the partners that invoices name."""
    with context.database.read() as session:
        enrolled = store.names(session)
        stated = party_names.of(session, sorted(partners))
    ours = {firm for firm, _ in enrolled}
    by_name = [(party, party) for party in partners.values() if HAN.search(party)]
    return Book([*enrolled, *(pair for pair in stated if pair[0] not in ours), *by_name])
