"""Allocations over HTTP: a bank's own curves, a plan with its proof, and firms that may no longer be spoken of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from chassis.data.worker import Worker
from services.matching.context import Context
from services.matching.jobs import handlers

Headers = dict[str, str]
POINTS = [{"rate": 0.04, "churn": 0.0}, {"rate": 0.06, "churn": 0.2}, {"rate": 0.08, "churn": 0.1}]
ORDER = {
    "budget_fen": 100_000_000,
    "least_fen": 10_000_000,
    "most_fen": 80_000_000,
    "rates": {"low": 0.04, "high": 0.15},
    "lgd": 0.5,
    "funding": 0.02,
}


@pytest.fixture
def curves(client: FlaskClient, bank: Headers) -> Any:
    """One curve for the grades of the two scored firms; it falls once, by chance."""
    body = {"curves": [{"grades": ["A", "B"], "points": POINTS}]}
    return client.post("/v1/churn-curves", json=body, headers=bank)


def allocate(client: FlaskClient, headers: Headers, here: Context, **changes: Any) -> Any:
    ordered = client.post("/v1/allocations", json={**ORDER, **changes}, headers={**headers, "Idempotency-Key": "a1"})
    assert ordered.status_code == 202, ordered.json
    Worker(here.database, handlers(here)).run_once()
    return client.get(ordered.headers["Location"], headers=headers).json


def test_curves_are_shown_as_they_came_and_as_they_count(client: FlaskClient, bank: Headers, curves: Any) -> None:
    """The fall is levelled out; the best rate before costs is told."""
    assert curves.status_code == 201
    (curve,) = client.get("/v1/churn-curves", headers=bank).json["curves"]
    assert [point["churn"] for point in curve["points"]] == [0.0, 0.2, 0.1]
    assert [point["fitted"] for point in curve["points"]] == pytest.approx([0.0, 0.15, 0.15])
    assert curve["best_rate"] == 0.08


@pytest.mark.usefixtures("curves")
def test_a_plan_spends_the_budget_where_it_earns_and_proves_it(
    client: FlaskClient, bank: Headers, here: Context
) -> None:
    """By hand: 8 % · 0.85 − 2 % − PD · 0.5 earns 4.5 % with E1 and 2.3 % with E2; E3 has no score."""
    found = allocate(client, bank, here)
    assert found["state"] == "done", found["problem"]
    result = found["result"]
    assert [(line["enterprise"], line["amount_fen"], line["rate"]) for line in result["lines"]] == [
        ("local:E1", 80_000_000, 0.08),
        ("local:E2", 20_000_000, 0.08),
    ]
    assert result["objective_fen"] == 80_000_000 * 45 // 1000 + 20_000_000 * 23 // 1000
    assert (result["status"], result["gap_fen"], result["certificate"]["holds"]) == ("optimal", 0, True)
    assert [(firm["enterprise"], firm["reason"]) for firm in result["excluded"]] == [("local:E3", "no-score")]
    by_sector = {group["key"]: group["offered_fen"] for group in result["groups"] if group["by"] == "sector"}
    assert by_sector == {"C": 80_000_000, "F": 20_000_000}


@pytest.mark.usefixtures("curves")
def test_fairness_has_a_price_that_is_told(client: FlaskClient, bank: Headers, here: Context) -> None:
    """Half of the budget for micro firms moves 30 million from 4.5 % to 2.3 %."""
    floors = [{"name": "micro", "of": {"size_class": "micro"}, "share": 0.5}]
    result = allocate(client, bank, here, floors=floors)["result"]
    assert [line["amount_fen"] for line in result["lines"]] == [50_000_000, 50_000_000]
    assert result["fairness"]["price_fen"] == 30_000_000 * 22 // 1000
    (floor,) = result["conditions"]
    assert (floor["kind"], floor["used_fen"], floor["price"]) == ("floor", 50_000_000, pytest.approx(0.022))


@pytest.mark.usefixtures("curves")
def test_a_floor_out_of_reach_is_proved_and_the_least_relaxation_named(
    client: FlaskClient, bank: Headers, here: Context
) -> None:
    """The one micro firm bears 80 million; 90 were asked for."""
    floors = [{"name": "micro", "of": {"enterprises": ["E2"]}, "fen": 90_000_000}]
    result = allocate(client, bank, here, floors=floors)["result"]
    assert result["status"] == "floors-lowered"
    impossible = result["impossible"]
    assert (impossible["proof"], impossible["short_at_least_fen"]) == ("prices", 10_000_000)
    assert impossible["lower"][0]["to_fen"] == 80_000_000
    assert result["lines"][1]["amount_fen"] == 80_000_000


@pytest.mark.usefixtures("curves")
def test_a_limit_may_be_called_as_a_sectors_and_has_its_own_price(
    client: FlaskClient, bank: Headers, here: Context
) -> None:
    """`sector C` is the bank's own; that of the share is told apart, and the gap stays closed."""
    limits = [{"name": "sector C", "of": {"enterprises": ["E2"]}, "fen": 15_000_000}]
    result = allocate(client, bank, here, limits=limits, sector_share=0.3)["result"]
    assert {line["name"]: line["used_fen"] for line in result["conditions"]} == {
        "sector C": 15_000_000,
        "sector:C": 30_000_000,
        "sector:F": 15_000_000,
    }
    assert (result["status"], result["gap_fen"]) == ("optimal", 0)


