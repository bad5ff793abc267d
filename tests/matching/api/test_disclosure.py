"""Plans and dry runs after a revocation: no figure is left that tells of the firm, alone or by subtraction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from bank_products import ALLOCATION, CURVES, a_product
from flask.testing import FlaskClient

from chassis.data.worker import Worker
from services.matching.context import Context
from services.matching.jobs import handlers

Headers = dict[str, str]
LIMITED = {
    **ALLOCATION,
    "limits": [{"name": "first", "of": {"enterprises": ["local:E01"]}, "share": 0.5}],
    "stress": [{"name": "all", "shocks": [{"of": {"industry": "C"}, "factor": 20}]}],
}
TOTALS = {
    "allocations": {"objective_fen", "bound_fen", "gap_fen", "offered_fen", "firms", "expected_loss_fen"},
    "assignments": {"assigned", "blocking_pairs", "overtaking_pairs"},
    "dry-runs": {"enterprises", "before", "after", "gained", "lost"},
}
PARTS = {
    "allocations": {"groups", "conditions", "certificate", "stress"},
    "assignments": {"products", "violations"},
    "dry-runs": {"rules"},
}
KINDS = tuple(TOTALS)


def names(count: int) -> list[str]:
    return [f"local:E{number:02}" for number in range(1, count + 1)]


@dataclass(frozen=True)
class Desk:
    """A bank that plans over a book of alike firms, of which every second has a long history."""

    client: FlaskClient
    bank: Headers
    here: Context
    neighbours: Any

    def fill(self, count: int) -> None:
        """Let the other services hold so many firms."""
        firms = names(count)
        many = {"enterprise": firms, "history_months": [40.0 if number % 2 else 8.0 for number in range(count)]}
        first = self.neighbours.features.head(1).drop(*many)
        self.neighbours.features = pl.DataFrame(many).join(first, how="cross")
        scored = self.neighbours.scores.head(1).drop("enterprise")
        self.neighbours.scores = pl.DataFrame({"enterprise": firms}).join(scored, how="cross")

    def made(self, kind: str, enterprises: list[str] | None = None) -> str:
        """Order a plan, let it be made, and return where it is read; it is over all that may be read unless named."""
        path, body = self._order(kind, enterprises)
        answer = self.client.post(path, json=body, headers={**self.bank, "Idempotency-Key": "plan"})
        assert answer.status_code == 202, answer.json
        Worker(self.here.database, handlers(self.here)).run_once()
        return str(answer.headers["Location"])

    def read(self, place: str) -> Any:
        """Read a plan again; return its result."""
        answer = self.client.get(place, headers=self.bank).json
        assert answer["state"] == "done", answer["problem"]
        return answer["result"]

    def _order(self, kind: str, enterprises: list[str] | None) -> tuple[str, dict[str, Any]]:
        if kind == "allocations":
            self.client.post("/v1/churn-curves", json=CURVES, headers={**self.bank, "Idempotency-Key": "curves"})
            return "/v1/allocations", {**LIMITED, "enterprises": enterprises}
        self.client.put("/v1/products/credit", json=rule("history_months >= 12"), headers=self.bank)
        if kind == "dry-runs":
            product = rule("history_months < 12")
            return "/v1/products/credit/dry-runs", {"product": product, "enterprises": enterprises, "limit": 5}
        firms = enterprises or list(self.neighbours.features["enterprise"])
        requests = [{"enterprise": firm, "amount_fen": 20_000_000, "months": 12} for firm in firms]
        return "/v1/assignments", {"requests": requests, "products": [{"product": "credit", "budget_fen": 10**9}]}


def rule(expression: str) -> dict[str, Any]:
    title = {"zh": "规则", "en": "Rule"}
    return a_product(
        rules=[{"id": "own", "expression": expression, "title": title, "source": "policy", "since": "2025-01-01"}]
    )


@pytest.fixture
def desk(client: FlaskClient, bank: Headers, here: Context, neighbours: Any) -> Desk:
    return Desk(client, bank, here, neighbours)


def told_of(result: dict[str, Any]) -> list[str]:
    """Return the firms that a result says more of than that they are withheld."""
    lists = [*result["lines"], *result.get("excluded", [])]
    return sorted(line["enterprise"] for line in lists if "problem" not in line)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("firms", "revoked"), [(1, 1), (2, 1), (25, 1), (25, 12), (12, 11)])
def test_no_total_is_left_where_anybody_is_withheld(desk: Desk, kind: str, firms: int, revoked: int) -> None:
    """The answer says so, how many, and what to do next."""
    desk.fill(firms)
    place = desk.made(kind)
    before = desk.read(place)
    assert TOTALS[kind] | PARTS[kind] <= before.keys()
    assert "withheld" not in before
    gone = names(revoked)
    desk.neighbours.withheld.update(gone)
    result = desk.read(place)
    assert not (TOTALS[kind] | PARTS[kind]) & result.keys()
    assert (result["withheld"]["type"], result["withheld"]["withheld"]) == ("/problems/consent-required", revoked)
    assert "Order a new plan" in result["withheld"]["detail"]
    assert [line["enterprise"] for line in result["lines"] if "problem" in line] == gone
    assert told_of(result) == [firm for firm in told_of(before) if firm not in gone]


@pytest.mark.parametrize("kind", KINDS)
def test_totals_that_closed_do_not_open_again(desk: Desk, kind: str) -> None:
    """Twelve of 25 end their consent one after the other: no two reads together tell what the first one had."""
    desk.fill(25)
    place = desk.made(kind)
    for gone in names(12):
        desk.neighbours.withheld.add(gone)
        assert not (TOTALS[kind] | PARTS[kind]) & desk.read(place).keys()


@pytest.mark.parametrize(("revoked", "was_listed"), [("local:E01", True), ("local:E25", False)])
def test_a_firm_is_withheld_alike_whether_a_dry_run_listed_it_or_not(
    desk: Desk, revoked: str, *, was_listed: bool
) -> None:
    """Five of 25 that change are listed: to be among them tells nothing, and totals close for each of the 25."""
    desk.fill(25)
    place = desk.made("dry-runs")
    listed = told_of(desk.read(place))
    assert (revoked in listed) == was_listed
    desk.neighbours.withheld.add(revoked)
    result = desk.read(place)
    assert not TOTALS["dry-runs"] & result.keys()
    assert told_of(result) == [firm for firm in listed if firm != revoked]
    assert [line["enterprise"] for line in result["lines"] if "problem" in line] == [revoked]


@pytest.mark.parametrize("kind", KINDS)
def test_leave_is_asked_of_every_firm_that_a_plan_was_made_from(desk: Desk, kind: str) -> None:
    """Also of those in no line; a plan is made from one read of each file."""
    desk.fill(12)
    place = desk.made(kind)
    desk.neighbours.asked, made = [], desk.neighbours.reads()
    desk.read(place)
    assert made == [("/v1/score-sets", None)]
    ((path, _, question),) = desk.neighbours.asked
    assert (path, question["what"], question["enterprises"]) == ("/v1/rereads", "stored-match", names(12))


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_whose_order_names_no_day_is_read_again_as_of_the_day_that_it_was_made_for(
    desk: Desk, kind: str
) -> None:
    """A later book has a later day, which the consent may open although it does not open the plan's."""
    desk.fill(3)
    place = desk.made(kind)
    result = desk.read(place)
    assert desk.neighbours.asked[-1][2]["as_of"] == result["as_of"] == "2020-02-21"
    assert desk.client.get(place, headers=desk.bank).json["as_of"] == "2020-02-21"


