"""How requests are read: text that every store can hold, each name once, plain numbers; JSON, forms, addresses."""

from __future__ import annotations

import json
from typing import Any

import marshmallow as ma
import pytest
from flask import request
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.errors import Invalid
from chassis.core.identity import Verifier
from chassis.web.app import make_api, make_app
from chassis.web.openapi import Blueprint
from chassis.web.reading import DEEPEST, loads, whole
from chassis.web.schemas import Schema

UNHELD = [
    '"\\ud800"',
    '"a\\uDFFFb"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '["\\ud83d"]',
    '{"a": {"b": ["\\u0000"]}}',
    '{"\\ud800": 1}',
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


class Order(Schema):
    text = ma.fields.String()
    rate = ma.fields.Float()
    months = ma.fields.List(ma.fields.Integer())


def routes() -> Blueprint:
    blueprint = Blueprint("orders", __name__, url_prefix="/v1")

    @blueprint.post("/orders")
    @blueprint.arguments(Order())
    def parsed(body: dict[str, Any]) -> dict[str, Any]:
        """Answer what was read."""
        return body

    @blueprint.post("/by-hand")
    def by_hand() -> dict[str, Any]:
        return {"said": request.get_json()}

    @blueprint.post("/forms")
    def form() -> dict[str, Any]:
        return dict(request.form)

    @blueprint.get("/names/<name>")
    def named(name: str) -> dict[str, Any]:
        return {"name": name, "asked": request.args.get("q")}

    return blueprint


@pytest.fixture
def client(verifier: Verifier) -> FlaskClient:
    app = make_app("orders", verifier=verifier)
    make_api(app, title="Orders", version="1", blueprints=[routes()])
    return app.test_client()


def post(client: FlaskClient, path: str, body: str) -> tuple[int, Any]:
    answer = client.post(path, data=body.encode("utf-8", "surrogatepass"), content_type="application/json")
    return answer.status_code, answer.json


@given(VALUES)
def test_what_can_be_held_is_read_as_it_is(value: Any) -> None:
    """Half a pair and NUL aside, which are told."""
    text = json.dumps(value)
    held = not any(sign in json.dumps(value, ensure_ascii=False) for sign in ("\\u0000",)) and _utf8(value)
    if held:
        assert loads(text) == value
    else:
        with pytest.raises(Invalid):
            loads(text)


def _utf8(value: Any) -> bool:
    try:
        return bool(json.dumps(value, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/by-hand"])
@pytest.mark.parametrize("text", UNHELD)
def test_text_that_nobody_can_store_is_refused_where_json_is_parsed(client: FlaskClient, path: str, text: str) -> None:
    """Whether a schema reads the body or an endpoint itself; the answer names the field and not what it held."""
    status, problem = post(client, path, f'{{"text": {text}}}')
    assert (status, problem["type"]) == (422, "/problems/invalid")
    assert "half a character" in problem["detail"]
    assert "text" in problem["errors"]["json"]


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00 云"', '"a\\\\u0000"', '"\\u4e91"'])
def test_whole_characters_pass_however_they_are_escaped(client: FlaskClient, text: str) -> None:
    assert post(client, "/v1/orders", f'{{"text": {text}}}') == (200, {"text": json.loads(text)})


@pytest.mark.parametrize("body", ['{"text": "a", "text": "b"}', '{"months": [{"a": 1, "a": 1}]}'])
def test_a_name_that_stands_twice_is_refused(client: FlaskClient, body: str) -> None:
    """Two readers of the same bytes would not read the same."""
    assert post(client, "/v1/orders", body)[0] == 422


@pytest.mark.parametrize("body", ["{", "[" * 100_000, '{"rate": ' + "1" * 5000 + "}", '"\x00"', '"\ud800"', ""])
def test_what_is_no_json_is_a_400_or_a_422_and_no_crash(client: FlaskClient, body: str) -> None:
    assert post(client, "/v1/orders", body)[0] in ({200} if not body else {400})
    assert post(client, "/v1/by-hand", body)[0] == 400


def nested(depth: int, begin: str, end: str) -> str:
    return begin * depth + "1" + end * depth


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}"), ('[1,{"a":', "}]")])
def test_what_nests_deeper_than_is_meant_is_refused_wherever_it_stands(
    client: FlaskClient, begin: str, end: str
) -> None:
    """What writes it anew by recursion need not bear it."""
    most = DEEPEST // (begin.count("[") + begin.count("{"))
    assert loads(nested(most, begin, end))
    status, problem = post(client, "/v1/by-hand", nested(most + 1, begin, end))
    assert (status, problem["type"]) == (422, "/problems/invalid")
    assert "64 deep" in problem["detail"]


