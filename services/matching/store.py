"""Rows to domain values and back."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import orjson
from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.orm import Session

from chassis.data.upsert import upsert
from services.matching.domain.allocation.order import AllocationOrder
from services.matching.domain.application import State
from services.matching.domain.errors import BatchNotFound, MatchNotFound, PlanNotFound, ProductNotFound
from services.matching.domain.facts import Facts
from services.matching.domain.product import Product, Used, read_product
from services.matching.tables import Application, Batch, BatchPart, Decision, Plan, ProductVersion, StoredMatch

# Of each bank, its newest: the standard error of a share is then below 0.4 %, and no bank crowds out another.
MOST_DECISIONS = 20_000
Edition = tuple[int, datetime | None]
# From here on an application counts against its product's quota and budget, for good; before, while its offer stands.
TAKING = (State.ACCEPTED, State.DISBURSED, State.REPAID, State.DEFAULTED)


@dataclass(frozen=True, slots=True)
class Planned:
    """What was planned, and every enterprise whose file was read for it, also where no line speaks of it.

    `unread` are those that the order names and whose files could not be read.
    """

    answer: Mapping[str, Any]
    made_from: Sequence[str]
    unread: Sequence[str] = ()


def edition(session: Session) -> Edition:
    """Return what changes whenever anything is published: versions are only ever added."""
    count, newest = session.execute(select(func.count(), func.max(ProductVersion.published_at))).one()
    return count, newest


def products_in_force(session: Session, on: date) -> list[Product]:
    """Return each product's version in force on a day, by id.

    A newer version replaces the older from its `valid_from` on, also where it ends sooner.
    """
    query = select(ProductVersion).where(ProductVersion.valid_from <= on)
    newest: dict[str, ProductVersion] = {}
    for row in session.scalars(query.order_by(ProductVersion.product, ProductVersion.version)):
        newest[row.product] = row
    products = (read_product({**row.document, "owner": row.owner}) for row in newest.values())
    return [product for product in products if product.in_force(on)]


def products_of(session: Session, versions: Mapping[str, int]) -> list[Product]:
    """Return these versions of products, by id."""
    rows = [product_version(session, product, version) for product, version in sorted(versions.items())]
    return [read_product({**row.document, "owner": row.owner}) for row in rows]


def used(session: Session, products: Sequence[str], on: date, *, beside: str | None = None) -> dict[str, Used]:
    """Return what is gone of these products on a day, of all applications but `beside`.

    What an offer reserves, to and with its last day; what was agreed; and what was drawn, once that is said.
    """
    if not products:
        return {}
    reserved = and_(Application.state == State.OFFERED, Application.expires_on >= on)
    taken = select(Application.product, Application.need, Application.terms, Application.drawn_fen).where(
        Application.product.in_(products),
        or_(Application.state.in_(TAKING), reserved),
        Application.id != (beside or ""),
    )
    found: dict[str, Used] = {}
    for product, need, terms, drawn_fen in session.execute(taken):
        before = found.get(product, Used())
        fen = int((terms or need)["amount_fen"]) if drawn_fen is None else drawn_fen
        found[product] = Used(before.firms + 1, before.fen + fen)
    return found


def products_owned(session: Session, client: str) -> frozenset[str]:
    """Return the products that a bank publishes: all versions of a product are of who published the first."""
    query = select(ProductVersion.product).where(ProductVersion.owner == client, ProductVersion.version == 1)
    return frozenset(session.scalars(query))


def lock_product(session: Session, product: str) -> None:
    """Let nobody else reserve of a product until this transaction ends; on SQLite there is one writer anyway."""
    first = select(ProductVersion.version).where(ProductVersion.product == product, ProductVersion.version == 1)
    session.execute(first.with_for_update())


def product_version(session: Session, product: str, version: int | None = None) -> ProductVersion:
    """Return one version of a product, the newest unless named; raise ProductNotFound."""
    row = find_version(session, product, version)
    if row is None:
        named = version is not None
        what = f"Product {product} has no version {version}." if named else f"There is no product {product}."
        raise ProductNotFound(f"{what} GET /v1/products lists what is published.", product=product)
    return row


def version_on(session: Session, product: str, on: date) -> ProductVersion:
    """Return the version that replaced all others by a day, by which alone the product is offered on it, if at all.

    Before the first day of any that is the newest. Raises ProductNotFound.
    """
    query = select(ProductVersion).where(ProductVersion.product == product, ProductVersion.valid_from <= on)
    row = session.scalars(query.order_by(ProductVersion.version.desc()).limit(1)).one_or_none()
    return product_version(session, product) if row is None else row


def find_version(session: Session, product: str, version: int | None = None) -> ProductVersion | None:
    """Return one version of a product, the newest unless named, or None."""
    query = select(ProductVersion).where(ProductVersion.product == product)
    if version is not None:
        query = query.where(ProductVersion.version == version)
    return session.scalars(query.order_by(ProductVersion.version.desc()).limit(1)).one_or_none()


def decisions(session: Session) -> dict[str, tuple[Any, Any, Any, Any]]:
    """Return the columns of every bank's newest decisions: score, amount in fen, months, approved."""
    newest = func.row_number().over(
        partition_by=Decision.client, order_by=[Decision.decided_on.desc(), Decision.reference]
    )
    columns = (Decision.client, Decision.score, Decision.amount_fen, Decision.months, Decision.approved)
    ranked = select(*columns, newest.label("place")).subquery()
    rows: dict[str, list[Any]] = {}
    for client, *row, _ in session.execute(select(ranked).where(ranked.c.place <= MOST_DECISIONS)):
        rows.setdefault(client, []).append(row)
    return {client: _columns(found) for client, found in rows.items()}


