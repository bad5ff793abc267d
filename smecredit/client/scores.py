"""Scores: given, read again, overridden, and what would change them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from smecredit.answers import (
    Counting,
    CountingPolicy,
    OverlayRules,
    OverlayVersion,
    Purpose,
    ReasonCodes,
    Recourse,
    Score,
)
from smecredit.client.calls import Calls, Json, OnProgress, given, iso, listed, moments, segment


class Scores(Calls):
    """Explained scores of one firm or of many, and the outcomes that models learn from."""

    def score(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
        counts: Counting | None = None,
    ) -> Score:
        """Score a firm, with reasons; the score is stored. `counts` is what counts in it (None: as is usual there)."""
        value = {"enterprise": enterprise, **moments(as_of, known_at), **given(counts=counts)}
        return self._post(Score, "/v1/scores", value, purpose=purpose)

    def get_score(self, score_id: str) -> Score:
        """Return a stored score."""
        return self._get(Score, f"/v1/scores/{segment(score_id)}")

    def scores_of(self, enterprise: str) -> Iterator[Score]:
        """Return a firm's stored scores, newest first."""
        return self._pages(Score, f"/v1/enterprises/{segment(enterprise)}/scores")

    def reason_codes(self) -> ReasonCodes:
        """Return the fixed list of what the code of a reason stands for."""
        return self._get(ReasonCodes, "/v1/reason-codes")

    def overlay_rules(self, at: datetime | None = None) -> OverlayRules:
        """Return the expert rules in force at a moment (None: now), and every version of them."""
        return self._get(OverlayRules, "/v1/overlay-rules", at=None if at is None else at.isoformat())

    def propose_overlay_rules(
        self, rules: Sequence[Mapping[str, Any]], *, note: str, valid_from: date | None = None
    ) -> OverlayVersion:
        """Propose all expert rules that are to hold; another client confirms them."""
        value = {
            "rules": list(rules),
            "note": note,
            "valid_from": None if valid_from is None else valid_from.isoformat(),
        }
        return self._post(OverlayVersion, "/v1/overlay-rules", value)

    def confirm_overlay_rules(self, version: str) -> OverlayVersion:
        """Confirm the expert rules that another client proposed."""
        return self._post(OverlayVersion, f"/v1/overlay-rules/{segment(version)}/confirm", {})

    def withdraw_overlay_rules(self, version: str) -> OverlayVersion:
        """Take back expert rules that nobody has confirmed, or refuse another client's."""
        return self._post(OverlayVersion, f"/v1/overlay-rules/{segment(version)}/withdraw", {})

    def counting_policy(self) -> CountingPolicy:
        """Return what counts for this client where an order or a product does not say."""
        return self._get(CountingPolicy, "/v1/counting-policy")

    def set_counting_policy(
        self, counts: Counting | None, *, note: str | None = None, replaces: int | None = None
    ) -> CountingPolicy:
        """Set it from now on; None: as is usual there.

        `replaces` is the version that you read: where there is a newer one, nothing is set and `Problem` raised.
        """
        headers = {} if replaces is None else {"If-Match": f'"{replaces}"'}
        order = {"counts": counts, "note": note}
        return cast(
            "CountingPolicy", self._wire.call("PUT", "/v1/counting-policy", value=order, headers=headers).json()
        )

    def score_batch(
        self,
        enterprises: Sequence[str] | None = None,
        *,
        as_of: date | None = None,
        purpose: Purpose = "credit-assessment",
        counts: Counting | None = None,
        on_progress: OnProgress | None = None,
    ) -> list[Json]:
        """Score many firms (None: all that have consented); an entry has a score, or a `problem`."""
        value = {"enterprises": listed(enterprises), **moments(as_of), **given(counts=counts)}
        return self._batch("/v1/score-batches", value, purpose, on_progress)

    def recourse(
        self,
        score_id: str,
        *,
        grade: str | None = None,
        score: int | None = None,
        rules: Sequence[Mapping[str, Any]] = (),
    ) -> Recourse:
        """Return the plan of least effort to a grade, a score or rules `{feature, op, value}`, month by month."""
        target = given(grade=grade, score=score, rules=list(rules) or None)
        return self._post(Recourse, f"/v1/scores/{segment(score_id)}/recourse", {"target": target})

    def override(self, score_id: str, *, grade: str, reason: str, note: str) -> Json:
        """Give a score another grade; it stands beside the model's."""
        value = {"grade": grade, "reason": reason, "note": note}
        return self._post(Json, f"/v1/scores/{segment(score_id)}/override", value)

    def report_outcome(
        self,
        enterprise: str,
        *,
        defaulted: bool,
        observed_on: date,
        definition: str | None = None,
        window_from: date | None = None,
        horizon_months: int | None = None,
    ) -> Json:
        """Tell what became of a loan, by which definition of default, watched for how many months from which day."""
        value = {"enterprise": enterprise, "defaulted": defaulted, "observed_on": observed_on.isoformat()}
        more = given(definition=definition, window_from=iso(window_from), horizon_months=horizon_months)
        return self._post(Json, "/v1/outcomes", {**value, **more})
