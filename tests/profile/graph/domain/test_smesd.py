"""How SMEsD is measured: on splits that hold other things than `train`, and by folds that cut no tie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks import graph_smesd, smesd
from benchmarks.smesd_folds import by_cluster, clusters, gain

FIRMS, LATER = 60, 14
PERSON = smesd.PERSONS_FROM


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a small `train`, and a later split with one sort of tie, no lawsuits, no industry and a capital untold."""
    random = np.random.default_rng(7)
    firms = [*range(FIRMS), *range(FIRMS - 2, FIRMS + LATER)]
    split = ["train"] * FIRMS + ["later"] * (LATER + 2)
    capital = [None if firm == FIRMS + 1 else float(random.integers(1, 900)) for firm in firms]
    failed = [int(random.random() < 0.5) if firm < FIRMS else firm % 2 for firm in firms]
    tables = {
        "firms": {
            "split": split,
            "firm": firms,
            "registered_capital": capital,
            "paid_in_capital": capital,
            "bankrupt": failed,
        },
        "edges": {
            "split": split,
            "source": [PERSON + firm // 3 for firm in firms],
            "target": firms,
            "type": ["invest_CP" if firm % 2 and firm < FIRMS else "execute" for firm in firms],
            "weight": [1.0] * len(firms),
        },
        "lawsuits": {
            "split": ["train"] * 20,
            "firm": list(range(20)),
            "cause": [0] * 20,
            "court": [0] * 20,
            "result": [3] * 20,
        },
        "industries": {"split": ["train"], "kind": ["industry"], "industry": ["批发业"], "firm": [0]},
    }
    for name, columns in tables.items():
        (tmp_path / f"{name}.csv.gz").write_bytes(pl.DataFrame(columns).write_csv().encode())
    monkeypatch.setattr(smesd, "FOLDER", tmp_path)
    for name, value in (("ROUNDS", 4), ("SEEDS", 1)):
        monkeypatch.setattr(graph_smesd, name, value)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_later_split_without_lawsuits_and_most_sorts_of_ties_is_measured() -> None:
    """What a split lacks is told as nothing or unknown; all three sets of features are scored."""
    found = graph_smesd.auc("later")
    assert list(found) == ["own", "graph", "both"]
    assert all(0 <= each <= 1 for each in found.values())


@pytest.mark.usefixtures("folder")
def test_a_firm_of_the_tested_split_teaches_nothing() -> None:
    """Two firms are in both splits: they are tested and taken out of training."""
    taught, tested = graph_smesd.apart("later")
    assert (len(taught.failed), len(tested.failed)) == (FIRMS - 2, LATER + 2)
    assert not set(taught.frame["firm"]) & set(tested.frame["firm"])


@pytest.mark.usefixtures("folder")
def test_no_reason_goes_against_its_direction() -> None:
    """The explainer's parts are of the declared sign and add up to each margin."""
    taught, tested = graph_smesd.apart("later")
    told = graph_smesd.reasons(taught, tested, list(graph_smesd.offered(["offices"])["both"]))
    assert ", 0 of " in told


@pytest.mark.usefixtures("folder")
def test_folds_by_cluster_cut_no_tie() -> None:
    """Every firm is held out once, and none of its ties leads to a firm that teaches."""
    year = smesd.year(smesd.tables("train"))
    at = dict(zip(year.frame["firm"], clusters(year), strict=True))
    held = by_cluster(year, 0)
    assert sorted(firm for fold in held for firm in fold.held.frame["firm"]) == list(range(FIRMS))
    for fold in held:
        assert not {at[firm] for firm in fold.held.frame["firm"]} & {at[firm] for firm in fold.taught.frame["firm"]}


def test_the_error_of_a_gain_counts_that_folds_share_their_teachers() -> None:
    """Four differences of spread 1 have an error of √(1/4 + 1/4), not of √(1/4)."""
    mean, error = gain([1.0, 3.0, 1.0, 3.0], [1.0, 1.0, 1.0, 1.0])
    assert mean == 1.0
    assert error == pytest.approx(np.std([0, 2, 0, 2], ddof=1) * np.sqrt(0.5))
