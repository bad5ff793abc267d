"""From the features of a few enterprises to their assessments: what fits is scored, and each sum is checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from chassis.core.ids import new_id
from services.scoring.domain.assessment import Assessment, Features, Stamp, check_exact, check_fit, said_by, stamped
from services.scoring.domain.counting import Counts, nothing_confirmed
from services.scoring.domain.errors import NothingConfirmed
from services.scoring.domain.overlay import overlay
from services.scoring.ml.deciding import decide

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.scoring.domain.overlay import RuleSet
    from services.scoring.ml.deciding import Decided
    from services.scoring.ml.scorer import Scorer


Asker: TypeAlias = tuple[str, str, Counts]


def assessments_of(
    scorer: Scorer, files: Sequence[Features], askers: Sequence[Asker], at: datetime, rules: RuleSet | None
) -> list[Assessment]:
    """Return the assessments of some enterprises, each made for a (client, purpose, what counts); each is checked.

    `rules` are the expert rules in force, which stand beside what the model says.

    Raises `FeaturesDoNotFit`, `NotEnoughData`, `NothingConfirmed` or `ReasonsDoNotAddUp` where that is so of any one.
    """
    for file in files:
        check_fit(file, scorer.features)
    decided = decide(scorer, [file.as_read() for file in files], [counts for _, _, counts in askers])
    made = [_assessment(scorer.version, *parts, at) for parts in zip(files, decided, askers, strict=True)]
    return [replace(one, overlay=overlay(rules, file.records)) for one, file in zip(made, files, strict=True)]


def _assessment(version: str, file: Features, decided: Decided | None, asker: Asker, at: datetime) -> Assessment:
    if decided is None:
        raise NothingConfirmed(nothing_confirmed(file.enterprise, file.evidence))
    scored, reading = decided.scored, decided.reading
    check_exact(scored.base_points, scored.points, scored.score_exact)
    client, purpose, counts = asker
    stamp = Stamp(
        client=client,
        purpose=purpose,
        batch=None,
        model=version,
        as_of=file.as_of,
        known_at=file.known_at,
        created_at=at,
        counts=counts,
    )
    return Assessment(
        id=new_id("sco"),
        enterprise=file.enterprise,
        depth=reading.depth,
        features_sha256=reading.features_sha256,
        values=reading.values,
        evidence=file.evidence,
        beside=decided.beside,
        fuller=decided.fuller,
        **stamped(stamp),
        **said_by(scored),
    )
