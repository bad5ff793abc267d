"""Scores of one enterprise over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug import Response

from services.scoring.ml.scorer import Scorer
from services.scoring.tables import Score

Post = Callable[..., Any]


@pytest.fixture
def post(serving: Flask, headers: dict[str, str]) -> Post:
    client = serving.test_client()

    def order(enterprise: str = "local:E1", key: str | None = None, **more: Any) -> Any:
        sent = {**headers, "Idempotency-Key": key or str(uuid4()), **more.pop("headers", {})}
        return client.post("/v1/scores", json={"enterprise": enterprise, **more}, headers=sent)

    return order


def stored(app: Flask) -> int:
    with app.extensions["database"].read() as session:
        return session.scalar(select(func.count()).select_from(Score)) or 0


def test_base_and_contributions_give_the_score(post: Post) -> None:
    """What is answered adds up: base + contributions, rounded, is the score."""
    answer = post().json

    total = answer["base_points"] + sum(line["points"] for line in answer["contributions"])

    assert round(total) == answer["score"]


def test_a_score_names_its_model_its_moment_and_its_inputs(post: Post) -> None:
    """Everything that a later question needs is in the answer."""
    answer = post().json

    assert answer["model"]["version"] == "mdl_test"
    assert answer["as_of"] == "2020-02-21"
    assert answer["known_at"] == "2026-01-01T00:00:00.000000Z"
    assert answer["features_sha256"] == f"{0:064x}"
    assert answer["depth"] == "B"


def test_reasons_are_told_in_both_languages(post: Post) -> None:
    """A reason uses the catalogue's phrase for the side that it is on."""
    reasons = post().json["reasons"]

    assert 1 <= len(reasons) <= 4
    side = "偏差" if reasons[0]["points"] < 0 else "较好"
    assert reasons[0]["title"]["zh"].endswith(side)


def test_a_stored_score_reads_as_it_was_given(post: Post, serving: Flask, headers: dict[str, str]) -> None:
    """GET /scores/{id} gives the same bytes as POST did."""
    made = post()

    read = serving.test_client().get(f"/v1/scores/{made.json['id']}", headers=headers)

    assert read.data == made.data


@pytest.mark.parametrize("path", ["", "/receipt", "/ledger-proof"])
def test_a_stored_score_is_read_again_without_a_new_look_into_the_file(
    post: Post, read: Any, profile: Any, path: str
) -> None:
    """The profile service is asked for leave, and records it; the consent's reads are for looks (ADR 15)."""
    made = post().json
    profile.seen.clear()
    assert read(f"/v1/scores/{made['id']}{path}").status_code == 200
    assert [(asked, sent["Purpose"]) for asked, sent in profile.seen] == [("/v1/rereads", "credit-assessment")]


def test_a_repeated_key_gives_the_first_score_and_stores_no_second(post: Post, serving: Flask) -> None:
    """One key, one score."""
    first, second = post(key="once"), post(key="once")

    assert first.data == second.data
    assert stored(serving) == 1


def test_a_repeated_key_reads_the_file_only_once(post: Post, profile: Any) -> None:
    """A replay asks whether the consent lasts and reads nobody's file again."""
    post(key="once")
    post(key="once")

    assert [path for path, _ in profile.seen] == ["/v1/feature-reads", "/v1/rereads"]


def test_a_revoked_consent_closes_the_scores_made_under_it(
    post: Post, serving: Flask, profile: Any, headers: dict[str, str], tokens: Any
) -> None:
    """Read, listed or replayed: to the bank they are closed at once; the enterprise reads on."""
    made = post(key="once").json
    profile.withheld.add("local:E1")
    client = serving.test_client()
    paths = [f"/v1/scores/{made['id']}", "/v1/enterprises/local:E1/scores"]

    answers = [*(client.get(path, headers=headers) for path in paths), post(key="once")]

    assert {(answer.status_code, answer.json["type"]) for answer in answers} == {(403, "/problems/consent-required")}
    itself = tokens(role="enterprise", client="firm", enterprise="local:E1", scopes="scores:read")
    assert {client.get(path, headers=itself).status_code for path in paths} == {200}


def test_a_key_used_for_another_enterprise_is_refused(post: Post) -> None:
    """The same key with another body is a mistake of the caller."""
    post("local:E1", key="once")

    assert post("local:E2", key="once").status_code == 422


def test_a_score_without_a_key_is_refused(post: Post) -> None:
    """A write needs an Idempotency-Key."""
    assert post(headers={"Idempotency-Key": ""}).status_code == 400


