"""Matches over HTTP: every product answered, with its reasons; a soft check that keeps its trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bank_products import a_product
from flask.testing import FlaskClient

Headers = dict[str, str]
NEED = {"amount_fen": 20_000_000, "months": 12}


@pytest.fixture
def published(client: FlaskClient, bank: Headers) -> None:
    """Two products: one with a grade rule, one that asks for no score."""
    plain = a_product(
        id="plain",
        kind="leasing",
        rules=[
            {
                "id": "history",
                "expression": "history_months >= 6",
                "title": {"zh": "经营记录", "en": "History"},
                "source": "policy",
                "since": "2025-06-01",
            }
        ],
        rate={"funding": 0.03, "lgd": 0.45, "operating": 0.01, "margin": 0.01, "subsidy": 0, "floor": 0.03, "cap": 0.1},
    )
    for product in (a_product(), plain):
        assert client.put(f"/v1/products/{product['id']}", json=product, headers=bank).status_code == 201


def ask(client: FlaskClient, headers: Headers, enterprise: str = "local:E1", key: str = "m1", **order: Any) -> Any:
    need = {**NEED, **order.pop("need", {})}
    body = {"enterprise": enterprise, "need": need, **order}
    return client.post("/v1/matches", json=body, headers={**headers, "Idempotency-Key": key})


def products(answers: list[dict[str, Any]]) -> list[str]:
    return [answer["product"] for answer in answers]


@pytest.mark.usefixtures("published")
def test_every_product_is_answered_cheapest_offer_first(client: FlaskClient, bank: Headers) -> None:
    """Rank follows the all-in yearly rate; what offers are ranked by is told."""
    match = ask(client, bank).json
    assert products(match["offers"]) == ["credit", "plain"]
    rates = [offer["all_in_rate"] for offer in match["offers"]]
    assert rates == sorted(rates)
    assert match["ranking"] == ["all_in_rate", "-approval_probability", "-fit", "product"]
    assert match["score"] == {
        "score": 668,
        "grade": "A",
        "pd": 0.006,
        "depth": "A",
        "model": "m1",
        "features_sha256": "a1",
        "problem": None,
        "with_everything": None,
        "evidence": None,
        "counted": None,
        "overlay": [],
    }


@pytest.mark.usefixtures("published")
def test_a_match_tells_the_expert_rule_that_caps_its_score(client: FlaskClient, bank: Headers, neighbours: Any) -> None:
    """Grade and PD came capped from scoring; the rule is told, the record behind it is the score's to tell."""
    words = {"zh": "词", "en": "words"}
    rule = {"rule": "insolvency", "version": "2026.1", "effect": {"cap": "C"}}
    rule |= dict.fromkeys(("title", "because", "ends", "basis"), words)
    neighbours.overlay["local:E1"] = {"version": "2026.1", "rules": [rule | {"records": [{"id": "rec_1"}]}]}
    (told,) = ask(client, bank).json["score"]["overlay"]
    assert told == {name: value for name, value in rule.items() if name != "basis"}


@pytest.mark.usefixtures("published")
def test_an_offer_names_every_rule_with_found_and_needed(client: FlaskClient, bank: Headers) -> None:
    """The reason for a yes is as plain as for a no."""
    reasons = {line["rule_id"]: line for line in ask(client, bank).json["offers"][0]["reasons"]}
    assert (reasons["months"]["found"], reasons["months"]["needed"]) == (12, 9)
    assert (reasons["turnover"]["found"], reasons["turnover"]["needed"]) == (20_000_000, 270_000_000)
    assert (reasons["terms.months-most"]["found"], reasons["terms.months-most"]["needed"]) == (12, 24)
    assert all(line["passed"] for line in reasons.values())


