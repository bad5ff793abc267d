"""Subscribing to alerts, and ending it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from chassis.core.errors import NotFound
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.profile.book.context import Context
from services.profile.watch import tables


class SubscriptionNotFound(NotFound):
    """There is no such subscription, or it is another client's, or it has ended."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to be told of; None stands for all."""

    enterprises: tuple[str, ...] | None
    signals: tuple[str, ...] | None
    severities: tuple[str, ...] | None


def subscribe(context: Context, session: Session, caller: Caller, wish: Wish) -> tables.Subscription:
    """Store a client's wish to be told of alerts; consent is asked for at each read, not here."""
    row = tables.Subscription(
        id=new_id("sub"),
        client=caller.client,
        enterprises=None if wish.enterprises is None else sorted(set(wish.enterprises)),
        signals=None if wish.signals is None else sorted(set(wish.signals)),
        severities=None if wish.severities is None else sorted(set(wish.severities)),
        created_at=context.now(),
        ended_at=None,
    )
    session.add(row)
    return row


def end_subscription(context: Context, session: Session, caller: Caller, subscription_id: str) -> tables.Subscription:
    """End a subscription; alerts stay in the log."""
    row = session.get(tables.Subscription, subscription_id, with_for_update=True)
    if row is None or row.client != caller.client or row.ended_at is not None:
        raise SubscriptionNotFound("There is no such subscription of yours.", subscription=subscription_id)
    row.ended_at = context.now()
    return row
