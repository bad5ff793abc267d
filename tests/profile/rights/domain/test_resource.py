"""The table of what a consent opens."""

from __future__ import annotations

from services.profile.rights.domain.consent import Field, Purpose
from services.profile.rights.domain.resource import Resource, table, title_of, uncounted
from services.profile.standards.text import Text

SCORES = {Resource.NEW_SCORE, Resource.SCORE, Resource.OWN_SCORES}
MATCHES = {Resource.MATCH, Resource.STORED_MATCH}


def test_an_individual_score_needs_the_field_score_to_assess_or_to_monitor() -> None:
    for resource in SCORES:
        assert table()[resource].fields == {Field.SCORE}
        assert set(table()[resource].purposes) == {Purpose.ASSESSMENT, Purpose.MONITORING}


def test_a_match_tells_a_score_and_so_needs_the_field_score() -> None:
    assert {table()[resource].fields for resource in MATCHES} == {frozenset({Field.SCORE})}


def test_a_mandate_to_act_opens_nothing_to_read_and_a_consent_to_read_is_no_mandate() -> None:
    """To apply for a firm and to accept for it are purposes of their own, each for its one act."""
    for purpose, act in ((Purpose.APPLICATION, Resource.APPLICATION), (Purpose.ACCEPTANCE, Resource.ACCEPTANCE)):
        assert {resource for resource, terms in table().items() if purpose in terms.purposes} == {act}
        assert table()[act].purposes == (purpose,)


def test_training_opens_tables_and_nothing_of_an_individual() -> None:
    opened = {resource for resource, terms in table().items() if Purpose.TRAINING in terms.purposes}
    assert opened == {Resource.FEATURE_SET, Resource.GRAPH_SET}


def test_measures_are_a_field_of_their_own() -> None:
    """Beside the mandates, for which any field will do, as they open nothing to read."""
    mandates = {Resource.APPLICATION, Resource.ACCEPTANCE}
    holders = {resource for resource, terms in table().items() if Field.MEASURES in terms.fields}
    assert holders == {Resource.MEASURES} | mandates


def test_every_field_that_a_firm_can_choose_opens_something() -> None:
    assert frozenset().union(*(terms.fields for terms in table().values())) == set(Field)


def test_what_is_not_recorded_is_not_counted_either() -> None:
    """A limit that a firm sets is worked off by reads that it can see."""
    assert {resource for resource, terms in table().items() if not terms.recorded} <= uncounted()


def test_every_read_has_a_name_in_both_languages() -> None:
    assert all(terms.title.zh and terms.title.en for terms in table().values())


def test_a_read_is_called_by_its_resource_whatever_part_of_it_was_read() -> None:
    assert title_of("portrait/operation").en == "The credit portrait"


def test_a_record_of_another_time_is_told_as_it_stands() -> None:
    assert title_of("dossier") == Text("dossier", "dossier")