@pytest.mark.usefixtures("published")
def test_a_refusal_names_rule_found_needed_and_since(client: FlaskClient, bank: Headers) -> None:
    """And lists every other rule that failed."""
    refusal = ask(client, bank, "local:E2").json["refusals"][0]
    assert {key: refusal[key] for key in ("product", "eligible", "rule", "found", "needed", "since")} == {
        "product": "credit",
        "eligible": False,
        "rule": "sales_active_months_12m >= 9",
        "found": 5,
        "needed": 9,
        "since": "2025-01-01",
    }
    assert [line["rule_id"] for line in refusal["failed"]] == ["months", "grade"]


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("need", "rule", "found", "needed"),
    [
        ({"amount_fen": 600_000_000}, "amount_fen <= 500000000", 600_000_000, 500_000_000),
        ({"months": 2}, "months >= 3", 2, 3),
        ({"kind": "leasing"}, 'kind == "credit-line"', "leasing", "credit-line"),
    ],
)
def test_terms_outside_a_products_range_are_a_refusal_too(
    client: FlaskClient, bank: Headers, need: dict[str, Any], rule: str, found: Any, needed: Any
) -> None:
    """With found and needed like any rule."""
    refusals = {refusal["product"]: refusal for refusal in ask(client, bank, need=need).json["refusals"]}
    assert (refusals["credit"]["rule"], refusals["credit"]["found"], refusals["credit"]["needed"]) == (
        rule,
        found,
        needed,
    )


@pytest.mark.usefixtures("published")
def test_without_a_model_products_that_ask_no_score_are_still_offered(
    client: FlaskClient, bank: Headers, neighbours: Any
) -> None:
    """At their cap, since the expected loss is unknown; the others are refused for want of a score."""
    neighbours.serving = False
    match = ask(client, bank).json
    offer, refusal = match["offers"][0], match["refusals"][0]
    assert (offer["product"], offer["rate"], offer["rate_lines"][-1]["line"]) == ("plain", 0.1, "unscored")
    assert (refusal["rule"], refusal["found"]) == ("score available", None)
    assert match["score"]["problem"] == "no-serving-model"
    assert match["score"]["model"] is None


@pytest.mark.usefixtures("published")
def test_unknown_facts_never_pass(client: FlaskClient, bank: Headers) -> None:
    """A firm without sales on record: found is null, and the unknown fact is named."""
    match = ask(client, bank, "local:E3").json
    failed = {line["rule_id"]: line for refusal in match["refusals"] for line in refusal["failed"]}
    assert match["offers"] == []
    assert (failed["months"]["found"], failed["months"]["unknown"]) == (None, ["sales_active_months_12m"])
    assert (failed["turnover"]["found"], failed["turnover"]["unknown"]) == (None, ["sales_12m"])
    assert match["score"]["problem"] == "not-enough-data"


@pytest.mark.usefixtures("published")
def test_a_match_is_read_softly_for_its_one_purpose(client: FlaskClient, bank: Headers, neighbours: Any) -> None:
    """Whatever purpose the request names; with the caller's own token; as of the day that it names."""
    neighbours.asked.clear()
    ask(client, {**bank, "Purpose": "credit-assessment"}, as_of="2019-12-31")
    ((_, headers, order),) = neighbours.asked
    assert (headers["Purpose"], headers["Authorization"]) == ("financing-match", bank["Authorization"])
    assert order["as_of"] == "2019-12-31"


@pytest.mark.usefixtures("published")
def test_a_match_reads_each_file_once(client: FlaskClient, bank: Headers, neighbours: Any) -> None:
    """Scoring alone is asked: it answers with features and scores."""
    ask(client, bank)
    assert neighbours.reads() == [("/v1/score-sets", None)]


@pytest.mark.usefixtures("published")
def test_without_a_model_a_match_reads_each_file_once_too(client: FlaskClient, bank: Headers, neighbours: Any) -> None:
    """Scoring refuses before it reads anything; then profile is asked, for a match."""
    neighbours.serving = False
    ask(client, bank)
    assert neighbours.reads() == [("/v1/score-sets", None), ("/v1/feature-tables", "match")]