@pytest.mark.parametrize("kind", KINDS)
def test_a_firm_that_could_not_be_read_for_the_plan_withholds_nothing(desk: Desk, kind: str) -> None:
    """Nothing of it is in any figure, though the order names it."""
    desk.fill(3)
    desk.neighbours.withheld.add("local:E03")
    result = desk.read(desk.made(kind, names(3)))
    assert TOTALS[kind] <= result.keys()
    assert "withheld" not in result


@pytest.mark.parametrize("kind", KINDS)
def test_a_consent_given_anew_shows_everything_again(desk: Desk, kind: str) -> None:
    """What is stored stays as it was made."""
    desk.fill(2)
    place = desk.made(kind)
    before = desk.read(place)
    desk.neighbours.withheld.add("local:E01")
    desk.read(place)
    desk.neighbours.withheld.clear()
    assert desk.read(place) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_named_firm_whose_file_may_not_be_read_has_a_line_with_the_problem(desk: Desk, kind: str) -> None:
    """As in a batch; nothing was made from its file, so that all totals stand. One that nobody knows is told alike."""
    desk.fill(3)
    desk.neighbours.withheld.add("local:E02")
    result = desk.read(desk.made(kind, ["local:E01", "local:E02", "local:E03", "local:E99"]))
    problems = {line["enterprise"]: line["problem"]["type"] for line in result["lines"] if "problem" in line}
    assert problems == dict.fromkeys(("local:E02", "local:E99"), "/problems/consent-required")
    assert TOTALS[kind] | PARTS[kind] <= result.keys()
    assert not {"local:E02", "local:E99"} & set(told_of(result))


def test_a_line_of_a_firm_that_was_never_read_stays_when_another_withdraws(desk: Desk) -> None:
    """Both have their problem; the totals close for the one that was read."""
    desk.fill(3)
    desk.neighbours.withheld.add("local:E02")
    place = desk.made("allocations", ["local:E01", "local:E02", "local:E03"])
    desk.neighbours.withheld.add("local:E03")
    result = desk.read(place)
    assert {line["enterprise"] for line in result["lines"] if "problem" in line} == {"local:E02", "local:E03"}
    assert result["withheld"]["withheld"] == 1
