"""Secrets of apps in the database are sealed (AES-256-GCM): all anew with the newest key, and which no key opens."""

from __future__ import annotations

from sqlalchemy import select, update

from chassis.core.sealing import SealBroken, Sealer
from chassis.data.database import Database
from gateway.identity.tables import TotpRow


def seal_secrets(database: Database, sealer: Sealer) -> int:
    """Seal what is not sealed with the newest key and return how many secrets that were. May be repeated.

    What no key opens stays as it is (`unreadable` tells).
    """
    done = 0
    with database.read() as session:
        rows = session.execute(select(TotpRow.id, TotpRow.secret).order_by(TotpRow.id)).all()
    for factor, sealed in rows:
        if sealer.is_newest(sealed) or not sealer.opens(sealed, factor):
            continue
        anew = sealer.seal(sealer.open(sealed, factor), factor)
        with database.begin() as session:  # an app that was removed or changed meanwhile stays as it is
            mine = update(TotpRow).where(TotpRow.id == factor, TotpRow.secret == sealed).values(secret=anew)
            done += session.scalar(mine.returning(TotpRow.id)) is not None
    return done


def unreadable(database: Database, sealer: Sealer) -> list[str]:
    """Return the apps whose secret no key opens: their people need another factor, or the key of before."""
    with database.read() as session:
        rows = session.execute(select(TotpRow.id, TotpRow.secret).order_by(TotpRow.id)).all()
    return [factor for factor, sealed in rows if not sealer.opens(sealed, factor)]


def opened(sealer: Sealer, sealed: str, bound_to: str) -> str | None:
    """Return what was sealed; None where no key opens it for this row."""
    try:
        return sealer.open(sealed, bound_to)
    except SealBroken:
        return None