def test_the_callers_token_and_purpose_reach_profile(post: Post, profile: Any, headers: dict[str, str]) -> None:
    """Consent is checked for the caller, not for this service."""
    post()

    sent = profile.seen[0][1]
    assert (sent["Authorization"], sent["Purpose"]) == (headers["Authorization"], "credit-assessment")


def test_a_refusal_by_profile_is_answered_as_it_is(post: Post, profile: Any, serving: Flask) -> None:
    """No consent, no score, and nothing stored."""
    profile.refuse(403, "consent-required")

    answer = post()

    assert (answer.status_code, answer.json["type"]) == (403, "/problems/consent-required")
    assert stored(serving) == 0


def test_an_odd_code_reaches_profile_as_it_is(post: Post, profile: Any) -> None:
    """What no address may hold arrives as written: an odd code is an enterprise that is not known, and no outage."""
    answer = post('local:a\x7f"企')

    assert (answer.status_code, answer.json["type"]) == (404, "/problems/enterprise-not-found")
    assert profile.seen[0][0] == "/v1/feature-reads"


def test_a_silent_profile_is_a_503_that_says_when_to_return(post: Post, profile: Any) -> None:
    """A broken upstream is told as such."""
    profile.fail = lambda _request: Response(status=502)

    answer = post()

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def test_a_firm_without_data_gets_a_problem_that_says_what_is_missing(post: Post) -> None:
    """No invoice, no score."""
    answer = post("local:E0")

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/not-enough-data")
    assert "invoice" in answer.json["detail"]


def test_a_feature_that_profile_no_longer_gives_is_named(post: Post, profile: Any) -> None:
    """A model never guesses a feature."""
    profile.names = ("sales_active_months", "red_letter_rate")

    answer = post()

    assert (answer.status_code, answer.json["missing"]) == (422, ["margin"])


