"""A turn of orders: what fails for one fails for it alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from flask import Flask
from werkzeug import Request, Response

from chassis.data.keys import Claim
from services.scoring.usecases import assess as turn
from services.scoring.usecases.assess import Made, Order, assess_each

POISON = "local:E5"


@pytest.fixture
def together(serving: Flask, headers: dict[str, str]) -> Callable[..., list[Any]]:
    """Return a function that takes a turn with these firms' orders, all by one bank."""

    def take(firms: list[str]) -> list[Any]:
        orders = [
            Order(Claim("bank-1", f"key-{number}", "same"), headers["Authorization"], headers["Purpose"], "", firm)
            for number, firm in enumerate(firms)
        ]
        return list(assess_each(serving.extensions["context"], orders))

    return take


FIRMS = [f"local:E{number}" for number in range(1, 11)]


def outcomes(found: list[Any]) -> dict[str, str]:
    return {firm: type(each).__name__ for firm, each in zip(FIRMS, found, strict=True)}


def expected(failure: str) -> dict[str, str]:
    return {firm: failure if firm == POISON else Made.__name__ for firm in FIRMS}


def test_an_order_over_which_profile_breaks_off_fails_alone(together: Any, profile: Any) -> None:
    """Profile answers 500 to the question of all, and of the one; the other nine are scored."""

    def crash(request: Request) -> Response | None:
        asked = orjson.loads(request.get_data()).get("reads", ())
        if not any(each["enterprise"] == POISON for each in asked):
            return None
        body = {"type": "/problems/internal", "title": "Broke", "title_zh": "错误", "status": 500, "detail": "!"}
        return Response(orjson.dumps(body), 500, content_type="application/problem+json")

    profile.fail = crash
    assert outcomes(together(FIRMS)) == expected("UpstreamProblem")


def test_an_order_that_cannot_even_be_asked_for_fails_alone(together: Any) -> None:
    """Half a character cannot be written as JSON; the door refuses it before."""
    firms = ["local:E5\ud800" if firm == POISON else firm for firm in FIRMS]
    assert outcomes(together(firms)) == expected("TypeError")


@pytest.mark.parametrize("step", ["assessments_of", "contest"])
def test_an_order_that_the_model_chokes_on_fails_alone(
    together: Any, profile: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The file of each is read once all the same."""
    poison = profile.book.filter(profile.book["enterprise"] == POISON)["features_sha256"].item()
    whole = getattr(turn, step)

    def choke(scorer: Any, features: Any, *rest: Any) -> Any:
        of_all = features if isinstance(features, list) else [features]
        if any(each.sha256 == poison for each in of_all):
            raise ZeroDivisionError
        return whole(scorer, features, *rest)

    monkeypatch.setattr(turn, step, choke)
    assert outcomes(together(FIRMS)) == expected("ZeroDivisionError")
    assert profile.asked.count("new-score") == 1


def test_a_refusal_of_all_is_not_asked_for_again(together: Any, profile: Any) -> None:
    """A token that has run out is the same for each."""
    profile.refuse(401, "unauthenticated")
    assert set(outcomes(together(FIRMS)).values()) == {"UpstreamProblem"}
    assert profile.asked.count("new-score") == 1
