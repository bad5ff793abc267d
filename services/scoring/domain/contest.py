"""What an enterprise disputes while its score is read: the marks, and the score without the disputed records.

Neither is part of the stored score: a dispute is opened and ends after it. Both views stand beside each other as long
as the dispute is open, or for good where neither side could be shown to be right (征信业管理条例 Art. 25).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.scoring.domain.assessment import Assessment, Features
from services.scoring.domain.leave import Leave
from services.scoring.domain.overlay import PUBLIC_RECORDS, Effective, effective, without


@dataclass(frozen=True, slots=True)
class Contest:
    """What opened the file, with its marks; `undisputed` is the other view, None where it is the same.

    A score is shown with its contest, so a stored one behind leave alone, and a new one behind the read that made it.
    """

    opened_by: Leave | Features
    undisputed: Mapping[str, Any] | None = None

    @property
    def disputes(self) -> Sequence[Mapping[str, Any]]:
        """The marks, as the profile service tells them."""
        return self.opened_by.disputes


def undisputed_view(assessment: Assessment, contest: Contest) -> Mapping[str, Any] | None:
    """Return the view without the disputed records under the expert rules that these leave; None where it is the same.

    A disputed public record counts in no feature: without it a rule may not be met, and the model says the same.
    """
    marked = [mark.get("item", {}) for mark in contest.disputes]
    disputed = {item["record"] for item in marked if item.get("kind") == PUBLIC_RECORDS}
    rest, other = without(assessment.overlay, disputed), contest.undisputed
    if other is None:
        if rest == assessment.overlay:
            return None
        other = other_view(assessment, assessment.score, assessment.depth, assessment.features_sha256)
    if other["score"] is None:
        return other
    low, high = other["pd_interval"]
    found = effective(Effective(other["score"], other["grade"], other["pd"], low, high), rest)
    return {**other, "grade": found.grade, "pd": found.pd, "pd_interval": (found.pd_low, found.pd_high)}


def disputed_counts(contest: Contest, view: Mapping[str, Any] | None) -> bool | None:
    """Tell whether what is disputed counts in the score; None where nothing is, and where nobody can say.

    `view` is the one without the disputed records. Only features that were read anew, and that the score was made
    from, tell that there is none: a stored score behind leave alone leaves it open.
    """
    if not contest.disputes:
        return None
    if view is not None:
        return True
    return False if isinstance(contest.opened_by, Features) else None


def other_view(scored: Any | None, stood: int, depth: str, features_sha256: str) -> dict[str, Any]:
    """Return the score without the disputed records, and its difference from the stored one.

    `scored` is None where nothing is left to score that counts; `difference` is how many points the disputed records
    give or take.
    """
    same = {"depth": depth, "features_sha256": features_sha256}
    if scored is None:
        return {**dict.fromkeys(("score", "grade", "pd", "pd_interval", "difference")), **same}
    return {
        "score": scored.score,
        "grade": scored.grade,
        "pd": scored.pd,
        "pd_interval": (scored.pd_low, scored.pd_high),
        "difference": stood - scored.score,
        **same,
    }
