"""Advance an application: each move by whose it is, with what belongs to it, recorded and told to the parties.

Terms come to be in one way: the bank offers, the firm accepts that very offer by its number. Everything else that has
terms is refused, and what was agreed is entered in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType

from sqlalchemy import update
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.moments import today
from chassis.data import ledger
from services.matching import documents, store
from services.matching.context import Context
from services.matching.domain.application import ENDED, OUTCOMES, State, Statement
from services.matching.domain.facts import Need
from services.matching.domain.loan_offer import (
    LoanTerms,
    OfferState,
    Wish,
    digest,
    make_offer,
    require_drawable,
    require_standing,
)
from services.matching.domain.product import Product, Used, read_product
from services.matching.tables import Application, ApplicationOffer
from services.matching.usecases.follow import record, require_move
from services.matching.usecases.keep_decisions import learn

AGREED = "terms-agreed"
# What a bank says by a move, from which its probability of approval is learnt.
DECIDES: Mapping[str, bool] = MappingProxyType({"offer": True, "decline": False})


def advance(
    context: Context, session: Session, caller: Caller, row: Application, event: str, statement: Statement
) -> Application:
    """Move an application, whose row is locked, and tell its parties.

    What a lender learns of a borrower goes to scoring first, under a key of this move: where that fails nothing is
    changed, and where this fails afterwards the repeated move finds the outcome told already.
    """
    after = require_move(row, caller, event, statement)
    if after in OUTCOMES:
        key = f"{row.id}-{event}"
        context.scoring.outcome(row.enterprise, defaulted=OUTCOMES[after], observed_on=today(), key=key)
    row.updated_at = datetime.now(UTC)
    if event in DECIDES:
        learn(session, row, approved=DECIDES[event])
    if event in EFFECTS:
        EFFECTS[event](session, row, statement)
    row.state = str(after)
    row.open_as = None if after in ENDED else row.open_as
    record(session, row, event, caller, statement)
    if after is State.ACCEPTED:
        _enter(session, caller, row)
    return row


def _offer(session: Session, row: Application, statement: Statement) -> None:
    """Make the next offer, which reserves its place and money; the one before it, if still open, is void."""
    terms = statement.terms
    assert terms is not None  # `move` has asked for them
    store.lock_product(session, row.product)
    wish, on = _wish(session, row), today()
    made = make_offer(wish, (row.offer or 0) + 1, terms, statement.expires_on, on)
    _governing(session, wish, on).require_left(_used(session, row, on), terms.amount_fen)
    _close(session, row, OfferState.VOIDED)
    session.add(
        ApplicationOffer(
            application=row.id,
            number=made.number,
            state=str(OfferState.OPEN),
            document=made.document,
            sha256=digest(made.document),
            expires_on=made.expires_on,
            made_at=row.updated_at,
        )
    )
    row.offer, row.terms, row.expires_on = made.number, documents.loan_terms(terms), made.expires_on


def _accept(session: Session, row: Application, statement: Statement) -> None:
    # Under the lock of whoever reserves: what has expired by now may be another's.
    store.lock_product(session, row.product)
    require_standing(statement.offer or 0, row.offer, row.expires_on, today())
    _close(session, row, OfferState.ACCEPTED)


def _disburse(session: Session, row: Application, statement: Statement) -> None:
    agreed = row.terms or row.need
    terms = LoanTerms(agreed["amount_fen"], agreed["months"], Decimal(str(agreed.get("rate", 0))))
    require_drawable(_wish(session, row).product, statement.drawn_fen or 0, terms, today())
    row.drawn_fen = statement.drawn_fen


def _lapse(session: Session, row: Application, _: Statement) -> None:
    _close(session, row, OfferState.LAPSED)


EFFECTS: Mapping[str, Callable[[Session, Application, Statement], None]] = MappingProxyType(
    {"offer": _offer, "accept": _accept, "disburse": _disburse, "decline": _lapse, "withdraw": _lapse}
)


def _wish(session: Session, row: Application) -> Wish:
    version = store.product_version(session, row.product, row.product_version)
    return Wish(row.id, row.enterprise, row.bank, read_product(version.document), Need(**row.need))


def _governing(session: Session, wish: Wish, on: date) -> Product:
    """Return the version whose quota and budget bind now: the one in force, else the one that the wish is for."""
    newest = read_product(store.version_on(session, wish.product.id, on).document)
    return newest if newest.in_force(on) else wish.product


def _used(session: Session, row: Application, on: date) -> Used:
    return store.used(session, [row.product], on, beside=row.id).get(row.product, Used())


def _close(session: Session, row: Application, state: OfferState) -> None:
    """Say what became of the offer that is open, if one is."""
    mine = update(ApplicationOffer).where(ApplicationOffer.application == row.id)
    session.execute(mine.where(ApplicationOffer.state == OfferState.OPEN).values(state=str(state)))


def _enter(session: Session, caller: Caller, row: Application) -> None:
    """Enter in the ledger what was agreed: its digest, sealed; who accepted, for whom, and with which bank."""
    session.flush()
    agreed = session.get_one(ApplicationOffer, (row.id, row.offer))
    facts = {"application": row.id, "offer": str(row.offer)}
    entry = ledger.Entry(AGREED, row.enterprise, caller.client, facts, {"terms_sha256": agreed.sha256}, row.bank)
    (agreed.ledger_entry,) = ledger.append(session, [entry])
