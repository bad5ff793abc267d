"""Models: trained, approved, watched, and measured on firms whose outcome is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from smecredit.answers import Evaluation, Model
from smecredit.client.calls import Calls, Json, OnProgress, given, iso, moments, segment


class Models(Calls):
    """Model versions and evaluations; who trained a model does not approve it."""

    def train(
        self, *, promote: bool = False, as_of: date | None = None, seed: int | None = None, **declared: Any
    ) -> Model:
        """Order a new model from all firms with outcomes: see `wait_model`.

        `declared` says what its PDs mean, `definition` of default and `horizon_months`, and their level:
        `central_tendency` as a rate, `margin_of_conservatism` and `through_the_cycle_shift` in log-odds; and `ratings`,
        your own grades (`grades`, the best first, and `given`: enterprise, grade, rated_on), to stand beside the model.
        `blocks` are figures to be tried beside the features (`graph`: firms' ties, where their consent to training has
        that field); the card's `blocks` tell which were kept, with the gain on held-out firms.
        """
        value = {"promote": promote, **moments(as_of), **given(seed=seed, **declared)}
        return self._post(Model, "/v1/models", value, purpose="model-training")

    def wait_model(self, version: str, on_progress: OnProgress | None = None) -> Model:
        """Wait until a model is trained and return it; raise `Problem` where training failed."""
        return self._finished(Model, f"/v1/models/{segment(version)}", on_progress)

    def model(self, version: str) -> Model:
        """Return a model version with its card."""
        return self._get(Model, f"/v1/models/{segment(version)}")

    def validation(self, version: str, *, language: str = "zh") -> bytes:
        """Return a model's validation document, a page of HTML, in `zh` or `en`."""
        path = f"/v1/models/{segment(version)}/validation?lang={segment(language)}"
        return self._wire.call("GET", path).body

    def models(self) -> Iterator[Model]:
        """Return all model versions."""
        return self._pages(Model, "/v1/models")

    def approve(self, version: str, *, note: str | None = None, exception: str | None = None) -> Model:
        """Approve a model that somebody else trained; one ordered with `promote` then serves.

        One that failed its gate needs `exception`, the reason that every score of it will tell.
        """
        said = {"note": note, **given(exception=exception)}
        return self._post(Model, f"/v1/models/{segment(version)}/approve", said)

    def roll_back(self, version: str, *, note: str | None = None) -> Model:
        """Take the serving model out of service; return the one that served before and serves again."""
        return self._post(Model, f"/v1/models/{segment(version)}/rollback", {"note": note})

    def promote(self, version: str) -> Model:
        """Let an approved model serve from now on."""
        return self._post(Model, f"/v1/models/{segment(version)}/promote", {})

    def drift(self, model: str | None = None, *, since: date | None = None, until: date | None = None) -> Json:
        """Return how a model fares (None: the serving one): population, back-test, vintages, migrations, overrides."""
        return self._get(Json, "/v1/drift", model=model, since=iso(since), until=iso(until))

    def evaluate_book(
        self,
        *,
        folds: int,
        repeats: int,
        as_of: date | None = None,
        on_progress: OnProgress | None = None,
        **declared: Any,
    ) -> Json:
        """Evaluate the pipeline on the suite's own firms with outcomes.

        `declared` says what the labels mean: `definition`, `horizon_months`, `label_date`.
        """
        value = {"folds": folds, "repeats": repeats, **moments(as_of), **_said(declared)}
        order = self._post(Evaluation, "/v1/evaluations", value, purpose="model-training")
        return self._evaluated(order, on_progress)

    def evaluate_table(  # noqa: PLR0913 -- the knobs of an evaluation, all but the table by name
        self,
        table: Path,
        *,
        label: str,
        drop: Sequence[str] = (),
        holdout: Path | None = None,
        folds: int = 5,
        repeats: int = 10,
        time: str | None = None,
        cut: str | None = None,
        rating: str | None = None,
        grades: Sequence[str] = (),
        on_progress: OnProgress | None = None,
        **declared: Any,
    ) -> Json:
        """Evaluate the pipeline on a table of your own (CSV or Parquet).

        With `time`, a column, and `cut`, a day of it, later rows are judged only: they stand as the holdout. `declared`
        says what the labels mean: `definition`, `horizon_months`, `label_date`; what is not given is told.
        `rating` is a column of your own `grades`, the best first: it stands beside the model and teaches nothing.
        """
        files = {"table": table, "holdout": holdout}
        parts: list[tuple[str, Any]] = [
            (name, (file.name, file.read_bytes(), "application/octet-stream")) for name, file in files.items() if file
        ]
        parts += [("label", label), ("folds", str(folds)), ("repeats", str(repeats))]
        parts += [("drop", column) for column in drop]
        parts += [*given(time=time, cut=cut, rating=rating).items()]
        parts += [("grades", grade) for grade in grades]
        parts += [(name, str(each)) for name, each in _said(declared).items()]
        body, content_type = encode_multipart_formdata(parts)
        answer = self._wire.call("POST", "/v1/evaluations", body=body, headers={"Content-Type": content_type})
        return self._evaluated(answer.json(), on_progress)

    def _evaluated(self, order: Evaluation, on_progress: OnProgress | None) -> Json:
        """Wait until an evaluation is done and return its result."""
        done = self._finished(Evaluation, f"/v1/evaluations/{segment(order['id'])}", on_progress)
        return done["result"] or {}


def _said(declared: dict[str, Any]) -> dict[str, Any]:
    """Return what is declared of labels, days as they are written."""
    return {name: str(each) if isinstance(each, date) else each for name, each in given(**declared).items()}
