"""The operator dates the book on the overview; others see its date and no form."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from portal_site import StandIn

from gateway.portal import Answer

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
PAGE, ACT = "/portal/operations", "/portal/operations/date"
SET = {"version": 4, "date": "2019-12-31", "set_by": "operator-demo", "set_at": "2026-11-29T09:00:00Z", "note": "y"}


def test_the_operator_sets_the_day_that_replaces_the_one_it_saw(signed_in: SignedIn, door: StandIn) -> None:
    """The form holds the version, so that of two operators one is told."""
    door.answers["PUT /book/date"] = Answer(200, SET)
    form = {"version": "3", "date": "2019-12-31", "note": " year's end "}
    answer = signed_in("smc_operator").post(ACT, data=form, headers=ORIGIN)
    assert (answer.status_code, answer.location) == (303, "/portal/operations?did=dated")
    [call] = door.asked("PUT /book/date")
    assert (call["json"], call["If-Match"]) == ({"date": "2019-12-31", "note": "year's end"}, '"3"')
    assert 'name="version" value="3"' in signed_in("smc_operator").get(PAGE).text


def test_by_the_month_is_a_button_of_its_own(signed_in: SignedIn, door: StandIn) -> None:
    """Whatever day still stands in the field."""
    door.answers["PUT /book/date"] = Answer(200, SET | {"date": None})
    form = {"version": "3", "date": "2019-12-31", "by_month": "1"}
    assert signed_in("smc_operator").post(ACT, data=form, headers=ORIGIN).status_code == 303
    assert door.asked("PUT /book/date")[0]["json"] == {"date": None, "note": None}


def test_a_form_without_a_day_asks_nothing(signed_in: SignedIn, door: StandIn) -> None:
    answer = signed_in("smc_operator").post(ACT, data={"version": "3", "date": ""}, headers=ORIGIN)
    assert answer.status_code == 422
    assert "请填写日期" in answer.text
    assert door.asked("PUT /book/date") == []


@pytest.mark.parametrize("status", [412, 422])
def test_a_refusal_is_told_in_place_in_the_reader_s_language(signed_in: SignedIn, door: StandIn, status: int) -> None:
    """A day to come, or another operator's newer date."""
    door.answers["PUT /book/date"] = Answer(status, {"detail": "Read it again. / 请重新读取。"})
    answer = signed_in("smc_operator").post(ACT, data={"version": "3", "date": "2029-12-31"}, headers=ORIGIN)
    assert answer.status_code == status
    assert "请重新读取。" in answer.text
    assert "Read it again" not in answer.text


@pytest.mark.parametrize("key", ["smc_source", "smc_bank", "smc_platform"])
def test_others_see_the_date_and_no_form(signed_in: SignedIn, door: StandIn, key: str) -> None:
    """And may not send one."""
    shown = signed_in(key).get(PAGE).text
    assert "2020-02-21" in shown
    assert "operations/date" not in shown
    assert signed_in(key).post(ACT, data={"date": "2019-12-31"}, headers=ORIGIN).status_code == 403
