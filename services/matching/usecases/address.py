"""Address an answer: say which products are the reader's own, and what it is told of those of others."""

from __future__ import annotations

from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from services.matching import store
from services.matching.domain.trade_secret import Audience

# Whom a firm's chances are told: the firm itself, and a platform that asks for it.
TOLD_CHANCES = ("enterprise", "platform")


def audience(session: Session, caller: Caller) -> Audience:
    """Return what a caller is told of products and offers."""
    return Audience(
        own=store.products_owned(session, caller.client) if caller.role == "bank" else frozenset(),
        everything=caller.role == "operator",
        chances=caller.role in TOLD_CHANCES,
    )
