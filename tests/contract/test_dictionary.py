"""Every field of every answer has a title in Chinese and English and a source in the data dictionary."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from flask import Flask

from gateway.app import own_api
from gateway.door.routes import SERVICES
from gateway.reference.dictionary import Dictionary, merged_dictionary
from gateway.reference.documents import own_terms
from gateway.reference.openapi import OWN, merged_spec


@cache
def dictionary(home: str) -> Dictionary:
    """Return the suite's dictionary as the code has it now."""
    specs: dict[str, Any] = {OWN: own_api(Flask("gateway", static_folder=None)).document()}
    tables: dict[str, Any] = {OWN: own_terms()}
    for name in SERVICES:
        client = importlib.import_module(f"services.{name}.app").create_app().test_client()
        specs[name], tables[name] = client.get("/openapi.json").json, client.get("/dictionary").json
    return merged_dictionary(merged_spec(specs), tables)


def test_every_field_of_every_answer_is_in_the_dictionary(monkeypatch: Any, tmp_path_factory: Any) -> None:
    """What is missing is listed as the lines to add."""
    missing = _made(monkeypatch, tmp_path_factory).lines_to_add()
    assert not missing, "add a title for each of these:\n" + "\n".join(missing)


def test_every_entry_is_said_in_both_languages_and_names_its_source(monkeypatch: Any, tmp_path_factory: Any) -> None:
    """An empty word would pass for a title."""
    entries = _made(monkeypatch, tmp_path_factory).entries
    bad = [each for each in entries if not (each["title"]["zh"] and each["title"]["en"] and each["source"])]
    assert bad == []


def test_every_feature_is_in_the_dictionary_with_its_unit(monkeypatch: Any, tmp_path_factory: Any) -> None:
    """They come from the catalogue, so that none can be forgotten."""
    catalogue = importlib.import_module("services.profile.portrait.domain.features").CATALOGUE
    units = {each["field"]: each["unit"] for each in _made(monkeypatch, tmp_path_factory).entries}
    assert {f"values.{feature.name}": feature.unit for feature in catalogue}.items() <= units.items()


def _made(monkeypatch: Any, folders: Any) -> Dictionary:
    home = str(folders.getbasetemp() / "dictionary")
    monkeypatch.setenv("SMECREDIT_HOME", home)
    return dictionary(home)
