"""A model at work: values in; points, grade, PD and exact reasons out. Needs numpy, never xgboost or shap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from chassis.core.errors import NotFound
from services.scoring.domain import scale
from services.scoring.domain.assessment import Legend
from services.scoring.domain.errors import FeaturesDoNotFit
from services.scoring.domain.reasons import principal
from services.scoring.ml import artefact as artefacts
from services.scoring.ml.calibration import Calibration
from services.scoring.ml.encoding import Encoding
from services.scoring.ml.reasons import Explainer
from services.scoring.ml.trees import forest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """One score. `points` follows the scorer's features; `reasons` are positions in it; `score_exact` = base + sum."""

    score: int
    score_exact: float
    grade: str
    pd: float
    pd_low: float
    pd_high: float
    base_points: float
    points: list[float]
    reasons: list[int]


@dataclass(frozen=True, slots=True)
class ScoredMany:
    """Many scores as columns: each array (rows,), `points` (rows, features)."""

    score: NDArray[np.int64]
    score_exact: Numbers
    grade: NDArray[np.str_]
    pd: Numbers
    pd_low: Numbers
    pd_high: Numbers
    base_points: float
    points: Numbers

    def at(self, places: NDArray[np.int64]) -> ScoredMany:
        """Return some of the scores, in this order."""
        columns = ("score", "score_exact", "grade", "pd", "pd_low", "pd_high", "points")
        return replace(self, **{name: getattr(self, name)[places] for name in columns})

    def rows(self) -> Iterator[Scored]:
        """Yield each score by itself, with its principal reasons."""
        columns = (self.score, self.score_exact, self.grade, self.pd, self.pd_low, self.pd_high)
        for (score, exact, grade, pd, low, high), points in zip(
            zip(*(column.tolist() for column in columns), strict=True), self.points, strict=True
        ):
            reasons = principal(points)
            yield Scored(score, exact, grade, pd, low, high, self.base_points, points.tolist(), reasons)


