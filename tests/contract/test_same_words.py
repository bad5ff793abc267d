"""Services share no code: the words that one says and another asks for are the same all the same."""

from __future__ import annotations

import importlib
from typing import get_args

from services.scoring.domain import block, overlay
from services.scoring.domain.counting import Counts
from smecredit.answers.models import Block

AGAINST = importlib.import_module("services.profile.portrait.domain.against")
PUBLIC_RECORD = importlib.import_module("services.profile.book.domain.public_record")
BLOCKS = importlib.import_module("services.profile.portrait.usecases.add_blocks")
SHOWN = importlib.import_module("services.profile.portrait.api.shown")
MATCHING = importlib.import_module("services.matching.domain.counting")


def test_expert_rules_ask_for_the_records_that_the_profile_tells() -> None:
    """Else a rule would be met by nobody, and say nothing of it; minor records are not told."""
    assert set(overlay.TYPES) == set(AGAINST.SORTS) <= set(PUBLIC_RECORD.RECORDS.values())
    assert set(overlay.TIERS) == {*PUBLIC_RECORD.TIERS.values(), ""} - {AGAINST.MINOR}
    assert set(overlay.TAX_GRADES) == set(PUBLIC_RECORD.GRADES.values())


def test_a_product_counts_by_the_words_of_a_score() -> None:
    assert [each.value for each in MATCHING.Counts] == [each.value for each in Counts]


def test_a_training_asks_for_blocks_by_the_names_that_the_profile_gives_them() -> None:
    """And so does the client; the catalogue tells the figures of each, which are those that are read."""
    catalogue = SHOWN.catalogue()["blocks"]
    assert set(block.TITLES) == {*BLOCKS.Block} == set(get_args(Block)) == catalogue.keys()
    for name, entries in catalogue.items():
        assert tuple(entry["name"] for entry in entries) == BLOCKS.names_of([BLOCKS.Block(name)])
        assert all(entry["model"] and entry["direction"] for entry in entries)
