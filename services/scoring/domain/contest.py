"""What an enterprise disputes while its score is read: the marks, and the score without the disputed records.

Neither is part of the stored score: a dispute is opened and ends after it. Both views stand beside each other as long
as the dispute is open, or for good where neither side could be shown to be right (征信业管理条例 Art. 25).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Contest:
    """Marks as the profile service tells them; `undisputed` is the other view, None where it is the same."""

    disputes: Sequence[Mapping[str, Any]] = ()
    undisputed: Mapping[str, Any] | None = None


NO_CONTEST = Contest()


def other_view(scored: Any | None, stood: int, depth: str, features_sha256: str) -> dict[str, Any]:
    """Return the score without the disputed records, and its difference from the stored one.

    `scored` is None where nothing is left to score; `difference` is how many points the disputed records give or take.
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