class Scorer:
    """A loaded model. Immutable and safe to share between threads; loading takes milliseconds."""

    def __init__(self, artefact: artefacts.Artefact, sha256: str) -> None:
        self.version = artefact.version
        self.sha256 = sha256
        self.card: dict[str, Any] = artefact.card
        self.reference: dict[str, Any] = artefact.reference
        self.references: list[dict[str, Any]] = artefact.references or [artefact.reference]
        self._artefact = artefact
        # Blocks of figures that are read beside the catalogue's features, and their names: those that it keeps.
        kept: dict[str, list[str]] = artefact.legend.get("blocks", {})
        self.blocks = tuple(sorted(kept))
        self.of_blocks = frozenset(name for block in kept.values() for name in block)
        self._beside: dict[str, Scorer] = {artefact.reference["id"]: self}
        self.baseline: dict[str, Any] = artefact.baseline
        self.legend = Legend.from_json(artefact.legend)
        self.features = tuple(meaning.name for meaning in self.legend.features)
        self.encoding = self._encoding = Encoding.from_json(artefact.encoding)
        self._calibration = Calibration.from_json(artefact.calibration)
        self.forest = forest = forest_of(artefact.booster.encode())
        self._explainer = Explainer(forest, self._encoding.row(artefact.reference["values"]))
        self._owner = self._encoding.owner()
        # Log-odds and points are affine in the margin, so a contribution is only rescaled.
        self._points_per_margin = -scale.POINTS_PER_LOG_ODDS * self._calibration.slope
        self.base_points = float(self._points(np.array([self._explainer.base]))[0])

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Read a model from its folder; `FileNotFoundError` if there is none, `ModelUnreadable` if it is damaged."""
        return cls(*artefacts.read(folder))

    def against(self, reference: str) -> Scorer:
        """Return this model with its reasons against another of its `references`, by id; made once, in milliseconds.

        Scores, grades and PDs stay; base points and contributions move together. Raises `NotFound`.
        """
        if reference not in self._beside:
            chosen = next((one for one in self.references if one["id"] == reference), None)
            if chosen is None:
                names = ", ".join(one["id"] for one in self.references)
                raise NotFound(f"model {self.version} has no reference {reference!r}; it has {names}")
            legend = artefacts.legend_against(self._artefact.legend, chosen)
            self._beside[reference] = Scorer(replace(self._artefact, legend=legend, reference=chosen), self.sha256)
        return self._beside[reference]

    def score(self, values: Sequence[Any], *, depth: str | None = None) -> Scored:
        """Score one row of values in the order of `features`; None or NaN is missing.

        `depth` is the file's data depth, A to E: the thinner, the wider the interval. Raises `FeaturesDoNotFit` for a
        value that is no number, `ReasonsDoNotAddUp` if base and contributions miss the score by more than 1e-6 points.
        """
        return self.score_few([values], depths=[depth])[0]

    def score_few(self, rows: Sequence[Sequence[Any]], *, depths: Sequence[str | None]) -> list[Scored]:
        """Score a few rows in one pass over the model, each bit for bit what `score` says of it alone.

        (`score_many` sums in another order.) Raises what `score` would raise for any one of them.
        """
        encoded = self._encoding.few([dict(zip(self.features, row, strict=True)) for row in rows])
        margins, contributions = self._explainer.explain_few(encoded)
        return list(self._scored(margins, self._by_feature(contributions) * self._points_per_margin, depths).rows())

    def score_many(
        self, values: Numbers | pl.DataFrame, *, depths: Sequence[str | None] | None = None, threads: int = 1
    ) -> ScoredMany:
        """Score rows (n, features), or a frame holding the features by name; the reasons of every row are checked."""
        margins, contributions = self._explainer.explain_many(self._rows(values), threads=threads)
        return self._scored(margins, self._by_feature(contributions) * self._points_per_margin, depths)

    def figures_many(self, values: Numbers, *, depths: Sequence[str | None]) -> ScoredMany:
        """Return what `score_many` says of rows (n, features) in figures, bit for bit, without any reasons."""
        margins = self._explainer.margins_many(self._rows(values))
        return self._scored(margins, np.zeros((len(margins), 0)), depths)

    def explain(self, rows: NDArray[np.float32]) -> tuple[Numbers, Numbers]:
        """Return margins (n,) and contributions (n, learner's columns) of encoded rows, in uncalibrated log-odds."""
        return self._explainer.explain_many(rows)

    def _rows(self, values: Numbers | pl.DataFrame) -> NDArray[np.float32]:
        if isinstance(values, np.ndarray) and not self._encoding.plain:
            values = pl.DataFrame(values, schema=list(self.features), orient="row")
        if isinstance(values, pl.DataFrame):
            return self._encoding.rows(values)
        if values.ndim != 2 or values.shape[1] != len(self.features):
            raise FeaturesDoNotFit(f"rows of {len(self.features)} features are needed, found shape {values.shape}")
        # In the order that they lie in: the explainer goes by columns.
        return self._encoding.filled(values.astype(np.float32))

    def _by_feature(self, contributions: Numbers) -> Numbers:
        """Return the contributions of the learner's columns, summed for each source feature."""
        if self._encoding.plain:
            return contributions
        summed = np.zeros((len(contributions), len(self.features)))
        np.add.at(summed.T, self._owner, contributions.T)
        return summed

    def _points(self, margins: Numbers) -> Numbers:
        return scale.points_of(self._calibration.log_odds(margins))

    def _scored(self, margins: Numbers, points: Numbers, depths: Sequence[str | None] | None) -> ScoredMany:
        exact = self._points(margins)
        # The grade is that of the shown score: a client who compares the two never sees them disagree.
        shown = np.rint(exact).astype(np.int64)
        pd = scale.sigmoid(self._calibration.log_odds(margins))
        low, high = self._calibration.interval(margins, depths)
        return ScoredMany(
            score=shown,
            score_exact=exact,
            grade=scale.grades_of(shown),
            pd=scale.floored(pd),
            pd_low=scale.floored(low),
            pd_high=scale.floored(high),
            base_points=self.base_points,
            points=points + 0.0,  # turns -0.0 into 0.0
        )
