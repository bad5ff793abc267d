"""Services share no code: the words that one says and another asks for are the same all the same."""

from __future__ import annotations

import importlib

from services.scoring.domain import overlay
from services.scoring.domain.counting import Counts

AGAINST = importlib.import_module("services.profile.portrait.domain.against")
PUBLIC_RECORD = importlib.import_module("services.profile.book.domain.public_record")
MATCHING = importlib.import_module("services.matching.domain.counting")


def test_expert_rules_ask_for_the_records_that_the_profile_tells() -> None:
    """Else a rule would be met by nobody, and say nothing of it; minor records are not told."""
    assert set(overlay.TYPES) == set(AGAINST.SORTS) <= set(PUBLIC_RECORD.RECORDS.values())
    assert set(overlay.TIERS) == {*PUBLIC_RECORD.TIERS.values(), ""} - {AGAINST.MINOR}
    assert set(overlay.TAX_GRADES) == set(PUBLIC_RECORD.GRADES.values())


def test_a_product_counts_by_the_words_of_a_score() -> None:
    assert [each.value for each in MATCHING.Counts] == [each.value for each in Counts]
