"""Taking in outcomes from a file: whether firms defaulted."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from sqlalchemy.orm import Session

from services.profile.book import enterprise_store, outcome_store, state_store, withdrawals


def observe(session: Session, rows: pl.DataFrame, import_id: str, now: datetime) -> int:
    """Store the outcomes of a file and return how many are new."""
    if "observed_on" not in rows.columns:
        rows = rows.with_columns(pl.lit(None, dtype=pl.Date).alias("observed_on"))
    statements = list(dict.fromkeys(rows.select("enterprise", "defaulted", "observed_on").iter_rows()))
    names = list({name for name, _, _ in statements})
    before = outcome_store.outcome_statements(session, names)
    new = [statement for statement in statements if statement not in before]
    repeated = outcome_store.imports_saying(session, before.intersection(statements))
    withdrawals.note_repeats(session, import_id, repeated)
    enterprise_store.name_enterprises(session, names, synthetic=bool(state_store.book(session).synthetic), now=now)
    outcome_store.add_outcomes(session, new, import_id, now)
    return len(new)