def test_reasons_that_do_not_add_up_are_a_500_and_nothing_is_stored(
    post: Post, serving: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is not exact is withheld."""
    score = Scorer.score_few

    def off(self: Scorer, rows: Any, **told: Any) -> Any:
        return [replace(right, base_points=right.base_points + 2e-6) for right in score(self, rows, **told)]

    monkeypatch.setattr(Scorer, "score_few", off)

    answer = post()

    assert answer.json["type"] == "/problems/reasons-do-not-add-up"
    assert (answer.status_code, stored(serving)) == (500, 0)


def test_without_a_serving_model_the_way_forward_is_told(app: Flask, headers: dict[str, str]) -> None:
    """The problem says to train and promote."""
    answer = app.test_client().post(
        "/v1/scores", json={"enterprise": "local:E1"}, headers={**headers, "Idempotency-Key": "k"}
    )

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/no-serving-model")
    assert "/v1/models" in answer.json["detail"]


def test_the_stages_are_timed(post: Post) -> None:
    """Server-Timing tells profile's own stages and ours."""
    timing = post().headers["Server-Timing"]

    stages = [entry.partition(";")[0] for entry in timing.split(", ")]
    assert {"profile-consent", "profile-features", "model", "reasons", "commit"} <= set(stages)


def test_another_bank_cannot_read_a_score(post: Post, serving: Flask, tokens: Any) -> None:
    """To anybody else the score does not exist."""
    made = post().json

    other = tokens(client="bank-2", scopes="scores:read")

    assert serving.test_client().get(f"/v1/scores/{made['id']}", headers=other).status_code == 404


def test_the_enterprise_reads_the_score_that_was_made_of_it(post: Post, serving: Flask, tokens: Any) -> None:
    """A firm sees its own file."""
    made = post().json
    itself = tokens(role="enterprise", client="firm", enterprise="local:E1", scopes="scores:read")

    assert serving.test_client().get(f"/v1/scores/{made['id']}", headers=itself).json == made


def test_an_enterprise_lists_its_own_scores_newest_first(post: Post, serving: Flask, tokens: Any) -> None:
    """The list is the firm's whole file, in order."""
    made = [post().json["id"] for _ in range(3)]
    itself = tokens(role="enterprise", client="firm", enterprise="local:E1", scopes="scores:read")

    page = serving.test_client().get("/v1/enterprises/local:E1/scores?limit=2", headers=itself).json

    assert len({item["id"] for item in page["items"]} & set(made)) == 2
    assert page["next"] is not None


def test_an_enterprise_cannot_list_anothers_scores(serving: Flask, tokens: Any) -> None:
    """A firm reads no other firm's file."""
    itself = tokens(role="enterprise", client="firm", enterprise="local:E1", scopes="scores:read")

    assert serving.test_client().get("/v1/enterprises/local:E2/scores", headers=itself).status_code == 403


def test_a_bank_lists_only_what_it_ordered(post: Post, serving: Flask, tokens: Any) -> None:
    """One bank's scores are not another's."""
    post()
    other = tokens(client="bank-2", scopes="scores:read")

    assert serving.test_client().get("/v1/enterprises/local:E1/scores", headers=other).json["items"] == []


def test_a_score_needs_the_scope(serving: Flask, tokens: Any) -> None:
    """A token without scores:write makes no score."""
    answer = serving.test_client().post("/v1/scores", json={"enterprise": "E1"}, headers=tokens(scopes="scores:read"))

    assert (answer.status_code, answer.json["scope"]) == (403, "scores:write")


def test_a_soft_check_gives_one_row_a_firm_and_stores_nothing(serving: Flask, headers: dict[str, str]) -> None:
    """The soft check is a table; a firm without data has a row without a score."""
    order = {"enterprises": ["local:E0", "local:E1", "local:E2"]}

    answer = serving.test_client().post("/v1/score-sets", json=order, headers=headers)

    table = pl.read_parquet(answer.data)
    said = ["score", "grade", "pd", "pd_low", "pd_high"]
    with_all = [f"everything_{name}" for name in said]
    assert table.columns == ["enterprise", *said, "depth", "features_sha256", *with_all, "overlay"]
    assert table["score"].is_null().to_list() == [True, False, False]
    assert (answer.headers["Model-Version"], answer.headers["As-Of"]) == ("mdl_test", "2020-02-21")
    assert stored(serving) == 0


def test_a_soft_check_and_a_score_agree(serving: Flask, post: Post, headers: dict[str, str]) -> None:
    """One row and a thousand are scored by the same model, to the last digit that is shown."""
    table = pl.read_parquet(
        serving.test_client().post("/v1/score-sets", json={"enterprises": ["local:E5"]}, headers=headers).data
    )

    one = post("local:E5").json

    assert table["score"].item() == one["score"]
    assert table["pd"].item() == pytest.approx(one["pd"], rel=1e-12)


def test_a_score_is_explained_against_other_references_too(post: Post, read: Any) -> None:
    """The reasons move with the reference, the score does not, and they still add up."""
    plain = post().json
    reference = plain["model"]["reference"]
    asked = post(references=[reference]).json
    (beside,) = asked["against"]
    assert (beside["reference"], beside["base_points"]) == (reference, plain["base_points"])
    assert [line["points"] for line in beside["contributions"]] == [line["points"] for line in asked["contributions"]]
    assert read(f"/v1/scores/{asked['id']}?references={reference}").json["against"] == asked["against"]


def test_a_reference_that_the_model_has_not_is_refused_with_those_it_has(post: Post, read: Any) -> None:
    """A 404 that says what could be asked for."""
    score = post().json
    answer = read(f"/v1/scores/{score['id']}?references=nobody")
    assert answer.status_code == 404
    assert score["model"]["reference"] in answer.json["detail"]


def test_a_score_ordered_again_on_the_same_facts_is_named_a_repeat_of_the_first(
    send: Callable[..., Any], read: Any, serving: Flask, profile: Any
) -> None:
    """New, read again and listed; another firm's, other facts and a month later are none."""
    first, second, third = (send("/v1/scores", {"enterprise": "local:E1"}).json for _ in range(3))
    other = send("/v1/scores", {"enterprise": "local:E2"}).json
    changed = pl.when(pl.col("enterprise") == "local:E1").then(pl.lit("e" * 64)).otherwise("features_sha256")
    profile.book = profile.book.with_columns(changed.alias("features_sha256"))
    moved = send("/v1/scores", {"enterprise": "local:E1"}).json

    assert [each["repeat_of"] for each in (first, second, third)] == [None, first["id"], first["id"]]
    assert (other["repeat_of"], moved["repeat_of"]) == (None, None)
    assert read(f"/v1/scores/{second['id']}").json["repeat_of"] == first["id"]
    listed = {each["id"]: each["repeat_of"] for each in read("/v1/enterprises/local:E1/scores").json["items"]}
    assert listed[third["id"]] == first["id"]
    with serving.extensions["database"].begin() as session:
        session.execute(update(Score).values(created_at=datetime.now(UTC) - timedelta(days=31)))
    assert send("/v1/scores", {"enterprise": "local:E1"}).json["repeat_of"] is None
