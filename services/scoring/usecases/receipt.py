"""Give the signed receipt of a stored score, and prove one: the signature, and the score made again bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chassis.core.errors import Invalid
from chassis.core.identity import Caller
from services.scoring.context import Context
from services.scoring.domain import receipt as receipts
from services.scoring.domain.assessment import Assessment, said_by
from services.scoring.domain.counting import BESIDE, Beside
from services.scoring.domain.fuller import Fuller
from services.scoring.domain.overlay import Overlay, overlay, records_in
from services.scoring.domain.receipt import SignedReceipt
from services.scoring.ml.scorer import Scorer
from services.scoring.store import overlays
from services.scoring.usecases.read_score import read_score


def receipt(context: Context, caller: Caller, score_id: str) -> dict[str, Any]:
    """Return the receipt of a score to whoever may read the score: the same bytes at every call with the same key."""
    assessment = read_score(context, caller, score_id)
    stated = _statement(assessment, context.shelf[assessment.model])
    return {
        "receipt": stated,
        "signature": context.signer.sign(receipts.canonical(stated)),
    }


def verify(context: Context, caller: Caller, given: SignedReceipt) -> dict[str, Any]:
    """Tell whether a receipt is ours and its score comes out again from the stored inputs and the stored model.

    `differences` names each member that is not what was found; `reproduced` speaks of the model, run now.
    """
    stated = given.receipt
    form = receipts.FIRST if stated.get("form") == receipts.FIRST else receipts.FORM
    signed = context.signer.verifies(_canonical(stated), given.signature)
    stored = read_score(context, caller, str(stated.get("score_id")))
    scorer = context.shelf[stored.model]
    # Which reasons were told is a rule of its time, and is kept; what each of them is comes out again.
    made = {**_made_again(stored, scorer), "reasons": stored.reasons}
    beside, fuller = _beside_again(stored, scorer), _fuller_again(stored, scorer)
    again = replace(stored, **made, beside=beside, fuller=fuller, overlay=_overlay_again(context, stored))
    found = _statement(again, scorer, form)
    reproduced = _statement(stored, scorer, form) == found
    return {
        "valid": signed and reproduced and not receipts.differences(stated, found),
        "signed": signed,
        "reproduced": reproduced,
        "differences": receipts.differences(stated, found),
    }


def _made_again(stored: Assessment, scorer: Scorer) -> dict[str, Any]:
    """Score the stored values the way they were scored: one by one, or in columns, which sum in another order."""
    if stored.batch is None or stored.own_view:
        return said_by(scorer.score(stored.values, depth=stored.depth))
    row = np.array([stored.values], dtype=np.float64)
    return said_by(next(scorer.score_many(row, depths=[stored.depth]).rows()))


def _beside_again(stored: Assessment, scorer: Scorer) -> Beside | None:
    """Score once more what stands beside the score; where nothing was left to score, nothing is."""
    beside = stored.beside
    if beside is None or beside.score is None:
        return beside
    again = _made_again(replace(stored, values=beside.values, depth=beside.depth), scorer)
    return replace(beside, **{name: again[name] for name in BESIDE})


def _fuller_again(stored: Assessment, scorer: Scorer) -> Fuller | None:
    """Score once more what the file would be, had it shown more."""
    fuller = stored.fuller
    if fuller is None:
        return None
    again = _made_again(replace(stored, values=fuller.values, depth=fuller.depth), scorer)
    return replace(fuller, **{name: again[name] for name in BESIDE})


def _overlay_again(context: Context, stored: Assessment) -> Overlay | None:
    """Ask the rules of the stored version about the stored records once more."""
    said = stored.overlay
    if said is None:
        return None
    with context.database.read() as session:
        return overlay(overlays.rule_set(session, said["version"]), records_in(said))


def _statement(assessment: Assessment, scorer: Scorer, form: str = receipts.FORM) -> dict[str, Any]:
    return receipts.statement(
        assessment,
        features=scorer.features,
        model_sha256=scorer.sha256,
        reference=scorer.legend.reference,
        form=form,
    )


def _canonical(stated: Mapping[str, Any]) -> bytes:
    try:
        return receipts.canonical(stated)
    except (ValueError, TypeError) as wrong:
        raise Invalid(
            f"The receipt holds what canonical JSON cannot write: {wrong}. Send it as it was given."
        ) from None