@pytest.mark.usefixtures("published")
def test_a_stored_match_asks_leave_each_time(client: FlaskClient, bank: Headers, neighbours: Any) -> None:
    """As itself, as its trace, and when the same request comes again."""
    made = ask(client, bank).json
    neighbours.asked.clear()
    for path in (f"/v1/matches/{made['id']}", f"/v1/matches/{made['id']}/trace"):
        assert client.get(path, headers=bank).status_code == 200
    ask(client, bank)
    assert neighbours.reads() == [("/v1/rereads", "stored-match")] * 3


@pytest.mark.usefixtures("published")
def test_without_consent_there_is_no_match(client: FlaskClient, bank: Headers, neighbours: Any) -> None:
    """The profile's own refusal is passed on."""
    neighbours.withheld.add("local:E1")
    answer = ask(client, bank)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/consent-required")


@pytest.mark.usefixtures("published")
def test_an_unknown_enterprise_is_not_found(client: FlaskClient, bank: Headers) -> None:
    """404 with the way forward."""
    answer = ask(client, bank, "local:E99")
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/enterprise-not-found")


@pytest.mark.usefixtures("published")
def test_the_same_request_twice_is_one_match(client: FlaskClient, bank: Headers) -> None:
    """The key replays it; the same key for another request is refused."""
    first = ask(client, bank)
    assert ask(client, bank).json == first.json
    assert ask(client, bank, "local:E2").status_code == 422


@pytest.mark.usefixtures("published")
def test_a_stored_match_shows_the_same_again_with_its_trace(client: FlaskClient, bank: Headers) -> None:
    """Also after the product has changed."""
    match = ask(client, bank).json
    client.put("/v1/products/credit", json=a_product(months=[24, 36]), headers=bank)
    assert client.get(f"/v1/matches/{match['id']}", headers=bank).json == match
    trace = client.get(f"/v1/matches/{match['id']}/trace", headers=bank).json
    assert trace["products"] == {"credit": 1, "plain": 1}
    assert (trace["model"], trace["catalogue"], trace["facts"]["sales_12m"]) == ("m1", "c1", 900_000_000)


@pytest.mark.usefixtures("published")
def test_a_new_version_counts_from_the_next_match(client: FlaskClient, bank: Headers) -> None:
    """The compiled catalogue is never stale."""
    ask(client, bank)
    client.put("/v1/products/credit", json=a_product(months=[24, 36]), headers=bank)
    assert products(ask(client, bank, key="m2").json["offers"]) == ["plain"]


@pytest.mark.usefixtures("published")
def test_a_revoked_consent_stops_a_stored_match(client: FlaskClient, bank: Headers, neighbours: Any) -> None:
    """Derived data included; the enterprise itself reads on."""
    match = ask(client, bank).json
    neighbours.withheld.add("local:E1")
    answer = client.get(f"/v1/matches/{match['id']}", headers=bank)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/consent-required")


@pytest.mark.usefixtures("published")
def test_a_revoked_consent_stops_the_replay_of_a_match(client: FlaskClient, bank: Headers, neighbours: Any) -> None:
    """An idempotency key kept from better days opens nothing."""
    ask(client, bank)
    neighbours.withheld.add("local:E1")
    answer = ask(client, bank)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/consent-required")


@pytest.mark.usefixtures("published")
def test_a_match_is_seen_by_who_made_it_and_by_the_enterprise(
    client: FlaskClient, bank: Headers, tokens: Callable[..., Headers]
) -> None:
    """For anybody else it does not exist."""
    path = f"/v1/matches/{ask(client, bank).json['id']}"
    own = tokens(role="enterprise", client="firm-1", enterprise="local:E1", scopes="matches:read")
    rival = tokens(role="bank", client="bank-2", scopes="matches:read")
    assert client.get(path, headers=own).status_code == 200
    assert client.get(path, headers=rival).status_code == 404


