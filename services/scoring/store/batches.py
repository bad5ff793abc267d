"""Rows of batches: the parts that hold their scores, the index by enterprise, seals and refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import polars as pl
from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from chassis.core.ids import numbered, parted
from chassis.core.moments import rfc3339
from chassis.data import ledger
from chassis.data.database import batches
from services.scoring.domain import leaf
from services.scoring.domain.assessment import STAMP, Assessment, Stamp, stamped
from services.scoring.domain.counting import counts_of
from services.scoring.domain.errors import BatchNotFound
from services.scoring.domain.leaf import Seals
from services.scoring.domain.order import REPEATED_WITHIN
from services.scoring.store import batch_file
from services.scoring.store.batch_file import Part
from services.scoring.tables import Batch, BatchIndex, BatchPart, BatchRefusal, BatchSeal, Score

_insert_part = insert(cast("Table", BatchPart.__table__))
_insert_seal = insert(cast("Table", BatchSeal.__table__))


def batch(session: Session, batch_id: str, client: str | None = None) -> Batch:
    """Return a batch, only the client's own where one is given; raise `BatchNotFound`."""
    found = session.get(Batch, batch_id)
    if found is None or (client is not None and found.client != client):
        raise BatchNotFound(f"There is no batch {batch_id}, or it is not yours to read.")
    return found


def note_facts(session: Session, batch_id: str, table: pl.DataFrame, said: pl.DataFrame) -> None:
    """Keep the digest of what a batch was made from: the enterprises and the hashes of their features.

    Also what `said` has beside them that decides: what is confirmed of them, and the public records against them.
    """
    told = "".join(table["enterprise"].to_list() + table["features_sha256"].to_list())
    told += "".join(text for name in ("confirmed", "records") for text in said[name].drop_nulls())
    batch(session, batch_id).facts_sha256 = hashlib.sha256(told.encode()).hexdigest()


def repeat_of(session: Session, row: Batch) -> str | None:
    """Return the first batch that the same client ordered on the same facts of the same model in the days before."""
    if row.facts_sha256 is None:
        return None
    same = ("client", "purpose", "model", "counts", "facts_sha256")
    query = select(Batch.id).where(
        *(getattr(Batch, name).is_not_distinct_from(getattr(row, name)) for name in same),
        Batch.id < row.id,
        Batch.created_at >= row.created_at - REPEATED_WITHIN,
    )
    return session.scalar(query.order_by(Batch.id).limit(1))


def scored_in_rows(session: Session, batch_id: str) -> set[str]:
    """Return the enterprises of a batch whose score has a row of its own: it began before there were parts."""
    return set(session.scalars(select(Score.enterprise).where(Score.batch == batch_id)))


def scored_in_parts(session: Session, batch_id: str) -> list[list[str]]:
    """Return the enterprises of each stored part of a batch, in the order of the parts."""
    query = select(BatchPart.body).where(BatchPart.batch == batch_id).order_by(BatchPart.number)
    bodies = session.scalars(query.execution_options(yield_per=1))
    return [batch_file.read(body, ["enterprise"])["enterprise"].to_list() for body in bodies]


def add_part(connection: Connection, number: int, part: Part) -> None:
    """Store a part of a batch; `IntegrityError` where another worker has stored one of this number.

    All its scores are one entry of the ledger, by the root over them: each can be proved by itself.
    """
    seals = leaf.seal(part.head, part.frame, part.base_points)
    connection.execute(
        _insert_part,
        {
            **stamped(part.stamp),
            "number": number,
            "head": part.head,
            "count": part.frame.height,
            "shadow": part.shadow,
            "base_points": part.base_points,
            "body": batch_file.written(part.frame),
        },
    )
    [number] = ledger.append(connection, [_part_entry(part, seals)])
    connection.execute(
        _insert_seal, {"head": part.head, "ledger_entry": number, "salts": seals.salts, "hashes": seals.hashes}
    )


def _part_entry(part: Part, seals: Seals) -> ledger.Entry:
    same = part.stamp
    facts = {"scores": part.head, "count": part.frame.height, "model": same.model, "purpose": same.purpose}
    facts |= {"as_of": same.as_of.isoformat(), "known_at": rfc3339(same.known_at)}
    facts |= {"counts": same.counts, "root": seals.root.hex(), "group": leaf.GROUP}
    return ledger.Entry("score-batch", None, same.client, facts)