def _columns(rows: list[Any]) -> tuple[Any, Any, Any, Any]:
    table = np.array(rows, dtype=np.float64)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3] > 0


def match(session: Session, match_id: str) -> StoredMatch:
    """Return a stored match; raise MatchNotFound."""
    row = session.get(StoredMatch, match_id)
    if row is None:
        raise MatchNotFound(f"There is no match {match_id} that you may see.", match=match_id)
    return row


def batch(session: Session, batch_id: str, client: str) -> Batch:
    """Return a batch that this client ordered; raise BatchNotFound."""
    row = session.get(Batch, batch_id)
    if row is None or row.client != client:
        raise BatchNotFound(f"There is no batch {batch_id} that you may see.", batch=batch_id)
    return row


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of results, a line an enterprise, compressed."""

    enterprises: tuple[str, ...]
    body: bytes


def packed(enterprises: Sequence[str], lines: Iterable[Any]) -> Lines:
    """Return the lines of these enterprises."""
    text = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    return Lines(tuple(enterprises), zlib.compress(text, level=1))


def keep_made(session: Session, batch_id: str, wanted: Mapping[int, str]) -> set[int]:
    """Return which parts an interrupted run has left that were made from what is wanted now; forget the others."""
    made = session.execute(select(BatchPart.number, BatchPart.made_from).where(BatchPart.batch == batch_id))
    stands = {number for number, made_from in made if made_from is not None and wanted.get(number) == made_from}
    others = [BatchPart.batch == batch_id, BatchPart.number.not_in(stands)]
    session.execute(delete(BatchPart).where(*others))
    return stands


def add_part(session: Session, batch_id: str, number: int, lines: Lines, made_from: str | None = None) -> None:
    """Keep some lines of results; where a worker that has lost its lease kept them too, these."""
    kept = {"enterprises": list(lines.enterprises), "lines": lines.body, "made_from": made_from}
    upsert(session, BatchPart, [{"batch": batch_id, "number": number, **kept}], ["batch", "number"], list(kept))


def parts(session: Session, batch_id: str) -> Iterator[tuple[list[str], list[bytes]]]:
    """Return the results part by part: enterprises, and one line each."""
    query = select(BatchPart).where(BatchPart.batch == batch_id).order_by(BatchPart.number)
    for part in session.scalars(query.execution_options(yield_per=4)):
        yield part.enterprises, zlib.decompress(part.lines).splitlines(keepends=True)


def part_enterprises(session: Session, batch_id: str) -> list[str]:
    """Return every enterprise that the results speak of."""
    query = select(BatchPart.enterprises).where(BatchPart.batch == batch_id).order_by(BatchPart.number)
    return [enterprise for part in session.scalars(query) for enterprise in part]


def plan(session: Session, plan_id: str, kind: str, client: str) -> Plan:
    """Return a plan of this kind that this client ordered; raise PlanNotFound."""
    row = session.get(Plan, plan_id)
    if row is None or row.client != client or row.kind != kind:
        raise PlanNotFound(f"There is no {kind} {plan_id} that you may see.", plan=plan_id)
    return row


def keep_plan(
    session: Session, plan_id: str, answer: Mapping[str, Any], facts: Facts, named: Sequence[str] | None
) -> None:
    """Keep what was planned, and from the files of which enterprises and as of which day: it is read again as of it.

    Of the enterprises that the order has `named`, those without a readable file are kept as such.
    """
    row, readable = session.get_one(Plan, plan_id), set(facts.enterprises)
    unread = [enterprise for enterprise in dict.fromkeys(named or ()) if enterprise not in readable]
    kept = orjson.dumps({"answer": {**answer, "as_of": facts.as_of}, "made_from": facts.enterprises, "unread": unread})
    row.answer, row.as_of = zlib.compress(kept, level=1), facts.as_of


def planned(row: Plan) -> Planned | None:
    """Return what was planned, None until it is."""
    if row.answer is None:
        return None
    kept = Planned(**orjson.loads(zlib.decompress(row.answer)))
    return replace(kept, answer=_in_words_of_now(kept.answer)) if row.kind == AllocationOrder.kind else kept


def _in_words_of_now(told: Any) -> Any:
    """Return an allocation with `offered_fen` where a worker of the release before, still running, wrote `lent_fen`."""
    if isinstance(told, list):
        return [_in_words_of_now(item) for item in told]
    if not isinstance(told, dict):
        return told
    return {"offered_fen" if name == "lent_fen" else name: _in_words_of_now(each) for name, each in told.items()}
