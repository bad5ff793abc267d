"""Outsiders send generated requests to a town with data, scores and applications: a short form of `make attack`."""

from __future__ import annotations

from attack.run import Attack, Record
from attack.stage import filled
from town import Town

REQUESTS = 400
SEED = 71


def test_no_outsider_breaks_the_suite_or_its_document_or_is_told_what_is_another_s(town: Town) -> None:
    """0 × 5xx, 0 answers unlike the OpenAPI, 0 marks of the owner's file and of its bank's orders."""
    record = Attack(filled(town), SEED, Record(), inside=False).run(REQUESTS)
    assert record.done == REQUESTS
    assert record.found == []
    assert sum(record.told.values()) > REQUESTS / 20, "the requests come nowhere"
