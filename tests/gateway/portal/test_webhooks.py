"""The console of webhooks in words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from portal_site import NOBODY, StandIn

from gateway.portal import Answer

ENDPOINT = {"id": "whe_1", "url": "https://bank.example/hook", "events": [], "enabled": True, "due_at": None}


@pytest.mark.parametrize(
    ("language", "failures", "said"),
    [
        ("zh", 3, "连续 3 次未送达"),
        ("en", 3, "failed 3 times in a row"),
        ("zh", 1, "最近一次未送达"),
        ("en", 1, "the last one failed"),
    ],
)
def test_how_often_an_endpoint_failed_is_said(
    signed_in: Callable[..., FlaskClient], door: StandIn, language: str, failures: int, said: str
) -> None:
    door.answers["GET /webhooks"] = Answer(200, {"items": [ENDPOINT | {"failures": failures}], "next": None})
    door.answers["GET /webhooks/deliveries"] = Answer(200, NOBODY)
    assert f'<small class="quiet">{said}</small>' in signed_in("smc_bank", language).get("/portal/webhooks").text
