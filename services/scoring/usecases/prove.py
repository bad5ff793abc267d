"""Prove a stored score: that the ledger holds it, and of a score of a batch, that the part's entry does."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from chassis.core import merkle
from chassis.core.identity import Caller
from chassis.data.ledger import checkpoint
from chassis.data.ledger import store as ledger
from services.scoring.context import LEDGER, Context
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.errors import ProofNotFound
from services.scoring.domain.leaf import Seals, numbers_of, words_of
from services.scoring.store import batches, scores
from services.scoring.usecases.read_score import read_score


def prove(context: Context, caller: Caller, score_id: str) -> dict[str, Any]:
    """Return the proof of a score to whoever may read the score, against one signed checkpoint.

    Where an enterprise is told its score by its own file, it is proved that the score was given, and its figures stay
    sealed: with their salt it could try out what partners' files confirm.
    """
    assessment = read_score(context, caller, score_id)
    with context.database.read() as session:
        found = batches.seals_of(session, assessment)
        number = found[0] if found else scores.entry_of(session, assessment)
        if number is None:
            raise ProofNotFound(
                "The ledger does not prove this score alone: it was stored before the ledger could, or its entry was "
                "forgotten. Its receipt still proves what was said."
            )
        head = ledger.head(session)
        entry = _entry(session, number, head.size)
    if assessment.own_view:
        entry["salt"] = None
    sealed = [_score(assessment, *found)] if found and not assessment.own_view else []
    return {"checkpoint": checkpoint.note(LEDGER, head, context.ledger_signer), "entries": [entry], "scores": sealed}


def _entry(session: Session, number: int, size: int) -> dict[str, Any]:
    """Show the entry in plain: whom its score concerns may know who ordered it, and can prove it."""
    kept = ledger.entry(session, number)
    return {
        "n": number,
        "leaf": kept.leaf.decode(),
        "hash": merkle.leaf_hash(kept.leaf).hex(),
        "subject": kept.subject,
        "actor": kept.actor,
        "salt": None if kept.salt is None else kept.salt.hex(),
        "proof": [step.hex() for step in ledger.inclusions(session, [number], size)[number]],
    }


def _score(assessment: Assessment, entry: int, place: int, seals: Seals) -> dict[str, Any]:
    return {
        "entry": entry,
        "place": place,
        "words": words_of(assessment),
        "numbers": numbers_of(assessment),
        "salt": seals.salt(place).hex(),
        "group": [each.hex() for each in seals.group(place)],
        "proof": [step.hex() for step in seals.path(place)],
    }
