"""Reading the figures of a firm's ties: from the files that the reader may open, and what registers publish.

What a firm says of itself makes no tie and no trade here, so that none gains by inventing one or leaving one out.
Beyond the firm's own file ties are followed where the file that they lead to is open to the reader too, as for
control, and so are its largest partners; nothing of another goes on from here, not even that there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from services.profile.book import enterprise_store, import_store
from services.profile.book.context import Context
from services.profile.book.domain import public_record, relation
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.moment import Asked, Moment
from services.profile.book.domain.party import as_counterparty, party_of
from services.profile.book.domain.permit import Permit, Whole, Why, joined
from services.profile.book.usecases.gather import gather, gather_kind
from services.profile.graph.domain.contagion.exposed import MOST_PARTNERS, exposed
from services.profile.graph.domain.crowd import crowded
from services.profile.graph.domain.figures.answer import Shown, shown
from services.profile.graph.domain.figures.dependence import dependence, on_rings
from services.profile.graph.domain.figures.of_ties import HOPS
from services.profile.graph.domain.figures.told import apart, around, capital_of, counted, facts_of, ties_of
from services.profile.graph.domain.figures.trade import UNKNOWN, Rest, sums, traded
from services.profile.graph.domain.rings import limits_on
from services.profile.graph.usecases.find_rings import rings_with
from services.profile.graph.usecases.strike import told_network
from services.profile.rights.domain.consent import purpose_of
from services.profile.rights.domain.resource import Resource, table
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading, open_some, reading_transaction

# So many files are opened for one question, the nearest first: each leaves a record with its firm.
MOST_FILES = 300
OWN_KINDS = ("invoices",)
PUBLISHED = (Channel.GOVERNMENT, Channel.COURT)
c = pl.col


@dataclass(frozen=True, slots=True)
class Figured:
    """The figures of one firm's ties; `cut`: there were more files than are opened."""

    file: OpenFile
    figures: tuple[Shown, ...]
    files: int
    cut: bool