@pytest.mark.usefixtures("curves")
def test_an_own_bound_above_everybodys_is_told_with_the_line(client: FlaskClient, bank: Headers, here: Context) -> None:
    """The order's most counts; whose own one lies below it is not told of."""
    bounds = [{"enterprise": "E1", "most_fen": 90_000_000}, {"enterprise": "E2", "most_fen": 15_000_000}]
    lines = allocate(client, bank, here, bounds=bounds)["result"]["lines"]
    assert [(line["most_fen"], line["own_most_fen"]) for line in lines] == [
        (80_000_000, 90_000_000),
        (15_000_000, None),
    ]


@pytest.mark.usefixtures("curves")
def test_a_budget_of_drawings_offers_more_than_it_holds(client: FlaskClient, bank: Headers, here: Context) -> None:
    """By hand: at 8 % 85 of 100 are drawn, so 80 million count 68 and leave 32 for E2, which are 37.647 offered."""
    result = allocate(client, bank, here, paid="drawn-budget", least_fen=1_000_000)["result"]
    assert [(line["amount_fen"], line["rate"], line["drawn"]) for line in result["lines"]] == [
        (80_000_000, 0.08, 0.85),
        (37_647_058, 0.08, 0.85),
    ]
    assert (result["offered_fen"], result["expected_drawn_fen"]) == (117_647_058, 99_999_999)
    # (8 % - 2 % - PD · 0.5) · 85 % of each amount.
    assert result["objective_fen"] == int(80_000_000 * 0.04845 + 37_647_058 * 0.02975)
    assert (result["status"], result["certificate"]["holds"]) == ("optimal", True)


@pytest.mark.usefixtures("curves")
def test_a_shock_shows_the_plan_held_and_the_plan_made_anew(client: FlaskClient, bank: Headers, here: Context) -> None:
    """A twentyfold PD in manufacturing takes the money to trade."""
    stress = [{"name": "manufacturing", "shocks": [{"of": {"industry": "C"}, "factor": 20}]}]
    (scenario,) = allocate(client, bank, here, stress=stress)["result"]["stress"]
    assert scenario["held"]["objective_fen"] == -80_000_000 * 12 // 1000 + 20_000_000 * 23 // 1000
    assert scenario["anew"]["objective_fen"] == 80_000_000 * 23 // 1000
    assert [(line["enterprise"], line["anew_fen"]) for line in scenario["lines"]] == [
        ("local:E1", 0),
        ("local:E2", 80_000_000),
    ]


@pytest.mark.usefixtures("curves")
def test_a_consent_revoked_afterwards_withholds_the_firm(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """Its line holds the problem and nothing else; the lines of the others stay as they were made."""
    place = f"/v1/allocations/{allocate(client, bank, here)['id']}"
    neighbours.withheld.add("local:E1")
    result = client.get(place, headers=bank).json["result"]
    lines = {line["enterprise"]: line for line in result["lines"]}
    assert set(lines["local:E1"]) == {"enterprise", "problem"}
    assert lines["local:E2"]["amount_fen"] == 20_000_000


def test_without_curves_the_order_is_refused_with_the_way_forward(client: FlaskClient, bank: Headers) -> None:
    """Nobody's churn is guessed."""
    answer = client.post("/v1/allocations", json=ORDER, headers=bank)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/churn-curves-missing")
    assert "POST /v1/churn-curves" in answer.json["detail"]


@pytest.mark.usefixtures("curves")
def test_another_banks_plan_does_not_exist(
    client: FlaskClient, bank: Headers, here: Context, tokens: Callable[..., Headers]
) -> None:
    """Neither read nor listed."""
    found = allocate(client, bank, here)
    rival = tokens(client="bank-2", scopes="matches:read")
    assert client.get(f"/v1/allocations/{found['id']}", headers=rival).status_code == 404
    assert client.get("/v1/allocations", headers=rival).json == {"items": [], "next": None}
    assert [item["id"] for item in client.get("/v1/allocations", headers=bank).json["items"]] == [found["id"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"floors": [{"name": "x", "of": {}, "share": 0.1}]},
        {"floors": [{"name": "x", "of": {"region": "33"}}]},
        {"least_fen": 90_000_000},
        {"rates": {"low": 0.15, "high": 0.04}},
        {"limits": [{"name": "x", "of": {"region": r}, "fen": 1} for r in ("33", "11")]},
    ],
)
@pytest.mark.usefixtures("curves")
def test_an_order_that_contradicts_itself_is_refused(
    client: FlaskClient, bank: Headers, changes: dict[str, Any]
) -> None:
    """At once, not in the job."""
    answer = client.post("/v1/allocations", json={**ORDER, **changes}, headers={**bank, "Idempotency-Key": "bad"})
    assert answer.status_code == 422
