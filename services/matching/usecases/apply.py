"""Apply: hand in one dossier to several banks. An enterprise has one application under way for a product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict, Invalid
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import today
from chassis.data.upsert import insert_into
from services.matching import documents, store
from services.matching.clients import Read
from services.matching.context import Context
from services.matching.domain.application import (
    ApplicationOpen,
    Dossier,
    MatchPassed,
    NotYourMove,
    State,
    Statement,
)
from services.matching.domain.errors import MatchNotFound
from services.matching.domain.facts import Need
from services.matching.domain.product import Product, read_product
from services.matching.tables import Application
from services.matching.usecases.follow import record, require_mandate, takes_part

OPENED = "open"
# So often an application that stands in the way may end between two looks at it.
MOST_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """An application for a product; `existing` tells that it was under way already."""

    row: Application
    existing: bool


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A dossier as it was handed in, an application for each product."""

    dossier: str
    applications: tuple[Opened, ...]


def may_apply(context: Context, caller: Caller, enterprise: str) -> None:
    """Refuse who is neither the enterprise nor a platform with its mandate to apply."""
    if not caller.owns(enterprise) and caller.role != "platform":
        raise NotYourMove("The enterprise applies itself, or a platform for it.")
    require_mandate(context, caller, enterprise, Read.APPLICATION)


def hand_in(session: Session, caller: Caller, dossier: Dossier) -> HandedIn:
    """Open an application for each product, or find the one that is open already: a second click is no second wish.

    A second wish with another need or other papers is refused (`ApplicationOpen`), never dropped.
    """
    _check_match(session, caller, dossier)
    dossier_id = new_id("dos")
    # In one order, whatever the caller's: two dossiers at once never wait for each other.
    opened = {product: _open(session, caller, dossier, dossier_id, product) for product in sorted(dossier.products)}
    applications = tuple(opened[product] for product in dict.fromkeys(dossier.products))
    if all(each.existing for each in applications):
        dossier_id = applications[0].row.dossier
    return HandedIn(dossier_id, applications)


def _open(session: Session, caller: Caller, dossier: Dossier, dossier_id: str, product: str) -> Opened:
    open_as = f"{dossier.enterprise} {product}"
    led_to = _led_to(session, caller, dossier, product, open_as)
    if led_to is not None:
        return Opened(led_to, existing=True)
    version = _in_force(session, dossier, product)
    now = datetime.now(UTC)
    wish: dict[str, Any] = {
        "id": new_id("app"),
        "dossier": dossier_id,
        "enterprise": dossier.enterprise,
        "applicant": caller.client,
        "bank": version.owner,
        "product": product,
        "product_version": version.version,
        "match": dossier.match,
        "need": documents.need(dossier.need),
        "documents": [documents.paper(paper) for paper in dossier.documents],
        "state": str(State.DRAFT if dossier.draft else State.SUBMITTED),
        "open_as": open_as,
        "created_at": now,
        "updated_at": now,
    }
    # Of two hand-ins at once one inserts, and the other, which waited for its commit, finds it.
    insert = insert_into(session, Application.__table__).on_conflict_do_nothing(index_elements=["open_as"])
    for _ in range(MOST_LOOKS):
        if session.scalar(insert.values(wish).returning(Application.id)) is not None:
            row = session.get_one(Application, wish["id"])
            record(session, row, OPENED if dossier.draft else "submit", caller, Statement())
            return Opened(row, existing=False)
        under_way = _under_way(session, open_as)
        if under_way is not None:
            _require_same(session, under_way, caller, dossier)
            _require_whole(under_way, dossier, version.version)
            return Opened(under_way, existing=True)
    raise Conflict("Applications for this product are ending and opening at this moment; try again.", product=product)


def _under_way(session: Session, open_as: str) -> Application | None:
    return session.scalars(select(Application).where(Application.open_as == open_as)).one_or_none()


def _led_to(session: Session, caller: Caller, dossier: Dossier, product: str, open_as: str) -> Application | None:
    """Return the application under way that the dossier's match led to, whichever version is in force by now.

    To hand the same in again asks for nothing new, so that a version published meanwhile is no reason against it.
    """
    if dossier.match is None:
        return None
    row, matched = _under_way(session, open_as), store.match(session, dossier.match).products.get(product)
    if row is None or matched != row.product_version:
        return None
    _require_same(session, row, caller, dossier)
    _require_whole(row, dossier, matched)
    return row


