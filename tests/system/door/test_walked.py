"""A way up, walked: its plan is imported as invoices, and the firm scores what was certified."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import polars as pl
import pytest
from town import Town, firms

from services.profile.book.domain.invoice import as_known
from services.profile.book.lake import lakes
from services.profile.portrait.domain.continuation import Plan, planned
from services.profile.portrait.domain.pattern import Step
from services.scoring.domain.scale import MASTER_SCALE

BANK = "bank with consent"
WALKS = 3
PATIENCE_SECONDS = 60
COLUMNS = ("enterprise", "number", "counterparty", "date", "net_fen", "tax_fen", "total_fen", "status", "synthetic")


def ways(town: Town) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return some stored scores of firms whose owners have not come, each with a way to its next grade."""
    found = []
    for firm in firms(town):
        made = town.ask(BANK, "POST", "/v1/scores", {"enterprise": firm})
        if firm in town.came or made.status != 201:
            continue
        better = [step.name for step in MASTER_SCALE if step.from_points > made.json["score"]]
        if better and not made.json["overlay"]:
            way = town.ask(BANK, "POST", f"/v1/scores/{made.json['id']}/recourse", {"target": {"grade": better[-1]}})
            assert way.status == 200, way.data
            if way.json["reachable"]:
                found.append((made.json, way.json))
        if len(found) == WALKS:
            return found
    raise AssertionError("too few firms can reach their next grade")


def written(town: Town, score: dict[str, Any], way: dict[str, Any]) -> pl.DataFrame:
    """Return the invoices of a plan, from what the lake holds of the firm."""
    lake = lakes(str(town.folder / "lake"))["invoices"]
    as_of = date.fromisoformat(score["as_of"])
    rows = as_known(lake.read(lake.newest(), [score["enterprise"]], without=()), as_of=as_of)
    plan = Plan(Step[way["plan"]["step"].upper().replace("-", "_")], way["plan"]["share_of_pace"])
    number = pl.format("WALK-{}", pl.int_range(pl.len()))
    return planned(rows, as_of, [plan]).with_columns(number=number, synthetic=pl.lit(value=True))


def send(town: Town, rows: pl.DataFrame, side: str) -> None:
    body = rows.filter(direction=side).select(COLUMNS).write_csv().encode()
    headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": f"{side}-{rows.item(0, 'enterprise')}"}
    sent = town.send("data source", "POST", f"/v1/imports?kind=invoices.{side}&filename=f.csv", body, headers).json
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (done := town.ask("data source", "GET", f"/v1/imports/{sent['id']}").json)["state"] != "done":
        assert time.monotonic() < deadline, done
        time.sleep(0.1)
    assert done["accepted"] == rows.filter(direction=side).height, done


@pytest.fixture(scope="module")
def walked(town: Town) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each way with the score that its invoices gave."""
    found = []
    for score, way in ways(town):
        rows = written(town, score, way)
        for side in rows["direction"].unique():
            send(town, rows, side)
        order = {"enterprise": score["enterprise"], "as_of": way["path"][-1]["as_of"]}
        found.append((way, town.ask(BANK, "POST", "/v1/scores", order).json))
    return found


def test_a_plan_that_is_carried_out_gives_the_certified_score(walked: list[tuple[Any, Any]]) -> None:
    """Through the import, the lake, the features and the model that serves."""
    assert [(made["score"], made["grade"]) for _, made in walked] == [
        (way["certified"]["score"], way["certified"]["grade"]) for way, _ in walked
    ]


def test_and_reaches_the_target(walked: list[tuple[Any, Any]]) -> None:
    assert all(made["score"] >= way["needed"]["score"] for way, made in walked)
