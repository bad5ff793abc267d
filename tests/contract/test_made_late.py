"""What an application makes when it is first asked for it is whole: no start finds a broken rule or word any more."""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from chassis.web.app import App, LazyRule
from gateway.app import create_app
from gateway.door.routes import SERVICES
from gateway.reference.documents import own_terms

HOST = "here.test"
SAMPLES = {"IntegerConverter": 7, "UUIDConverter": "0190a9a0-0000-7000-8000-000000000000", "FloatConverter": 1.5}


def sample(rule: Rule) -> dict[str, Any]:
    """Return a value for each part of a rule's address that varies."""
    return {name: SAMPLES.get(type(how).__name__, "x") for name, how in rule._converters.items()}


def unwritten(app: Flask) -> list[str]:
    """Return the rules of an application that write no address, or one that does not lead back to them."""
    addresses, missing = app.url_map.bind(HOST), []
    for rule in app.url_map.iter_rules():
        method = next(iter(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})), "GET")
        address = addresses.build(rule.endpoint, sample(rule), method)
        if addresses.match(address, method) != (rule.endpoint, {**sample(rule), **(rule.defaults or {})}):
            missing.append(rule.rule)
    return missing


@pytest.mark.parametrize("name", SERVICES)
def test_every_rule_of_a_service_writes_its_address_and_every_word_is_served(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path))
    app = importlib.import_module(f"services.{name}.app").create_app()
    assert any(isinstance(rule, LazyRule) and rule._converters for rule in app.url_map.iter_rules())
    assert unwritten(app) == []
    answer = app.test_client().get("/dictionary")
    assert answer.status_code == 200
    assert [word for word, said in answer.json.items() if not (said["zh"] and said["en"] and said["source"])] == []


def test_every_rule_of_the_gateway_writes_its_address_and_every_word_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMECREDIT_HOME", str(tmp_path))
    assert unwritten(create_app()) == []
    assert [word for word, said in own_terms().items() if not (said["zh"] and said["en"] and said["source"])] == []


def ruled() -> App:
    app = App("ruled", static_folder=None)
    app.add_url_rule("/firms/<int:id>/<part>", "firm", lambda **_: "")
    return app


def test_a_rule_that_writes_no_address_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk above can fail: such a rule starts well, and says so only when it is asked."""
    assert unwritten(ruled()) == []
    monkeypatch.setattr(Rule, "_compile_builder", lambda *_: 1 / 0)
    app = ruled()
    with pytest.raises(ZeroDivisionError):
        unwritten(app)


def test_a_release_whose_rules_are_taught_otherwise_writes_addresses_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What we override is then asked for by nobody, and not missed."""
    compiled, taught = Rule.compile, Rule._compile_builder

    def compiled_otherwise(rule: Rule) -> None:
        monkeypatch.setattr(rule, "_compile_builder", partial(taught, rule), raising=False)
        compiled(rule)

    monkeypatch.setattr(Rule, "compile", compiled_otherwise)
    monkeypatch.delattr(Rule, "_compile_builder")
    assert unwritten(ruled()) == []