def _require_same(session: Session, row: Application, caller: Caller, dossier: Dossier) -> None:
    """Refuse a second wish for a product that is not the one under way; name that one to its parties."""
    if not takes_part(session, row, caller):
        raise ApplicationOpen(
            f"The enterprise has an application for product {row.product} under way that you are no party of.",
            product=row.product,
        )
    need, papers = documents.need(dossier.need), [documents.paper(paper) for paper in dossier.documents]
    if (row.need, _sorted(row.documents)) != (need, _sorted(papers)):
        raise ApplicationOpen(
            f"Application {row.id} for product {row.product} is under way ({row.state}) with another need or other "
            "papers; withdraw it first, or hand in the same.",
            product=row.product,
            application=row.id,
            state=row.state,
            found=need,
            needed=row.need,
        )


def _sorted(papers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(papers, key=lambda paper: (paper["sha256"], paper["name"]))


def _require_whole(row: Application, dossier: Dossier, version: int) -> None:
    """Refuse a second wish that the one under way would not fulfil: by another version, or as a draft still."""
    named = {"product": row.product, "application": row.id, "state": row.state}
    if dossier.match is not None and row.product_version != version:
        raise ApplicationOpen(
            f"Application {row.id} for product {row.product} is under way by version {row.product_version}; match "
            f"{dossier.match} answered version {version}. Withdraw it first, or hand in without the match.",
            **named,
            found=version,
            needed=row.product_version,
        )
    if row.state == State.DRAFT and not dossier.draft:
        raise ApplicationOpen(
            f"Application {row.id} for product {row.product} is a draft of yours; to hand it in, move it by `submit` "
            f"(POST /v1/applications/{row.id}/submit).",
            **named,
            event="submit",
        )


def _in_force(session: Session, dossier: Dossier, product: str) -> Product:
    """Return the version in force today, which the application then keeps; refuse what it cannot lend."""
    on = today()
    row = store.version_on(session, product, on)
    found = read_product({**row.document, "owner": row.owner})
    if not found.in_force(on):
        raise Invalid(f"Product {product} is not offered today.", product=product)
    _fits(found, dossier.need)
    if dossier.match is not None:
        _same_version(store.match(session, dossier.match).products.get(product), found, dossier.match)
    return found


def _check_match(session: Session, caller: Caller, dossier: Dossier) -> None:
    """Refuse a match that the caller may not see, of another enterprise, or of another need."""
    if dossier.match is None:
        return
    row = store.match(session, dossier.match)
    if not (row.client == caller.client or caller.owns(row.enterprise)):
        raise MatchNotFound(f"There is no match {dossier.match} that you may see.", match=dossier.match)
    if row.enterprise != dossier.enterprise:
        raise Invalid("The match is of another enterprise than the dossier.", field="match")
    asked, wanted = orjson.loads(row.answer)["need"], documents.need(dossier.need)
    # A match may have asked for one kind of financing; a dossier names its products instead.
    if {name: asked.get(name) for name in wanted} != wanted:
        raise Invalid(
            f"Match {dossier.match} is of another need than the dossier; match again for this one.",
            field="match",
            found=wanted,
            needed=asked,
        )


def _same_version(matched: int | None, in_force: Product, match: str) -> None:
    if matched is None:
        raise Invalid(f"Match {match} did not ask about product {in_force.id}.", field="match", product=in_force.id)
    if matched != in_force.version:
        raise MatchPassed(
            f"Match {match} answered version {matched} of product {in_force.id}; version {in_force.version} is in "
            "force today. Match again, and read what it says now.",
            product=in_force.id,
            found=matched,
            needed=in_force.version,
        )


def _fits(product: Product, need: Need) -> None:
    if not product.amount_fen[0] <= need.amount_fen <= product.amount_fen[1]:
        raise Invalid(
            f"Product {product.id} lends from {product.amount_fen[0]} to {product.amount_fen[1]} fen.",
            product=product.id,
            field="amount_fen",
        )
    if not product.months[0] <= need.months <= product.months[1]:
        raise Invalid(
            f"Product {product.id} runs for {product.months[0]} to {product.months[1]} months.",
            product=product.id,
            field="months",
        )
