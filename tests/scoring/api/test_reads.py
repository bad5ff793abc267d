"""What each route reads a file for: the profile service opens by it, and the enterprise's record names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import polars as pl
import pytest
from flask import Flask
from sqlalchemy import text

from services.scoring.context import Context

Send = Callable[..., Any]
Read = Callable[[str], Any]
Work = Callable[[], None]
FIRM = "local:E1"
MARK = {"dispute": "dsp_1", "state": "open", "item": {"kind": "invoices", "record": "rec_1", "field": None}}
WAY_UP = {"target": {"grade": "AAA"}}


@pytest.fixture
def made(serving: Flask, send: Send, profile: Any) -> Any:
    """Return a stored score; what was read for it is forgotten."""
    answer = send("/v1/scores", {"enterprise": FIRM}).json
    profile.forget()
    return answer


@pytest.fixture
def score_set(serving: Flask, headers: dict[str, str]) -> Callable[..., Any]:
    """Return a function that orders a score set for a purpose."""

    def order(purpose: str, **more: Any) -> Any:
        sent = {**headers, "Purpose": purpose}
        return serving.test_client().post("/v1/score-sets", json={"enterprises": None, **more}, headers=sent)

    return order


def orders(app: Flask) -> tuple[Any, ...]:
    """Return how many batches and how many jobs are written down."""
    with app.extensions["database"].read() as session:
        return tuple(
            session.execute(text("SELECT (SELECT count(*) FROM score_batches), (SELECT count(*) FROM jobs)")).one()
        )


def test_a_new_score_asks_for_a_new_score(serving: Flask, send: Send, profile: Any) -> None:
    send("/v1/scores", {"enterprise": FIRM})
    assert profile.asked == ["new-score"]


@pytest.mark.parametrize("path", ["", "/receipt", "/ledger-proof"])
def test_a_stored_score_its_receipt_and_its_proof_ask_for_the_score(
    made: Any, read: Read, profile: Any, path: str
) -> None:
    assert read(f"/v1/scores/{made['id']}{path}").status_code == 200
    assert profile.asked == ["score"]


def test_the_way_up_from_a_score_asks_for_the_score(made: Any, send: Send, profile: Any) -> None:
    assert send(f"/v1/scores/{made['id']}/recourse", WAY_UP).status_code == 200
    assert profile.asked == ["score"]


def test_a_receipt_that_is_verified_and_a_grade_beside_the_models_ask_for_the_score(
    made: Any, send: Send, read: Read, profile: Any
) -> None:
    """Both tell what the score is."""
    receipt = read(made["receipt"]).json
    profile.forget()
    grade = "AA" if made["grade"] != "AA" else "A"
    decision = {"grade": grade, "reason": "collateral", "note": "A mortgage over the plant."}
    answers = [send("/v1/receipt-verifications", receipt), send(f"/v1/scores/{made['id']}/override", decision)]
    assert [answer.status_code for answer in answers] == [200, 201]
    assert profile.asked == ["score", "score"]


def test_a_list_of_scores_asks_for_the_readers_own_list(made: Any, read: Read, profile: Any) -> None:
    """It opens no file, so it leaves no record; and it ends with the consent."""
    assert len(read(f"/v1/enterprises/{FIRM}/scores").json["items"]) == 1
    assert profile.asked == ["own-scores"]


def test_a_list_of_scores_as_of_many_days_asks_once_a_purpose(
    serving: Flask, send: Send, headers: dict[str, str], read: Read, profile: Any
) -> None:
    days = ["2019-12-31", "2020-01-31", "2020-02-21"]
    for day in days:
        send("/v1/scores", {"enterprise": FIRM, "as_of": day})
    monitoring = {**headers, "Purpose": "credit-monitoring", "Idempotency-Key": "k"}
    serving.test_client().post("/v1/scores", json={"enterprise": FIRM, "as_of": days[0]}, headers=monitoring)
    profile.first_days[FIRM] = days[1]
    profile.forget()
    listed = read(f"/v1/enterprises/{FIRM}/scores").json["items"]
    assert [each["as_of"] for each in listed] == days[:0:-1]
    assert sorted(sent["Purpose"] for _, sent in profile.seen) == ["credit-assessment", "credit-monitoring"]


def test_a_batch_asks_for_new_scores_and_its_results_for_stored_ones(
    serving: Flask, send: Send, read: Read, work: Work, profile: Any
) -> None:
    order = send("/v1/score-batches", {"enterprises": [FIRM, "local:E2"]}).json
    work()
    read(f"/v1/score-batches/{order['id']}/results")
    assert profile.asked == ["new-score", "score"]


def test_training_and_evaluation_ask_for_a_table_and_nothing_of_one_firm(send: Send, work: Work, profile: Any) -> None:
    profile.book = profile.book.head(3)  # too few to learn from: what is read is the same
    send("/v1/models", {})
    send("/v1/evaluations", {"folds": 2, "repeats": 1})
    work()
    assert profile.asked == ["feature-set", "feature-set"]
    assert {path for path, _ in profile.seen} <= {"/v1/feature-tables", "/v1/catalogue"}


@pytest.mark.parametrize("purpose", ["model-training", "financing-match"])
def test_a_batch_for_what_opens_no_score_is_refused_at_the_door(
    serving: Flask, headers: dict[str, str], profile: Any, purpose: str
) -> None:
    """Nothing is written down, and no worker finds it later."""
    before = orders(serving)
    sent = {**headers, "Idempotency-Key": "k", "Purpose": purpose}
    answer = serving.test_client().post("/v1/score-batches", json={"enterprises": [FIRM]}, headers=sent)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/consent-required")
    assert "credit-assessment or credit-monitoring" in answer.json["detail"]
    assert (orders(serving), profile.seen) == (before, [])


@pytest.mark.parametrize(
    ("purpose", "what"),
    [("financing-match", "match"), ("credit-assessment", "new-score"), ("credit-monitoring", "new-score")],
)
def test_a_score_set_is_a_match_or_new_scores(score_set: Any, profile: Any, purpose: str, what: str) -> None:
    assert score_set(purpose).status_code == 200
    assert profile.asked == [what]


def test_a_score_set_for_training_is_refused_at_the_door(score_set: Any, profile: Any) -> None:
    """It would be everybody's score, for a purpose that opens nobody's."""
    answer = score_set("model-training")
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/consent-required")
    assert profile.seen == []


def test_a_score_set_with_features_has_those_that_its_scores_were_made_from(
    serving: Flask, score_set: Any, profile: Any
) -> None:
    """One read gives both: each row's features give its score again; what is disputed stands beside."""
    profile.disputes[FIRM] = [MARK]
    table = pl.read_parquet(score_set("financing-match", features=True).data)
    context: Context = serving.extensions["context"]
    scorer = context.shelf["mdl_test"]
    scored = table.filter(pl.col("score").is_not_null())
    again = scorer.score_many(scored.select(scorer.features).to_numpy(), depths=scored["depth"].to_list())
    assert (again.score.tolist(), again.pd.tolist()) == (scored["score"].to_list(), scored["pd"].to_list())
    features = profile.book.drop("defaulted").sort("enterprise")
    assert table.sort("enterprise").select(features.columns).equals(features)
    marked = dict(table.select("enterprise", "disputes").drop_nulls("disputes").iter_rows())
    assert {name: orjson.loads(marks) for name, marks in marked.items()} == {FIRM: [MARK]}
    assert profile.asked == ["match"]


