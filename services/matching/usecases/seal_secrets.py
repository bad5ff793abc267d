"""Seal all secrets of webhooks with the newest key: those from before there were seals, and after a change of keys."""

from __future__ import annotations

from sqlalchemy import select, update

from chassis.core.sealing import SealBroken, Sealer
from chassis.core.webhooks import PREFIX
from chassis.data import clock
from chassis.data.database import Database
from services.matching.tables import WebhookEndpoint

AT_ONCE = 100


def seal_secrets(database: Database, sealer: Sealer) -> int:
    """Seal what is not sealed with the newest key and return how many endpoints that were. May be repeated.

    What no key opens stays as it is (`unreadable` tells): its client gives the endpoint another secret.
    """
    row = WebhookEndpoint
    _forget_former(database)
    with database.read() as session:
        ids = [
            found.id
            for found in session.execute(select(row.id, row.secret, row.former_secret)).all()
            if not all(sealer.is_newest(each) for each in (found.secret, found.former_secret) if each is not None)
        ]
    done = 0
    for start in range(0, len(ids), AT_ONCE):
        with database.begin() as session:
            mine = select(row).where(row.id.in_(ids[start : start + AT_ONCE])).order_by(row.id)
            for endpoint in session.scalars(mine.with_for_update(key_share=True)):
                done += _seal(endpoint, sealer)
    return done


def _forget_former(database: Database) -> None:
    """Forget secrets whose overlap has ended."""
    over = WebhookEndpoint.former_until <= clock.now()
    with database.read() as session:
        if session.scalars(select(WebhookEndpoint.id).where(over).limit(1)).first() is None:
            return
    with database.begin() as session:
        session.execute(update(WebhookEndpoint).where(over).values(former_secret=None, former_until=None))


def unreadable(database: Database, sealer: Sealer) -> list[str]:
    """Return the endpoints whose secret no key opens."""
    row = WebhookEndpoint
    with database.read() as session:
        found = session.execute(select(row.id, row.secret).order_by(row.id)).all()
    return [endpoint for endpoint, secret in found if _opened(secret, endpoint, sealer) is None]


def _seal(endpoint: WebhookEndpoint, sealer: Sealer) -> bool:
    secret = _opened(endpoint.secret, endpoint.id, sealer)
    if secret is None:
        return False
    endpoint.secret = sealer.seal(secret, endpoint.id)
    former = endpoint.former_secret and _opened(endpoint.former_secret, endpoint.id, sealer)
    endpoint.former_secret = sealer.seal(former, endpoint.id) if former else None
    return True


def _opened(secret: str, endpoint: str, sealer: Sealer) -> str | None:
    if secret.startswith(PREFIX):
        return secret
    try:
        return sealer.open(secret, endpoint)
    except SealBroken:
        return None
