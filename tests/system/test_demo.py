"""`smecredit demo` end to end: real processes, real files, figures that add up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from demonstrations import Demonstration, demonstrate

REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
WORKBOOK = REAL / "cumcm2020c" / "sample_12_firms.xlsx"


@pytest.fixture(scope="module")
def sandbox(demonstration: Demonstration) -> dict[str, Any]:
    return demonstration.figures


def test_every_row_of_every_file_is_accounted_for(sandbox):
    """received = accepted + duplicate + rejected, per file; the sandbox writes nothing that is rejected."""
    assert [entry["kind"] for entry in sandbox["imports"]] == [
        "enterprises",
        "invoices.purchase",
        "invoices.sale",
        "outcomes",
        "payments",
        "orders",
        "deliveries",
        "tax-filings",
        "public-records",
        "relations",
    ]
    for entry in sandbox["imports"]:
        assert entry["received"] == entry["accepted"] + entry["duplicate"] + entry["rejected"]
        assert entry["rejected"] == 0


def test_every_firm_is_scored_and_matched(sandbox):
    """Each of the sixty firms gets a score, or a reason why not, and likewise a match."""
    assert sandbox["enterprises"] == 60
    assert sandbox["scores"] + sandbox["not_scored"] == 60
    assert sandbox["scores"] >= 55
    assert sandbox["matches"] + sandbox["not_matched"] == 60
    assert sandbox["offers"] + sandbox["refusals"] > 0


def test_the_summary_shows_firms_with_reasons(sandbox):
    """The last thing on the screen is readable: files, firms, totals."""
    assert "invoices.sale.csv.gz" in sandbox["shown"]
    assert "Top reason" in sandbox["shown"]
    assert "60 enterprises; as many demo consents" in sandbox["shown"]


@pytest.mark.skipif("SMECREDIT_LONG" not in os.environ, reason="long: a demonstration more; `make long` runs it")
def test_many_machines_show_the_same_scores(sandbox, tmp_path):
    """PostgreSQL, an object store, Dask and homes apart change not one byte of what the scores say."""
    shown = demonstrate(tmp_path, "--firms", "60", "--cluster")
    assert shown["scores_sha256"] == sandbox["scores_sha256"]
    assert [entry["accepted"] for entry in shown["imports"]] == [entry["accepted"] for entry in sandbox["imports"]]


def test_the_demonstration_as_it_is_ends_with_a_model_that_passed_its_gate(tmp_path):
    """Three hundred firms, as `make demo` shows them: the model serves, and nobody made an exception for it."""
    shown = demonstrate(tmp_path)
    assert (shown["untrained"], shown["exception"]) == (None, None)
    assert shown["scores"] + shown["not_scored"] == shown["enterprises"] == 300
    assert shown["scores"] >= 290
    assert "serves by exception" not in shown["shown"]


@pytest.mark.skipif(not WORKBOOK.exists(), reason=f"the real workbook is absent: {WORKBOOK.name} (SMECREDIT_REAL_DATA)")
def test_a_workbook_too_small_for_a_model_is_still_counted_and_says_so(tmp_path):
    """Twelve real firms, four defaults: three sheets add up, and the summary says why there are no scores."""
    figures = demonstrate(tmp_path, "--data", str(WORKBOOK))
    assert [entry["kind"] for entry in figures["imports"]] == ["enterprises", "invoices.purchase", "invoices.sale"]
    for entry in figures["imports"]:
        assert entry["received"] == entry["accepted"] + entry["duplicate"] + entry["rejected"]
    assert figures["enterprises"] == 12
    assert figures["scores"] + figures["not_scored"] == 12
    assert figures["scores"] > 0 or "too few" in figures["untrained"]