def read_figures(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Figured:
    """Return all figures of one firm's ties and trade, each with the neighbours behind it that the reader may know."""
    file = open_at(context, reading, enterprise, asked)
    moment = file.moment
    with context.database.read() as session:
        own = sorted(import_store.own_imports(session))
    relations = of_others(gather_kind(context, moment, Whole(Why.TIES), relation.DATASET.name), own)
    ties = ties_of(relations, moment.as_of)
    ties = apart(ties, crowded(relations, moment.as_of), enterprise)
    permit, cut = _followed(context, reading, file, ties)
    near = around(ties.filter(c("file").is_in(list(permit.enterprises))), enterprise)
    invoices = of_others(gather(context, moment, file.permit, OWN_KINDS).invoices, own)
    partners = invoices.select(party_of(c("counterparty")).alias("enterprise")).drop_nulls()["enterprise"].unique()
    names = {*near["source"], *near["target"], *partners}
    published = Whole(Why.TIES, tuple(sorted(name for name in names if not name.startswith(relation.SEAL))))
    records = gather_kind(context, moment, published, public_record.DATASET.name)
    mine = ties.filter(c("file") == enterprise)
    public = _published(context, relations)
    trade = traded(invoices, _partners(partners.to_list(), public, records, moment), moment.as_of)
    beside, more = _beside(context, reading, file, permit, trade)
    behind = relations.filter(c("enterprise").is_in(list(permit.enterprises)))
    may_know = pl.concat([behind, public]).unique(maintain_order=True)
    facts = facts_of(near, enterprise, may_know, records, moment.as_of)
    told = {**sums(trade), **_dealt(context, reading, file, beside)} if not trade.is_empty() else {}
    opened = len({*permit.enterprises, *beside.enterprises})
    return Figured(file, shown(enterprise, near, facts, mine, told), opened, cut or more)


def _beside(
    context: Context, reading: Reading, file: OpenFile, permit: Permit, trade: pl.DataFrame
) -> tuple[Permit, bool]:
    """Open the files of the largest partners, as far as the reader may: what they tell in all is in no other."""
    largest = trade.head(MOST_PARTNERS).select(party_of(c("party")))["party"].to_list()
    there = permit.only({file.enterprise, *largest})
    rest = set(largest) - set(permit.enterprises)
    opened, more = _opened(context, reading, file, rest, MOST_FILES - len(permit.enterprises))
    return joined([there, opened]), more


def _dealt(context: Context, reading: Reading, file: OpenFile, beside: Permit) -> dict[str, Rest]:
    """Return what a firm's dealings and those of its partners make: dependence, rings, what a failure would cost."""
    firm, moment = file.enterprise, file.moment
    made = told_network(context, moment, beside, heard=True)
    told = dependence(made.dealt, firm)
    if _told_to(reading, firm, Resource.RINGS):
        rings, unsearched = rings_with(context, moment, [firm], limits_on(moment.as_of))
        told["ring_trade_12m"] = UNKNOWN if unsearched else on_rings(rings, firm)
    if _told_to(reading, firm, Resource.SHOCK):
        lost = exposed(made, firm).with_columns(as_counterparty(c("party")))
        told["systemic_exposure"] = Rest(max(lost["value"], default=0.0), lost)
    return told


def _told_to(reading: Reading, firm: str, resource: Resource) -> bool:
    """Tell whether the reader could read this resource too: what is not told there is not told as a figure."""
    return reading.caller.owns(firm) or purpose_of(reading.purpose) in table()[resource].purposes


def _followed(context: Context, reading: Reading, file: OpenFile, ties: pl.DataFrame) -> tuple[Permit, bool]:
    """Open the files within the hops that figures look, tie by tie, as far as the reader may.

    The ties are `apart` from crowds: for a person whom ten firms name no file is opened.
    """
    permit, cut = file.permit, False
    tried = front = {file.enterprise}
    for _ in range(HOPS):
        told = ties.filter(c("file").is_in(list(permit.enterprises)))
        ends = set(told["source"]) | set(told["target"])
        beside = ties.filter(c("source").is_in(list(ends)) | c("target").is_in(list(ends)))["file"]
        front = (ends | set(beside)) - tried
        tried = tried | front
        opened, more = _opened(context, reading, file, front, MOST_FILES - len(permit.enterprises))
        cut = cut or more
        if not opened.enterprises:
            break
        permit = joined([permit, opened])
    return permit, cut


def _opened(
    context: Context, reading: Reading, file: OpenFile, parties: Iterable[str], room: int
) -> tuple[Permit, bool]:
    wanted, day = sorted(party for party in parties if not party.startswith(relation.SEAL)), file.moment.as_of
    with reading_transaction(context) as connection:
        known = sorted(enterprise_store.enterprises(connection, wanted))
        return open_some(context, connection, reading, known, day, room)


def _published(context: Context, relations: pl.DataFrame) -> pl.DataFrame:
    """Return the relations that registers and courts tell: they are public, whether or not a file is open.

    What else stands in a shut file would tell that there is one.
    """
    with context.database.read() as session:
        sent = import_store.senders(session, relations["import_id"].unique().to_list())
    public = [name for name, (_, channel) in sent.items() if channel in PUBLISHED]
    return relations.filter(c("import_id").is_in(public))


def _partners(names: Sequence[str], public: pl.DataFrame, records: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """Return what is published of partners: capital, the first day of an entry about it, records against them.

    The book's own description of a partner has no part in it: it would tell that the partner is there.
    """
    first = public.filter(c("relation") == "capital").group_by("enterprise").agg(established_on=c("since").min())
    return (
        pl.DataFrame({"enterprise": sorted(names)}, schema={"enterprise": pl.String})
        .join(first, on="enterprise", how="left")
        .join(capital_of(public), on="enterprise", how="left")
        .join(counted(records, moment.as_of), on="enterprise", how="left")
    )


def of_others(rows: pl.DataFrame, own: list[str]) -> pl.DataFrame:
    """Return the rows that others than the firms themselves tell; `own` are the imports of firms' own word."""
    return rows.filter(~c("import_id").is_in(own)) if own else rows
