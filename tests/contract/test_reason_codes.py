"""The list of reason codes covers the catalogue, and what was once issued stays as it was."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

from services.scoring.domain import reason_codes

ROOT = Path(__file__).parents[2]
LOCK = tomllib.loads((ROOT / "tests/contract/reason_codes.lock.toml").read_text("utf-8"))
CATALOGUE = importlib.import_module("services.profile.portrait.domain.features").CATALOGUE
OFFERED = importlib.import_module("services.profile.graph.domain.figures.declared").OFFERED


def test_every_feature_has_a_code_for_either_side_in_the_words_of_the_catalogue() -> None:
    """What is missing or says something else is listed."""
    listed = {(each.feature, each.side): (each.title, each.compares, each.changeable) for each in reason_codes.codes()}
    wanted = {}
    changeable = {one.name: one.actionable != "immutable" for one in CATALOGUE}
    for one in (*CATALOGUE, *OFFERED):
        for side, phrase in (("costs", one.worse), ("earns", one.better)):
            compares = {"zh": one.title.zh, "en": one.title.en}
            wanted[one.name, side] = {"zh": phrase.zh, "en": phrase.en}, compares, changeable.get(one.name, False)
    differing = {key: (said, listed.get(key)) for key, said in wanted.items() if listed.get(key) != said}
    assert differing == {}


def test_a_code_stands_for_one_feature_and_one_side() -> None:
    codes = [each.code for each in reason_codes.codes()]
    assert len(codes) == len(set(codes))


def test_a_code_that_was_issued_still_stands_for_its_feature() -> None:
    """Neither reused nor taken away: a score of years ago is read with the list of today."""
    now = {str(number): feature for number, feature in reason_codes.issued()}
    for issued in LOCK["versions"].values():
        assert issued["codes"].items() <= now.items()


def test_the_list_is_the_one_that_was_committed_under_its_version() -> None:
    """A changed word is a new version: raise `version` and add it to the lock with all its codes and this digest."""
    committed = LOCK["versions"].get(reason_codes.version())
    assert committed is not None, f"lock {reason_codes.version()} as {reason_codes.digest()}"
    assert committed["sha256"] == reason_codes.digest()
    assert committed["codes"] == {str(number): feature for number, feature in reason_codes.issued()}


def test_every_code_names_the_version_that_brought_it() -> None:
    """A code of a version has that version's lock, or a later one than its own."""
    for each in reason_codes.codes():
        assert each.code[1:] in LOCK["versions"][each.since]["codes"]


def test_every_code_says_how_to_improve_in_both_languages() -> None:
    for each in reason_codes.codes():
        assert each.improve["zh"]
        assert each.improve["en"]
