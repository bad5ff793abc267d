"""From the features of a few enterprises to their assessments: what fits is scored, and each sum is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chassis.core.ids import new_id
from services.scoring.domain.assessment import Assessment, Features, Stamp, check_exact, check_fit, said_by, stamped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.scoring.ml.scorer import Scored, Scorer


def assessments_of(
    scorer: Scorer, files: Sequence[Features], askers: Sequence[tuple[str, str]], at: datetime
) -> list[Assessment]:
    """Return the assessments of some enterprises, each made for a (client, purpose); the exactness of each is checked.

    Raises `FeaturesDoNotFit`, `NotEnoughData` or `ReasonsDoNotAddUp` where that is so of any one of them.
    """
    for file in files:
        check_fit(file, scorer.features)
    rows = [[file.values[name] for name in scorer.features] for file in files]
    scored = scorer.score_few(rows, depths=[file.depth for file in files]) if rows else []
    return [_assessment(scorer.version, *parts, at) for parts in zip(files, rows, scored, askers, strict=True)]


def _assessment(
    version: str,
    file: Features,
    values: Sequence[float | None],
    scored: Scored,
    asker: tuple[str, str],
    at: datetime,
) -> Assessment:
    check_exact(scored.base_points, scored.points, scored.score_exact)
    client, purpose = asker
    stamp = Stamp(
        client=client,
        purpose=purpose,
        batch=None,
        model=version,
        as_of=file.as_of,
        known_at=file.known_at,
        created_at=at,
    )
    return Assessment(
        id=new_id("sco"),
        enterprise=file.enterprise,
        depth=file.depth,
        features_sha256=file.sha256,
        values=values,
        **stamped(stamp),
        **said_by(scored),
    )
