"""After a correction whoever had a score of the file gets another one, under its consent, and once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from chassis.core.http import ServiceIdentity
from services.scoring.context import Context
from services.scoring.tables import Score
from services.scoring.usecases.renew import renew

FIRM, BANK = "local:E1", "bank-1"
BETTER = {"sales_active_months": 36.0, "margin": 0.4, "red_letter_rate": 0.0}


@pytest.fixture
def context(serving: Flask, monkeypatch: pytest.MonkeyPatch) -> Context:
    """Return the service, which has looked for corrections once: it renews what comes from then on."""
    monkeypatch.setattr(ServiceIdentity, "token", lambda _self, client: f"for-{client}")
    found: Context = serving.extensions["context"]
    assert renew(found) == 0
    return found


def score(serving: Flask, headers: dict[str, str]) -> Any:
    sent = {**headers, "Idempotency-Key": str(uuid4())}
    return serving.test_client().post("/v1/scores", json={"enterprise": FIRM}, headers=sent).json


def correct(profile: Any) -> None:
    profile.corrections.append(
        {
            "id": f"ntc_{len(profile.corrections)}",
            "event": "file-corrected",
            "enterprise": FIRM,
            "client": BANK,
            "act": "dsp_1",
        }
    )
    profile.change(FIRM, BETTER)


def listed(serving: Flask, headers: dict[str, str]) -> list[Any]:
    return list(serving.test_client().get(f"/v1/enterprises/{FIRM}/scores", headers=headers).json["items"])


def test_a_score_is_given_anew_from_the_corrected_file(
    serving: Flask, context: Context, profile: Any, headers: dict[str, str]
) -> None:
    before = score(serving, headers)
    correct(profile)
    assert renew(context) == 1
    (after, _) = listed(serving, headers)
    assert after["score"] > before["score"]
    read = serving.test_client().get(f"/v1/scores/{before['id']}", headers=headers).json
    assert (read["score"], read["renewed_by"]) == (before["score"], after["id"])


def test_a_correction_is_done_with_once(
    serving: Flask, context: Context, profile: Any, headers: dict[str, str]
) -> None:
    score(serving, headers)
    correct(profile)
    assert (renew(context), renew(context)) == (1, 0)


def test_without_a_consent_there_is_no_other_score(
    serving: Flask, context: Context, profile: Any, headers: dict[str, str]
) -> None:
    """And the next correction is not held up by it."""
    score(serving, headers)
    profile.withheld.add(FIRM)
    correct(profile)
    assert renew(context) == 0
    profile.withheld.clear()
    correct(profile)
    assert renew(context) == 1


def test_who_never_had_a_score_gets_none(context: Context, profile: Any) -> None:
    correct(profile)
    assert renew(context) == 0


def test_corrections_that_another_worker_is_done_with_stay_done(
    serving: Flask, context: Context, profile: Any, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes through the same three while this one has only listed them: none is done twice, and none again later."""
    score(serving, headers)
    for _ in range(3):
        correct(profile)
    listing, others = type(context.profile).notices_since, []

    def listed_first(*args: Any) -> Any:
        found = listing(*args)
        if not others:
            others.append(None)
            others.append(renew(context))
        return found

    monkeypatch.setattr(type(context.profile), "notices_since", listed_first)
    assert (renew(context), others[1], renew(context)) == (0, 3, 0)
    assert len(listed(serving, headers)) == 4


@pytest.mark.parametrize("stored", ["everything", None])
def test_a_score_is_renewed_by_what_counted_in_it(
    serving: Flask, context: Context, profile: Any, headers: dict[str, str], stored: str | None
) -> None:
    """One of before there was a choice is renewed by the policy of today."""
    before = score(serving, headers)
    with serving.extensions["database"].begin() as session:
        session.get_one(Score, before["id"]).counts = stored
    profile.state_alone(FIRM, {"sales_active_months": 2.0, "margin": 0.0, "red_letter_rate": 0.3})
    correct(profile)
    assert renew(context) == 1
    (after, _) = listed(serving, headers)
    assert after["counts"] == (stored or "confirmed")
    assert (after["score"] > before["score"]) == (stored == "everything")