@pytest.mark.parametrize(
    "need", [{"amount_fen": 0}, {"amount_fen": 1.5}, {"months": -1}, {"kind": "gift"}, {"extra": 1}]
)
def test_an_impossible_need_is_refused(client: FlaskClient, bank: Headers, need: dict[str, Any]) -> None:
    """422, naming the field."""
    answer = ask(client, bank, need=need)
    assert answer.status_code == 422
    assert next(iter(need)) in answer.json["detail"]


def test_without_products_a_match_is_empty_and_says_so(client: FlaskClient, bank: Headers) -> None:
    """No product in force is no error."""
    match = ask(client, bank).json
    assert (match["offers"], match["refusals"]) == ([], [])


@pytest.mark.usefixtures("published")
def test_a_match_is_marked_with_what_the_firm_disputes_while_it_is_read(
    client: FlaskClient, bank: Headers, neighbours: Any
) -> None:
    """From the first answer on, in each reading of it, and no longer when the dispute has ended."""
    mark = {"dispute": "dsp_1", "state": "open"}
    neighbours.disputes["local:E1"] = [mark]
    made = ask(client, bank).json
    assert made["disputes"] == [mark]
    neighbours.disputes.clear()
    assert client.get(f"/v1/matches/{made['id']}", headers=bank).json == made | {"disputes": []}


FEES = [
    {"kind": "guarantee", "payee": "A guarantor", "paid_by": "firm", "every": "yearly", "due": "start", "rate": 0.02},
    {"kind": "registration", "payee": "The register", "paid_by": "bank", "amount_fen": 55_000},
]


@pytest.mark.usefixtures("published")
def test_fees_are_told_with_payee_and_payer_and_cost_an_offer_its_place(client: FlaskClient, bank: Headers) -> None:
    """The cheapest interest comes last with a guarantee fee of 2 %, and the yuan hold it."""
    client.put("/v1/products/credit", json=a_product(fees=FEES), headers=bank)
    offers = ask(client, bank).json["offers"]
    assert products(offers) == ["plain", "credit"]
    plain, dear = offers
    assert dear["rate"] < plain["rate"] < plain["all_in_rate"] < dear["all_in_rate"]
    assert [(fee["kind"], fee["payee"], fee["paid_by"], fee["fen"]) for fee in dear["fees"]] == [
        ("guarantee", "A guarantor", "firm", 400_000),
        ("registration", "The register", "bank", 55_000),
    ]
    assert dear["fees"][0]["charges"] == [{"month": 0, "fen": 400_000}]
    assert dear["fees"][0]["title"] == {"zh": "担保费", "en": "Guarantee fee"}
    assert (dear["fees_fen"], dear["total_cost_fen"]) == (400_000, dear["interest_fen"] + 400_000)
    assert (plain["fees"], plain["fees_fen"]) == ([], 0)


def test_what_costs_more_than_its_cap_is_refused_by_terms_cost(client: FlaskClient, bank: Headers) -> None:
    """4 % of cost under a cap of 3.9 %; the bank may say that it lends below cost."""
    rate = {**a_product()["rate"], "floor": 0.03, "cap": 0.039}
    client.put("/v1/products/credit", json=a_product(rate=rate), headers=bank)
    (refusal,) = ask(client, bank).json["refusals"]
    (line,) = refusal["failed"]
    assert (line["rule_id"], refusal["rule"], refusal["found"], refusal["needed"]) == (
        "terms.cost",
        "rate <= 0.039",
        0.0407,
        0.039,
    )
    client.put("/v1/products/credit", json=a_product(rate=rate, lend_below_cost=True), headers=bank)
    (offer,) = ask(client, bank, key="m2").json["offers"]
    assert (offer["rate"], offer["rate_lines"][-1]["line"]) == (0.039, "cap")
