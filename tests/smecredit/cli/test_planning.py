"""The commands of a bank that plans, against a suite that answers as the contract says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from smecredit.cli.planning import allocate_command, churn_command
from tests.answering import answering

PLAN: dict[str, Any] = {
    "status": "floors-lowered",
    "objective_fen": 5_460_000_00,
    "bound_fen": 5_460_001_00,
    "offered_fen": 100_000_000_00,
    "firms": 1,
    "expected_loss_fen": 1_00,
    "impossible": {"lower": [{"floor": "micro", "fen": 300_00, "by_fen": 100_00, "to_fen": 200_00}]},
    "fairness": {"price_fen": 66_000_00, "price_share": 0.0121},
    "groups": [{"by": "sector", "key": "C", "firms": 1, "offered_fen": 100_000_000_00}],
    "stress": [{"name": "C x2", "held": {"objective_fen": 1_00}, "anew": {"objective_fen": 2_00}, "lines": [{}]}],
    "lines": [
        {"enterprise": "local:E1", "grade": "A", "pd": 0.01, "amount_fen": 100_000_000_00, "rate": 0.0465},
        {"enterprise": "local:E2", "problem": {"type": "/problems/consent-required"}},
    ],
}


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    """A suite that accepts plans and curves; yields its address and what it was sent."""
    sent: list[tuple[str, Any]] = []

    def answer(method: str, path: str, body: bytes | None) -> Any:
        if method == "GET":
            progress = {"done": 1, "total": 1}
            return {"id": "pln_1", "state": "done", "progress": progress, "problem": None, "result": PLAN}
        sent.append((path, json.loads(body or b"null")))
        curves = [{"grades": ["A"], "points": [], "best_rate": 0.0465}]
        return {"id": "pln_1", "state": "queued", "curves": curves}

    with answering(monkeypatch, answer):
        yield sent


def test_allocate_sends_the_order_and_shows_the_plan_with_its_bound(suite: list[tuple[str, Any]]) -> None:
    """Amounts in 亿 and 万, a floor, a stress; the answer names what had to give way."""
    done = CliRunner().invoke(
        allocate_command, ["--budget", "1亿", "--most", "100万", "--floor", "micro=0.2", "--stress", "C=2"]
    )
    assert done.exit_code == 0, done.output
    ((path, order),) = suite
    assert path == "/v1/allocations"
    assert (order["budget_fen"], order["least_fen"], order["most_fen"]) == (10**10, 10**7, 10**8)
    assert order["floors"] == [{"name": "micro", "of": {"size_class": "micro"}, "share": 0.2}]
    assert order["stress"][0]["shocks"] == [{"of": {"industry": "C"}, "factor": 2.0}]
    for word in ("¥5,460,000", "¥5,460,001", "¥200 can", "1.21%", "local:E1", "4.65%"):
        assert word in done.output
    assert "local:E2" not in done.output


@pytest.mark.parametrize(
    "totals", [(), ("status", "objective_fen", "bound_fen", "offered_fen", "firms", "expected_loss_fen")]
)
def test_a_plan_without_its_figures_is_shown_with_the_reason(
    suite: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch, totals: tuple[str, ...]
) -> None:
    """After a consent has ended, the lines of the others are left; of many, the totals of all too."""
    left = {name: PLAN[name] for name in (*totals, "lines")}
    why = {"type": "/problems/consent-required", "detail": "Order a new plan.", "withheld": 1}
    monkeypatch.setattr(f"{__name__}.PLAN", {**left, "withheld": why})
    done = CliRunner().invoke(allocate_command, ["--budget", "1亿"])
    assert done.exit_code == 0, done.output
    assert "Order a new plan." in done.output
    assert "local:E1" in done.output
    assert ("¥5,460,001" in done.output) == bool(totals)


def test_churn_reads_a_table_of_curves(suite: list[tuple[str, Any]], tmp_path: Path) -> None:
    """A column's head names its grades."""
    file = tmp_path / "churn.csv"
    file.write_text("rate,AAA AA,B\n0.04,0,0.1\n0.05,0.2,0.3\n", encoding="utf-8-sig")
    done = CliRunner().invoke(churn_command, [str(file)])
    assert done.exit_code == 0, done.output
    ((path, body),) = suite
    assert path == "/v1/churn-curves"
    assert [curve["grades"] for curve in body["curves"]] == [["AAA", "AA"], ["B"]]
    assert body["curves"][1]["points"] == [{"rate": 0.04, "churn": 0.1}, {"rate": 0.05, "churn": 0.3}]


def test_a_floor_without_a_number_is_wrong_use() -> None:
    """Told before any call."""
    done = CliRunner().invoke(allocate_command, ["--budget", "1亿", "--floor", "micro"])
    assert done.exit_code == 2
    assert "micro=0.2" in done.output
