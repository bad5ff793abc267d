"""Follow an application: find it, tell whose move it is, read its moves and offers, and write the next move down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.moments import today
from services.matching import documents
from services.matching.clients import MANDATES, Read, Wanted
from services.matching.context import Context
from services.matching.domain.application import ACCEPT, ApplicationNotFound, Party, State, Statement, move
from services.matching.domain.errors import ConsentEnded
from services.matching.domain.loan_offer import require_standing
from services.matching.tables import Application, ApplicationEvent, ApplicationOffer
from services.matching.usecases import notify
from services.matching.usecases.browse import handed_in


@dataclass(frozen=True, slots=True)
class Course:
    """Every move of an application and every offer for it, oldest first."""

    moves: Sequence[ApplicationEvent]
    offers: Sequence[ApplicationOffer]


def find(session: Session, caller: Caller, application_id: str, *, lock: bool = False) -> Application:
    """Return an application to one of its parties; raise `ApplicationNotFound` to anybody else."""
    query = select(Application).where(Application.id == application_id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None or not takes_part(session, row, caller):
        raise ApplicationNotFound(
            f"There is no application {application_id[:40]} that you are a party of.", application=application_id[:40]
        )
    return row


def takes_part(session: Session, row: Application, caller: Caller) -> bool:
    """Tell whether a caller is a party: the enterprise, who applied for it, or the bank where it was handed in."""
    applies = caller.client == row.applicant or caller.owns(row.enterprise)
    return applies or (caller.client == row.bank and _was_handed_in(session, row))


def _was_handed_in(session: Session, row: Application) -> bool:
    if row.state not in {State.DRAFT, State.WITHDRAWN}:
        return True
    return session.scalar(select(Application.id).where(Application.id == row.id, handed_in())) is not None


def party(row: Application, caller: Caller) -> Party:
    """Return as whom a caller moves an application."""
    return Party.BANK if row.bank == caller.client else Party.APPLICANT


def require_move(row: Application, caller: Caller, event: str, statement: Statement) -> State:
    """Return where a move leads from where the application stands; raise what forbids it."""
    after = move(State(row.state), event, party(row, caller), statement)
    if event == ACCEPT:
        require_standing(statement.offer or 0, row.offer, row.expires_on, today())
    return after


def may_move(context: Context, caller: Caller, row: Application, event: str) -> None:
    """Refuse a move for the enterprise to who is not the enterprise and has no live mandate of it."""
    if party(row, caller) is Party.APPLICANT:
        what = Read.ACCEPTANCE if event == ACCEPT else Read.APPLICATION
        require_mandate(context, caller, row.enterprise, what)


def require_mandate(context: Context, caller: Caller, enterprise: str, what: Read) -> None:
    """Refuse who acts for an enterprise without its live mandate; a consent to read is none.

    The enterprise needs none to act for itself. Each act under a mandate is in its record: who acted, and why.
    """
    if caller.owns(enterprise) or enterprise in context.profile.reread(Wanted([enterprise]), what):
        return
    raise ConsentEnded(
        f"To act for an enterprise needs its live consent to {MANDATES[what]}; ask it for one.",
        enterprise=enterprise,
        purpose=MANDATES[what],
    )


def course(session: Session, row: Application) -> Course:
    """Return what has happened to an application."""
    moves = select(ApplicationEvent).where(ApplicationEvent.application == row.id).order_by(ApplicationEvent.number)
    offers = select(ApplicationOffer).where(ApplicationOffer.application == row.id).order_by(ApplicationOffer.number)
    return Course(session.scalars(moves).all(), session.scalars(offers).all())


def record(session: Session, row: Application, event: str, caller: Caller, statement: Statement) -> None:
    """Write a move down, and tell the parties of it."""
    last = session.scalar(select(func.max(ApplicationEvent.number)).where(ApplicationEvent.application == row.id))
    offer = row.offer if event == "offer" else statement.offer
    session.add(
        ApplicationEvent(
            application=row.id,
            number=(last or 0) + 1,
            event=event,
            state=row.state,
            client=caller.client,
            party=str(party(row, caller)),
            reason=statement.reason,
            terms=documents.loan_terms(statement.terms) if statement.terms else None,
            offer=offer,
            drawn_fen=statement.drawn_fen,
            at=row.updated_at,
        )
    )
    if _was_handed_in(session, row):
        _tell(session, row, event, {"reason": statement.reason, "offer": offer})


def _tell(session: Session, row: Application, event: str, said: dict[str, str | int | None]) -> None:
    data = {"application": row.id, "dossier": row.dossier, "product": row.product, "state": row.state, **said}
    # Every client of the enterprise hears what is done in its name.
    parties = {row.applicant, row.bank}
    notify.enqueue(session, f"application.{event}", data, clients=parties, enterprise=row.enterprise)
