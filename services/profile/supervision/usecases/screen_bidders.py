"""Screening the bidders of a tender: whose files are open is looked at, the others are told as not looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl
import rfc8785

from chassis.core.errors import Invalid
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.profile.book import import_store, state_store, step_store
from services.profile.book.context import Context
from services.profile.book.domain import relation
from services.profile.book.domain.departure import names_of
from services.profile.book.domain.moment import Asked, Facts, Moment
from services.profile.book.domain.party import party_of, written
from services.profile.book.domain.permit import Permit, Whole, Why
from services.profile.book.party_key import party_key
from services.profile.book.usecases.gather import gather, scan
from services.profile.book.usecases.settle import settle
from services.profile.rights import ledger_entries
from services.profile.rights.domain.consent import ConsentRequired, purpose_of
from services.profile.rights.usecases.open_file import Reading, open_files, reading_transaction
from services.profile.standards.days import months_later
from services.profile.supervision.domain.screen.screening import Files, Screened, Tender, screen
from services.profile.supervision.domain.screen.ties import Trade, parties

TRADE_MONTHS = 24
KINDS = frozenset({"invoices", relation.DATASET.name})


class UnlistedBidder(Invalid):
    """A bid or a document of the tender is of somebody who is not among its bidders."""


@dataclass(frozen=True, slots=True)
class Done:
    """A screen that was made: its id, the files that were open (None: none), which facts counted, what was found.

    `own` are the imports in which firms speak of themselves; `past` is how many auctions counted, `later` how many
    that are told were held after the day, so that they did not, and `undated` how many of the past have no day.
    """

    id: str
    permit: Permit | None
    facts: Facts
    screened: Screened
    own: frozenset[str]
    past: int
    later: int
    undated: int

    @property
    def moment(self) -> Moment:
        """The moment with the time named that makes the same answer later."""
        return replace(self.facts.moment, known_at=self.facts.known_at)


def screen_bidders(context: Context, reading: Reading, tender: Tender, asked: Asked) -> Done:
    """Screen a tender's bidders as of a day; every file that is opened finds the read in its record.

    Raises `UnlistedBidder`, and `ConsentRequired` where the purpose is none that a screen is made for. A bidder without
    a live consent is screened by the buyer's own words alone.
    """
    _check(tender)
    with reading_transaction(context) as connection:
        facts = settle(connection, state_store.book(connection), asked, context.today())
        try:
            permit = open_files(context, connection, reading, sorted(tender.bidders))
        except ConsentRequired:
            if purpose_of(reading.purpose) not in reading.terms.purposes:
                raise
            permit = None
    day, files = facts.moment.as_of, Files() if permit is None else _files(context, facts.moment, permit)
    with context.database.read() as session:
        own = import_store.own_imports(session)
    counted = tender.until(day)
    past = len(counted.past) + sum(tender.elsewhere.values())
    later, undated = len(tender.past) - len(counted.past), sum(each.day is None for each in counted.past)
    return Done(new_id("scr"), permit, facts, screen(counted, files, day), own, past, later, undated)


def enter(context: Context, caller: Caller, screen_id: str, purpose: str | None, answer: Mapping[str, Any]) -> Any:
    """Enter a screen in the ledger by the digest of its answer, and return the receipt: digest and entry.

    The answer itself is kept by its buyer and by nobody else. The digest is sealed: few answers are possible, and who
    knows a tender could tell from it what was found.
    """
    digest = hashlib.sha256(rfc8785.dumps(dict(answer))).hexdigest()
    facts, sealed = {"screen": screen_id, "purpose": str(purpose_of(purpose))}, {"answer_sha256": digest}
    with context.database.begin() as session:
        number = ledger_entries.enter(session, "bidder-screen", None, caller.client, facts, sealed)
    return {"answer_sha256": digest, "ledger_entry": number}


def _check(tender: Tender) -> None:
    bidders = set(tender.bidders)
    present = set(tender.present.bidders) if tender.present else set()
    if unlisted := sorted((present | tender.documents.keys()) - bidders):
        raise UnlistedBidder(
            f"{unlisted[0]} has a bid but is not among `bidders`; list every bidder of the tender. "
            "/ 报价方不在投标人名单中，请补全名单。",
            bidders=unlisted[:20],
        )


def _files(context: Context, moment: Moment, permit: Permit) -> Files:
    found = gather(context, moment, permit, KINDS)
    opened = [firm for firm in permit.enterprises if permit.shows(firm, moment.as_of)]
    held = found.relations.filter(pl.col("enterprise").is_in(opened))
    # Bidders that a register names without a code: among those alone whose files are open.
    firms = found.enterprises.filter(pl.col("enterprise").is_in(opened), pl.col("name").is_not_null())
    bidders = tuple(sorted(firms.select("enterprise", "name").iter_rows()))
    relations = relation.by_name(held, bidders, party_key(context.settings)).drop("by_name")
    shared = parties(relations, opened, moment.as_of)
    return Files(
        frozenset(opened),
        relations,
        names_of(relation.DATASET, held).to_list(),
        _trade(found.invoices, opened, moment.as_of),
        _crowds(context, moment, shared),
    )


def _crowds(context: Context, moment: Moment, named: Sequence[str]) -> dict[str, int]:
    """Return how many firms of the whole book name each party: a figure of many, and of no firm alone."""
    with context.database.read() as session:
        version = step_store.lake_versions(session, moment.known_at).get(relation.DATASET.name)
    if version is None or not named:
        return {}
    rows = scan(context, relation.DATASET.name, version, moment.known_at, Whole(Why.PEERS))
    if moment.known_at is not None:
        rows = rows.filter(pl.col("known_at") <= moment.known_at)
    holding = rows.filter(pl.col("party").is_in(list(named)), pl.col("version") > 0)
    return dict(holding.group_by("party").agg(pl.col("enterprise").n_unique()).collect().iter_rows())


def _trade(invoices: pl.DataFrame, opened: Collection[str], day: date) -> dict[tuple[str, str], Trade]:
    """Return the trade between each two of these firms, as the one of the two books has it that tells more."""
    c = pl.col
    recent = invoices.filter(
        c("status") == "valid",
        c("date").is_between(months_later(day, -TRADE_MONTHS), day),
        c("enterprise").is_in(sorted(opened)),
        c("counterparty").is_in(written(sorted(opened))),
    ).with_columns(partner=party_of(c("counterparty")))
    sides = (
        recent.filter(c("enterprise") != c("partner"))
        .group_by("enterprise", "partner")
        .agg(invoices=pl.len(), amount_fen=c("total_fen").sum(), first_on=c("date").min(), last_on=c("date").max())
        .sort("amount_fen", "enterprise")
    )
    found: dict[tuple[str, str], Trade] = {}
    for one, other, *told in sides.iter_rows():
        found[min(one, other), max(one, other)] = Trade(*told)
    return found
