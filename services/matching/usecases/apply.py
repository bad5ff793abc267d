"""Applications: one dossier to several banks, moved by its parties, each move announced to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.core.errors import Invalid
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import today
from services.matching import documents, store
from services.matching.clients import Read, Wanted
from services.matching.context import Context
from services.matching.domain.application import (
    ENDED,
    OUTCOMES,
    ApplicationNotFound,
    Dossier,
    NotYourMove,
    Party,
    State,
    Statement,
    move,
)
from services.matching.domain.errors import ConsentEnded
from services.matching.domain.facts import Need
from services.matching.domain.product import read_product
from services.matching.tables import Application, ApplicationEvent, ProductVersion
from services.matching.usecases import notify

OPENED = "open"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A dossier as it was handed in, an application for each product."""

    dossier: str
    applications: tuple[Application, ...]


def may_apply(context: Context, caller: Caller, enterprise: str) -> None:
    """Refuse who is neither the enterprise nor a platform that it lets act (a consent to financing-match)."""
    if caller.owns(enterprise):
        return
    if caller.role != "platform":
        raise NotYourMove("The enterprise applies itself, or a platform for it.")
    if enterprise not in context.profile.reread(Wanted([enterprise]), Read.APPLICATION):
        raise ConsentEnded(
            "A platform applies for an enterprise that consents to financing-match; ask it for consent.",
            enterprise=enterprise,
        )


def hand_in(session: Session, caller: Caller, dossier: Dossier) -> HandedIn:
    """Open an application for each product, or find the one that is open already: a second click is no second wish."""
    dossier_id = new_id("dos")
    products = dict.fromkeys(dossier.products)
    return HandedIn(dossier_id, tuple(_open(session, caller, dossier, dossier_id, product) for product in products))


def advance(
    context: Context, session: Session, caller: Caller, row: Application, event: str, statement: Statement
) -> Application:
    """Move an application, whose row is locked, and tell its parties.

    What a lender learns of a borrower goes to scoring first, under a key of this move: where that fails nothing is
    changed, and where this fails afterwards the repeated move finds the outcome told already.
    """
    by = party(row, caller)
    after = move(State(row.state), event, by, statement)
    if after in OUTCOMES:
        _report_outcome(context, row, defaulted=OUTCOMES[after], key=f"{row.id}-{event}")
    if statement.terms:
        row.terms = asdict(statement.terms)
    row.state, row.updated_at = str(after), datetime.now(UTC)
    row.open_as = None if after in ENDED else row.open_as
    _record(session, row, event, caller, by, statement)
    return row


def find(session: Session, caller: Caller, application_id: str, *, lock: bool = False) -> Application:
    """Return an application to one of its parties; raise `ApplicationNotFound` to anybody else."""
    query = select(Application).where(Application.id == application_id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None or not (_applies(row, caller) or row.bank == caller.client):
        raise ApplicationNotFound(
            f"There is no application {application_id[:40]} that you are a party of.", application=application_id[:40]
        )
    return row


def party(row: Application, caller: Caller) -> Party:
    """Return as whom a caller moves an application."""
    return Party.BANK if row.bank == caller.client else Party.APPLICANT


def history(session: Session, row: Application) -> Sequence[ApplicationEvent]:
    """Return every move of an application, oldest first."""
    query = select(ApplicationEvent).where(ApplicationEvent.application == row.id)
    return session.scalars(query.order_by(ApplicationEvent.number)).all()


def _open(session: Session, caller: Caller, dossier: Dossier, dossier_id: str, product: str) -> Application:
    version = store.product_version(session, product)
    _fits(version, dossier.need)
    open_as = f"{dossier.enterprise} {product}"
    under_way = session.scalars(select(Application).where(Application.open_as == open_as)).one_or_none()
    if under_way is not None:
        return find(session, caller, under_way.id)
    now = datetime.now(UTC)
    row = Application(
        id=new_id("app"),
        dossier=dossier_id,
        enterprise=dossier.enterprise,
        applicant=caller.client,
        bank=version.owner,
        product=product,
        product_version=version.version,
        need=documents.need(dossier.need),
        documents=[documents.paper(paper) for paper in dossier.documents],
        state=str(State.DRAFT if dossier.draft else State.SUBMITTED),
        open_as=open_as,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    _record(session, row, OPENED if dossier.draft else "submit", caller, Party.APPLICANT, Statement())
    return row


def _fits(version: ProductVersion, need: Need) -> None:
    product = read_product(version.document)
    if not product.in_force(today()):
        raise Invalid(f"Product {product.id} is not offered today.", product=product.id)
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


def _record(session: Session, row: Application, event: str, caller: Caller, by: Party, statement: Statement) -> None:
    last = session.scalar(select(func.max(ApplicationEvent.number)).where(ApplicationEvent.application == row.id))
    session.add(
        ApplicationEvent(
            application=row.id,
            number=(last or 0) + 1,
            event=event,
            state=row.state,
            client=caller.client,
            party=str(by),
            reason=statement.reason,
            terms=asdict(statement.terms) if statement.terms else None,
            at=row.updated_at,
        )
    )
    if row.state != State.DRAFT:
        data = {"application": row.id, "dossier": row.dossier, "product": row.product, "state": row.state}
        # The enterprise sees what a platform does for it; nobody gets a message twice.
        for client in sorted({row.applicant, row.bank, row.enterprise}):
            notify.enqueue(session, client, f"application.{event}", {**data, "reason": statement.reason})


def _applies(row: Application, caller: Caller) -> bool:
    return row.applicant == caller.client or caller.owns(row.enterprise)


def _report_outcome(context: Context, row: Application, *, defaulted: bool, key: str) -> None:
    context.scoring.outcome(row.enterprise, defaulted=defaulted, observed_on=today(), key=key)
