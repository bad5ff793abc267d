"""Following a shock through the files that are open to a reader, and through nothing else.

Of a firm whose file is not open nothing is read: it is there as far as its partners' own files name it. So an answer
rests on open files alone, and nobody learns of any other, not even whether there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection

from services.profile.book import import_store, state_store
from services.profile.book.context import Context
from services.profile.book.delta import bucket_of
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.moment import Asked, Facts, Moment
from services.profile.book.domain.permit import Permit, Whole
from services.profile.book.usecases.gather import gather
from services.profile.book.usecases.settle import settle
from services.profile.graph.domain.contagion.book import Change, Exposure, Interval, change, expected_loss, summed
from services.profile.graph.domain.contagion.debts import YEAR, Told
from services.profile.graph.domain.contagion.default import Model
from services.profile.graph.domain.contagion.network import File, Network, Stated, network
from services.profile.graph.domain.contagion.shock import Effect, Outcome, Shock, largest, strike
from services.profile.rights.usecases.open_file import (
    Reading,
    open_file,
    open_files,
    open_to,
    reading_transaction,
)

KINDS = frozenset({"invoices", "payments", "relations"})
INVOICES = ("enterprise", "counterparty", "direction", "date", "status", "net_fen", "total_fen", "import_id")
# So many files are read while the caller waits: some seconds. More of them are a job's (`order_shock`).
MOST_FILES = 2_000
MOST_SHOWN = 500
# By what channel an amount came that was stated before this was kept.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked: a shock, by which model, and the bank's own book; its firms are then the files that are read."""

    shock: Shock
    model: Model = Model.LINEAR
    book: Mapping[str, Exposure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Struck:
    """What a shock does to a firm whose file is open, and to what the bank lent it."""

    effect: Effect
    exposure: Exposure | None
    change: Change | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a shock does: to whom (the hardest hit), to the book, and how it was worked out."""

    permit: Permit
    facts: Facts
    network: Network
    outcome: Outcome
    firms: tuple[Struck, ...]
    left_out: int
    el_fen: int
    delta_el_fen: Interval


def follow_shock(context: Context, reading: Reading, order: Order, asked: Asked) -> Answer | int:
    """Return what a shock does to the firms whose files are open to the reader; each finds the read in its record.

    Where more than MOST_FILES are open, how many: then nothing is read, and it is for a job. Raises `ConsentRequired`
    where the book names files and none of them is open.
    """
    with reading_transaction(context) as connection:
        if (found := _many(context, connection, reading, order)) > MOST_FILES:
            return found
        permit = _opened(context, connection, reading, order)
        facts = settle(connection, state_store.book(connection), asked, context.today())
    return struck(context, order, permit, facts)


def struck(
    context: Context, order: Order, permit: Permit, facts: Facts, on_read: Callable[[int], None] = lambda _: None
) -> Answer:
    """Return what a shock does through the files of a permit; `on_read` hears how many of them have been read."""
    made = told_network(context, facts.moment, permit, also=order.shock.enterprises, on_read=on_read)
    outcome = strike(made, order.shock, order.model)
    return _answer(permit, facts, made, outcome, order.book)


def told_network(
    context: Context,
    moment: Moment,
    scope: Permit | Whole,
    also: Collection[str] = (),
    *,
    heard: bool = False,
    on_read: Callable[[int], None] = lambda _: None,
) -> Network:
    """Return the network that these files tell at a moment; `heard`: without what only the firms themselves say."""
    with context.database.read() as session:
        own = import_store.own_imports(session)
    parts, read = list[Evidence](), 0
    for part in _parts(context, scope):
        parts.append(_slim(gather(context, moment, part, KINDS), moment.as_of))
        read += len(part.enterprises or ())
        on_read(read)
    invoices, payments, relations, firms = (
        pl.concat([getattr(part, name) for part in parts])
        for name in ("invoices", "payments", "relations", "enterprises")
    )
    if heard:
        spoken = ~pl.col("import_id").is_in(sorted(own)).fill_null(value=False)
        invoices, payments, relations = (rows.filter(spoken) for rows in (invoices, payments, relations))
    told = Told(invoices, payments, relations, moment.as_of, own)
    return network(told, _files(context, told, firms), also)


def _files(context: Context, told: Told, firms: pl.DataFrame) -> dict[str, File]:
    """Return what files say of their firms, each amount with who stated it."""
    capital = _capital(told.relations, told.own, told.as_of)
    with context.database.read() as session:
        sent = import_store.senders(session, sorted({each for _, each in capital.values()}))
    stated = {name: Stated(fen, sent[by][1] if by in sent else UNKNOWN) for name, (fen, by) in capital.items()}
    return {
        row["enterprise"]: File(
            row["industry"], row["region"], stated.get(row["enterprise"]), _assets(row), row["assets_fen"]
        )
        for row in firms.iter_rows(named=True)
    }


def _assets(row: Mapping[str, Any]) -> Stated | None:
    fen = row["heard_assets_fen"]
    return Stated(fen, row["assets_by"] or UNKNOWN) if fen else None


def _parts(context: Context, scope: Permit | Whole) -> Iterator[Permit | Whole]:
    """Give a scope whole, or where it is large by the buckets of the lake, each of which is then read once."""
    names = scope.enterprises
    if names is None or len(names) <= MOST_FILES:
        yield scope
        return
    by_bucket: dict[int, set[str]] = {}
    count = context.lake.buckets()
    for name in names:
        by_bucket.setdefault(bucket_of(name, count), set()).add(name)
    for _, some in sorted(by_bucket.items()):
        yield scope.only(some) if isinstance(scope, Permit) else Whole(scope.why, tuple(sorted(some)))


def _slim(found: Evidence, day: date) -> Evidence:
    """Return evidence with the invoices that tell dealings of the last year, and of them what is read."""
    recent = pl.col("date") > day - timedelta(days=YEAR)
    return replace(found, invoices=found.invoices.filter(recent).select(INVOICES))


def _capital(relations: pl.DataFrame, own: Collection[str], day: date) -> dict[str, tuple[int, str]]:
    """Return the newest capital that another than the firm itself states, and by which import it came.

    Its own word would make it look stronger.
    """
    c = pl.col
    stands = (c("relation") == "capital") & (c("until").is_null() | (c("until") >= day)) & (c("amount_fen") > 0)
    heard = ~c("import_id").is_in(sorted(own)).fill_null(value=False)
    rows = relations.filter(stands & heard).sort("enterprise", "since", "amount_fen", nulls_last=False)
    last = rows.group_by("enterprise", maintain_order=True).last()
    return {name: (fen, by) for name, fen, by in last.select("enterprise", "amount_fen", "import_id").iter_rows()}


def _many(context: Context, connection: Connection, reading: Reading, order: Order) -> int:
    """Return how many files are open to the reader, of a book that names few how many it names."""
    if order.book and len(order.book) <= MOST_FILES:
        return len(order.book)
    return len(open_to(context, connection, reading, sorted(order.book) or None))


def _opened(context: Context, connection: Connection, reading: Reading, order: Order) -> Permit:
    """Open the files that are read: a firm's own, those of the book, else all that are open to the reader."""
    own = reading.caller.enterprise
    if own is not None and reading.caller.owns(own):
        return open_file(context, connection, reading, own)
    return open_files(context, connection, reading, sorted(order.book) or None)


def _answer(permit: Permit, facts: Facts, made: Network, outcome: Outcome, book: Mapping[str, Exposure]) -> Answer:
    open_book = {name: each for name, each in book.items() if name in made.files}
    by_firm = {each.enterprise: each for each in outcome.effects}
    changes = {name: change(each, by_firm[name].equity) for name, each in open_book.items()}
    hit = [
        Struck(effect, open_book.get(effect.enterprise), changes.get(effect.enterprise))
        for effect in largest(outcome.effects)
    ]
    # What costs the book most stands first.
    hit.sort(key=lambda each: -(each.change.el_fen.value if each.change else 0.0))
    total = summed([each for each in changes.values() if each])
    shown = tuple(hit[:MOST_SHOWN])
    return Answer(permit, facts, made, outcome, shown, len(hit) - len(shown), expected_loss(open_book), total)