def seals_of(session: Session, assessment: Assessment) -> tuple[int, int, Seals] | None:
    """Return the number of the entry that a score of a batch is under, its place there, and the seals of its part.

    None for a score of its own, and for one of a batch from before there were seals.
    """
    head, place = parted(assessment.id)
    row = session.get(BatchSeal, head) if assessment.batch is not None else None
    return None if row is None else (row.ledger_entry, place, Seals(row.salts, row.hashes))


def part(row: BatchPart) -> Part:
    """Return what a row stands for."""
    stamp = Stamp(**{name: getattr(row, name) for name in STAMP})
    stamp = replace(stamp, counts=counts_of(row.counts))
    return Part(stamp, row.head, row.base_points, row.shadow, batch_file.read(row.body))


def parts_of_batch(session: Session, batch_id: str) -> Iterator[Part]:
    """Yield the parts of a batch, one in the memory at a time."""
    query = select(BatchPart).where(BatchPart.batch == batch_id).order_by(BatchPart.number)
    for row in session.scalars(query.execution_options(yield_per=1)):
        yield part(row)
        session.expunge(row)


def score_of_part(session: Session, score_id: str) -> Assessment | None:
    """Return a score of a batch by its id; None where there is none."""
    head, place = parted(score_id)
    row = session.scalars(select(BatchPart).where(BatchPart.head == head)).one_or_none()
    return part(row).assessment(place) if row is not None and 0 <= place < row.count else None


def ids_of(session: Session, enterprise: str, client: str | None, *others: ColumnElement[bool]) -> list[str]:
    """Return the ids of the scores in finished batches that may be of this enterprise: two names may share a hash.

    Of one client where it is given, and of batches of which the other conditions hold.
    """
    bucket, hashed = batch_file.bucket_of(enterprise)
    query = select(BatchIndex.batch, BatchIndex.entries).where(BatchIndex.bucket == bucket)
    if client is not None:
        query = query.where(BatchIndex.client == client)
    if others:
        query = query.join(Batch, Batch.id == BatchIndex.batch).where(*others)
    found = [(batch, *each) for batch, entries in session.execute(query) for each in batch_file.places(entries, hashed)]
    heads: dict[tuple[str, int], str] = {}
    wanted = select(BatchPart.batch, BatchPart.number, BatchPart.head)
    for asked in batches([(batch, number) for batch, number, _ in found]):
        rows = session.execute(wanted.where(tuple_(BatchPart.batch, BatchPart.number).in_(asked)))
        heads |= {(batch, number): head for batch, number, head in rows}
    return [numbered(heads[batch, number], place) for batch, number, place in found]


def index(session: Session, batch: Batch, names: Sequence[Sequence[str]]) -> None:
    """Write down where each enterprise of a batch is found; `names` has those of each part."""
    session.execute(delete(BatchIndex).where(BatchIndex.batch == batch.id))
    rows = [
        {"bucket": bucket, "batch": batch.id, "client": batch.client, "entries": entries}
        for bucket, entries in batch_file.index(list(enumerate(names))).items()
    ]
    if rows:
        session.execute(insert(BatchIndex), rows)


def refusals_of(session: Session, batch_id: str) -> list[BatchRefusal]:
    """Return the enterprises that a batch could not score, by enterprise."""
    query = select(BatchRefusal).where(BatchRefusal.batch == batch_id).order_by(BatchRefusal.enterprise)
    return list(session.scalars(query))


def replace_refusals(session: Session, batch_id: str, problems: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a batch's refusals anew, by enterprise, so that a repeated run does not double them."""
    session.execute(delete(BatchRefusal).where(BatchRefusal.batch == batch_id))
    rows = [{"batch": batch_id, "enterprise": name, "problem": problem} for name, problem in problems.items()]
    if rows:
        session.execute(insert(BatchRefusal), rows)


def counts(session: Session, batch_id: str) -> tuple[int, int]:
    """Return how many enterprises of a batch were scored and how many refused."""
    rows = session.scalar(select(func.count()).select_from(Score).where(Score.batch == batch_id))
    in_parts = session.scalar(select(func.sum(BatchPart.count)).where(BatchPart.batch == batch_id))
    refused = session.scalar(select(func.count()).select_from(BatchRefusal).where(BatchRefusal.batch == batch_id))
    return (rows or 0) + int(in_parts or 0), refused or 0
