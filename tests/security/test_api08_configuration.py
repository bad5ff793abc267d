"""API8:2023, configuration: what every answer carries, and what none of them tells."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from town import Town

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECTED")
ROOT = Path(__file__).parents[2]
# What would tell how we are made, and where we lie.
WORDS = (b"Traceback", b"sqlalchemy", b"sqlite3", b"psycopg", b"site-packages", b"werkzeug", b"gunicorn")
INSIDES = (*WORDS, f"{ROOT}/".encode())


@pytest.mark.parametrize("path", ["/v1/catalogue", "/v1/scores/x", "/v1/nothing"])
def test_an_answer_is_kept_by_nobody_and_read_as_what_it_says(town: Town, path: str) -> None:
    """D20: also a refusal."""
    answer = town.ask("bank with consent", "GET", path)
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_other_site_s_page_may_read_an_answer(town: Town) -> None:
    """No CORS: pages of other origins have no business here."""
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS"):
        answer = town.http.request(method, f"{town.url}/v1/catalogue", headers=town.headers["owner"] | asked)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-allow")]


@pytest.mark.parametrize("method", METHODS)
def test_no_method_breaks_a_route(town: Town, method: str) -> None:
    for path in ("/v1/catalogue", "/v1/scores", "/portal", "/", "/oauth/token"):
        answer = town.http.request(method, town.url + path, headers=town.headers["owner"], redirect=False)
        assert answer.status < 500, path


def test_a_path_of_ours_would_be_found_on_any_machine() -> None:
    """Where the project lies is looked up, so that what is looked for can be there."""
    frames = "".join(traceback.format_stack()).encode()
    assert INSIDES[-1] in frames


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/models?limit=x"), ("POST", "/v1/scores"), ("GET", "/v1/x"), ("PUT", "/v1/book/date")],
)
def test_a_problem_tells_nothing_of_how_we_are_made(town: Town, method: str, path: str) -> None:
    answer = town.ask("operator", method, path, None if method == "GET" else {"x": "\0"})
    assert answer.status >= 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert not [word for word in INSIDES if word in answer.data.lower() or word in answer.data]


def test_what_is_no_request_of_http_is_refused_with_a_problem(town: Town) -> None:
    """A header with a control character: the server itself refuses it, in our form."""
    answer = town.http.request("GET", f"{town.url}/v1/catalogue", headers={"X-Odd": "a\x01b"})
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "X-ODD" in answer.json()["detail"]


def test_a_body_that_says_it_is_no_json_is_not_taken_for_an_empty_one(town: Town) -> None:
    """An order whose members are all optional would mean everything."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Purpose": "model-training"}
    body = b'{"enterprises":["local:E1"]}'
    answer = town.send("bank with consent", "POST", "/v1/feature-sets", body, form)
    assert answer.status == 415, answer.data[:200]


def test_a_form_of_another_site_or_scheme_changes_nothing(town: Town) -> None:
    """D20: the origin counts with its scheme."""
    key = town.headers["owner"]["Authorization"].removeprefix("Bearer ").encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for origin in ("https://evil.example", town.url.replace("http://", "https://"), "null"):
        answer = town.http.request(
            "POST", f"{town.url}/portal/sign-in", body=b"key=" + key, headers=form | {"Origin": origin}, redirect=False
        )
        assert answer.status == 403, origin
        assert "Set-Cookie" not in answer.headers


def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(town: Town) -> None:
    key = town.headers["owner"]["Authorization"].removeprefix("Bearer ")
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": town.url}
    entered = town.http.request(
        "POST", f"{town.url}/portal/sign-in", body=f"key={key}".encode(), headers=form, redirect=False
    )
    assert {"HttpOnly", "SameSite"} <= {
        part.strip().partition("=")[0] for part in entered.headers["Set-Cookie"].split(";")
    }
