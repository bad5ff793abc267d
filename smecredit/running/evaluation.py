"""Measures the pipeline on a suite of its own, in a temporary home that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smecredit.report import Reporter
from smecredit.running import home as homes
from smecredit.running import journey
from smecredit.running.folder import sources
from smecredit.running.ports import free_port
from smecredit.running.suite import Suite


@dataclass(frozen=True, slots=True)
class Folds:
    """Repeated stratified cross-validation: folds and repeats; the column and day that a table is cut at."""

    folds: int
    repeats: int
    time: str | None = None
    cut: str | None = None
    # What the labels mean: definition, horizon_months, label_date.
    declared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Beside:
    """A table's column of the bank's own grades, and these, the best first."""

    rating: str | None
    grades: Sequence[str]


def of_folder(data: Path, holdout: Path | None, plan: Folds, report: Reporter) -> dict[str, Any]:
    """Evaluate on a folder of invoices and outcomes; with a holdout, also score the firms of that folder."""
    if holdout is None:
        with _clients(report) as clients:
            _load(clients, data, report)
            with report.stage("evaluate") as on_progress:
                return clients.of(journey.GRANTEE).evaluate_book(
                    folds=plan.folds, repeats=plan.repeats, on_progress=on_progress, **plan.declared
                )
    with tempfile.TemporaryDirectory(prefix="smecredit-") as folder:
        table = _features(data, Path(folder) / "data.parquet", report)
        other = _features(holdout, Path(folder) / "holdout.parquet", report)
        return of_table(table, LABEL, NO_FEATURES, other, plan, report)


# What a feature set holds beside features.
LABEL = "defaulted"
NO_FEATURES = ("enterprise", "depth", "features_sha256", "industry", "region", "size_class", "observed_on")


def of_table(
    table: Path,
    label: str,
    drop: Sequence[str],
    holdout: Path | None,
    plan: Folds,
    report: Reporter,
    beside: Beside | None = None,
) -> dict[str, Any]:
    """Evaluate on a table of the user's own."""
    with _clients(report) as clients, report.stage("evaluate") as on_progress:
        return clients.of(journey.GRANTEE).evaluate_table(
            table,
            label=label,
            drop=drop,
            holdout=holdout,
            folds=plan.folds,
            repeats=plan.repeats,
            time=plan.time,
            cut=plan.cut,
            rating=None if beside is None else beside.rating,
            grades=() if beside is None else beside.grades,
            on_progress=on_progress,
            **plan.declared,
        )


def _features(data: Path, target: Path, report: Reporter) -> Path:
    """Download the features and outcomes of a folder's firms."""
    with _clients(report) as clients:
        _load(clients, data, report)
        with report.stage("features"):
            target.write_bytes(clients.of(journey.GRANTEE).feature_set(outcomes=True).body)
    return target


def _load(clients: journey.Clients, data: Path, report: Reporter) -> None:
    """Import a folder and have its firms consent."""
    journey.import_all(clients, sources(data), report)
    journey.date_book(clients)
    journey.consent_all(clients, report)


@contextmanager
def loaded(data: Path, report: Reporter) -> Iterator[Path]:
    """Run a suite of its own with a folder loaded, and give the home that holds its book."""
    with _suite(report) as suite:
        _load(journey.Clients(suite.url, homes.keys(suite.home)), data, report)
        yield suite.home


@contextmanager
def _clients(report: Reporter) -> Iterator[journey.Clients]:
    """Run a suite of its own, and give its clients."""
    with _suite(report) as suite:
        yield journey.Clients(suite.url, homes.keys(suite.home))


@contextmanager
def _suite(report: Reporter) -> Iterator[Suite]:
    """Run a suite in a temporary home on free ports."""
    with (
        tempfile.TemporaryDirectory(prefix="smecredit-", ignore_cleanup_errors=True) as folder,
        Suite(Path(folder), free_port(), report.say) as suite,
    ):
        yield suite
