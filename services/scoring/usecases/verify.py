"""Verifying what the scoring service keeps: its database, its ledger, and that each model is as it was trained."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from chassis.core.findings import Finding
from chassis.data.check import check_database
from services.scoring import tables
from services.scoring.context import PACKAGE, Context
from services.scoring.ml import artefact

RESTORE = "put the model's folder back from a backup, or train anew"


def verify(context: Context, *, deep: bool) -> tuple[Counter[str], list[Finding]]:
    """Return how many things of each sort were looked at, and what is not as it should be."""
    checked: Counter[str] = Counter()
    found = list(check_database(context.database, PACKAGE, checked, deep=deep))
    try:
        found += _models(context, checked)
    except DBAPIError as error:
        found.append(Finding("models", "table", str(error.orig), "rows", "restore the database from a backup"))
    return checked, found


def _models(context: Context, checked: Counter[str]) -> Iterator[Finding]:
    table = tables.Model
    with context.database.read() as session:
        wanted = table.artefact_sha256.is_not(None)
        rows = session.execute(select(table.version, table.artefact_sha256).where(wanted)).all()
    for version, sha256 in rows:
        checked["models"] += 1
        try:
            found = hashlib.sha256(context.shelf.files.read(f"{version}/{artefact.FILE}")).hexdigest()
        except FileNotFoundError:
            found = "missing"
        if found != sha256:
            yield Finding("model", version, found[:16], f"SHA-256 {(sha256 or '')[:16]}…", RESTORE)
