"""Plans over many firms: a budget divided, products assigned, each with a proof of how good it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from smecredit.answers import JobStateName, Purpose
from smecredit.client.calls import Calls, Json, OnProgress, iso, segment

PURPOSE: Purpose = "financing-match"
PlanKind = Literal["allocations", "assignments"]


class Plans(Calls):
    """Allocations and assignments of a bank, and the churn curves that they reckon with."""

    def import_churn(self, curves: Sequence[Mapping[str, Any]]) -> Json:
        """Import your bank's churn curves: `[{"grades": [...], "points": [{"rate", "churn"}...]}...]`."""
        return self._post(Json, "/v1/churn-curves", {"curves": list(curves)})

    def allocate(self, order: Mapping[str, Any], *, on_progress: OnProgress | None = None) -> Json:
        """Divide a budget over firms (see `POST /v1/allocations`) and return the plan with its proof."""
        return self._plan("/v1/allocations", order, on_progress)

    def assign(self, order: Mapping[str, Any], *, on_progress: OnProgress | None = None) -> Json:
        """Assign products to many firms at once (see `POST /v1/assignments`)."""
        return self._plan("/v1/assignments", order, on_progress)

    def try_product(self, product: Mapping[str, Any], *, on_progress: OnProgress | None = None, **order: Any) -> Json:
        """Try a product's proposed version on firms: who would gain it and who lose it, and by which rule.

        `order` may name `enterprises`, `need` and `limit` (see `POST /v1/products/{product_id}/dry-runs`).
        """
        place = f"/v1/products/{segment(product['id'])}/dry-runs"
        return self._plan(place, {"product": dict(product), **order}, on_progress)

    def quote(self, order: Mapping[str, Any]) -> Json:
        """Price an advance on an invoice (see `POST /v1/receivable-quotes`)."""
        return self._post(Json, "/v1/receivable-quotes", dict(order), purpose=PURPOSE)

    def churn_curves(self) -> Json:
        """Return your bank's churn curves, fitted."""
        return self._get(Json, "/v1/churn-curves")

    def allocations(self, state: JobStateName | None = None, *, since: date | None = None) -> Iterator[Json]:
        """Return your allocations, newest first, without their results."""
        return self._pages(Json, "/v1/allocations", state=state, since=iso(since))

    def assignments(self, state: JobStateName | None = None, *, since: date | None = None) -> Iterator[Json]:
        """Return your assignments, newest first, without their results."""
        return self._pages(Json, "/v1/assignments", state=state, since=iso(since))

    def dry_runs(self, product: str, state: JobStateName | None = None, *, since: date | None = None) -> Iterator[Json]:
        """Return your dry runs of a product, newest first, without their results."""
        return self._pages(Json, f"/v1/products/{segment(product)}/dry-runs", state=state, since=iso(since))

    def plan(self, kind: PlanKind, plan_id: str) -> Json:
        """Return an allocation or an assignment as far as it is; as far as its firms still consent."""
        return self._get(Json, f"/v1/{kind}/{segment(plan_id)}", purpose=PURPOSE)

    def dry_run(self, product: str, run_id: str) -> Json:
        """Return a dry run as far as it is."""
        return self._get(Json, f"/v1/products/{segment(product)}/dry-runs/{segment(run_id)}", purpose=PURPOSE)

    def _plan(self, path: str, order: Mapping[str, Any], on_progress: OnProgress | None) -> Json:
        ordered = self._post(Json, path, dict(order), purpose=PURPOSE)
        # Reading a finished plan is a read of each firm's file, so that its purpose is named.
        done = self._finished(Json, f"{path}/{segment(ordered['id'])}", on_progress, purpose=PURPOSE)
        result: Json = done["result"]
        return result