def test_a_score_set_with_features_has_the_same_scores_as_without(score_set: Any) -> None:
    plain = pl.read_parquet(score_set("financing-match").data)
    table = pl.read_parquet(score_set("financing-match", features=True).data)
    assert table.select(plain.columns).sort("enterprise").equals(plain)


def test_a_list_shows_the_scores_whose_purpose_is_still_consented_to(
    made: Any, serving: Flask, read: Read, headers: dict[str, str], profile: Any
) -> None:
    """One made to assess is closed in a list as it is alone, where the firm consents to monitoring only."""
    monitored = serving.test_client().post(
        "/v1/scores",
        json={"enterprise": FIRM},
        headers={**headers, "Idempotency-Key": "k", "Purpose": "credit-monitoring"},
    )
    profile.purposes[FIRM] = {"credit-monitoring"}
    assert read(f"/v1/scores/{made['id']}").status_code == 403
    assert [each["id"] for each in read(f"/v1/enterprises/{FIRM}/scores").json["items"]] == [monitored.json["id"]]


def test_a_list_shows_no_score_as_of_a_day_that_the_consent_does_not_open(
    made: Any, send: Send, read: Read, profile: Any, serving: Flask, tokens: Any
) -> None:
    """A new consent for later days does not open what was read under an older one; the firm itself sees all."""
    later = send("/v1/scores", {"enterprise": FIRM, "as_of": "2020-06-30"}).json
    profile.first_days[FIRM] = "2020-03-01"
    assert read(f"/v1/scores/{made['id']}").status_code == 403
    assert [each["id"] for each in read(f"/v1/enterprises/{FIRM}/scores").json["items"]] == [later["id"]]
    itself = tokens(role="enterprise", client="firm", enterprise=FIRM, scopes="scores:read")
    page = serving.test_client().get(f"/v1/enterprises/{FIRM}/scores", headers=itself).json
    assert {each["id"] for each in page["items"]} == {made["id"], later["id"]}


def test_a_page_that_is_wholly_closed_leads_to_the_next(
    made: Any, serving: Flask, read: Read, headers: dict[str, str], profile: Any
) -> None:
    """The list is refused where nothing of it may be seen, which only the last page can tell."""
    client = serving.test_client()
    for number in range(2):
        sent = {**headers, "Idempotency-Key": f"k{number}", "Purpose": "credit-monitoring"}
        assert client.post("/v1/scores", json={"enterprise": FIRM}, headers=sent).status_code == 201
    profile.purposes[FIRM] = {"credit-assessment"}
    path, pages = f"/v1/enterprises/{FIRM}/scores?limit=1", []
    while len(pages) < 3 and (not pages or pages[-1]["next"]):
        pages.append(read(path + (f"&cursor={pages[-1]['next']}" if pages else "")).json)
    assert [[each["id"] for each in page["items"]] for page in pages] == [[], [], [made["id"]]]
    profile.purposes[FIRM] = set()
    assert [read(f"{path}&cursor={page['next']}").status_code for page in pages[:2]] == [200, 403]


def test_that_a_firms_data_was_not_enough_is_closed_with_its_consent(
    serving: Flask, send: Send, read: Read, work: Work, profile: Any
) -> None:
    """A refusal of a batch tells something of the file, as a score does."""
    order = send("/v1/score-batches", {"enterprises": ["local:E0", FIRM]}).json
    work()
    profile.withheld.add("local:E0")
    lines = map(orjson.loads, read(f"/v1/score-batches/{order['id']}/results").data.splitlines())
    problems = {line["enterprise"]: line["problem"]["type"] for line in lines if "problem" in line}
    assert problems == {"local:E0": "/problems/consent-required"}