def test_brackets_within_text_are_no_nesting() -> None:
    assert loads(json.dumps("[" * 200)) == "[" * 200
    assert loads(json.dumps(["[", "{"] * 100)) == ["[", "{"] * 100


@pytest.mark.parametrize("text", ["٠.١١", "0.1_1", "1e-1", " 0.1", "0.1 ", "０.１", "inf", "nan", "0x1", ".5"])
def test_a_number_sent_as_text_is_a_plain_one(client: FlaskClient, text: str) -> None:
    """Python would read each of these."""
    status, problem = post(client, "/v1/orders", json.dumps({"rate": text}))
    assert (status, list(problem["errors"]["json"])) == (422, ["rate"])


@pytest.mark.parametrize("text", ["1_0", "١٢", "1e1", " 3"])
def test_so_are_the_numbers_of_a_list(client: FlaskClient, text: str) -> None:
    assert post(client, "/v1/orders", json.dumps({"months": [1, text]}))[0] == 422


def test_plain_numbers_as_text_are_taken(client: FlaskClient) -> None:
    body = {"rate": "-0.11", "months": ["12", 24]}
    assert post(client, "/v1/orders", json.dumps(body)) == (200, {"rate": -0.11, "months": [12, 24]})


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1e3", "1_0", "٣", "²", " 1", "9" * 19, "9" * 5000])
def test_a_whole_number_of_a_parameter_is_plain_digits(text: str) -> None:
    """None that a database could not hold, and none over which Python breaks off."""
    assert whole(text) is None
    assert whole("0" * 17 + "7") == 7


@pytest.mark.parametrize("text", ["9" * 5000, "0", "-1", "", "3600001", "1.5", "١٢", "1e3"])
def test_a_patience_outside_its_range_is_refused(client: FlaskClient, text: str) -> None:
    """Also where nobody need be known."""
    assert client.get("/livez", headers={"X-Timeout-Ms": text}).status_code == 400


@pytest.mark.parametrize("text", ["1", "30000", "3600000"])
def test_a_patience_within_it_is_taken(client: FlaskClient, text: str) -> None:
    assert client.get("/livez", headers={"X-Timeout-Ms": text}).status_code == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_s_text_obeys_the_same_rule(client: FlaskClient, kind: str) -> None:
    answers = [client.post("/v1/forms", data={"a": text}, content_type=kind) for text in ("云", "x\0y")]
    assert [answer.status_code for answer in answers] == [200, 422]
    assert answers[0].json == {"a": "云"}


@pytest.mark.parametrize("path", ["/v1/names/a%00b", "/v1/names/a?q=%00", "/v1/names/a?q=1&r%00=2", "/nowhere%00"])
def test_no_address_holds_a_nul(client: FlaskClient, path: str) -> None:
    """PostgreSQL would break off over it."""
    assert client.get(path).status_code == 400


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "x/y", "application/pdf"])
def test_a_body_that_says_it_is_no_json_is_not_taken_for_an_empty_one(client: FlaskClient, kind: str) -> None:
    """Where every member may be left out, an empty order would mean everything."""
    body = b'{"text":"x"}'
    assert client.post("/v1/orders", data=body, content_type=kind).status_code == 415
    assert client.post("/v1/orders", data=b"", content_type=kind).json == {}
    assert client.post("/v1/orders", data=body, content_type="application/json").json == {"text": "x"}
