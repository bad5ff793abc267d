"""The form of a consent: empty unless the firm asks for a preset, and what each preset opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from portal_site import StandIn

from chassis.core.moments import today
from gateway.portal.language import catalogue
from gateway.portal.pages.enterprise import FIELDS, PRESETS
from services.profile.rights.domain.resource import Resource, table

SignedIn = Callable[..., FlaskClient]
OWN = "/portal/enterprise"
# A match is worked out from figures, and told with the score.
SOFT = {"features", "feature-set", "match", "stored-match"}


def ticked(page: str) -> list[str]:
    return re.findall(r'type="checkbox" name="[a-z]+" value="([a-z-]+)" checked', page)


def opened(name: str) -> set[str]:
    """Return what a preset opens to its holder, by the service's own table."""
    preset = PRESETS[name]
    return {
        str(each)
        for each, entry in table().items()
        if set(preset.purposes) & set(entry.purposes) and set(preset.fields) & set(entry.fields)
    }


@pytest.mark.parametrize("path", [OWN, f"{OWN}?preset=all"])
def test_nothing_is_ticked_beforehand(signed_in: SignedIn, path: str) -> None:
    """Nor is there a last day."""
    page = signed_in("smc_firm").get(path).text
    assert ticked(page) == []
    assert re.search(r'id="valid_until"[^>]*value=""', page)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fills_the_form_and_gives_nothing(signed_in: SignedIn, door: StandIn, name: str) -> None:
    """Its link stands above the form; what it filled in can be changed before it is sent."""
    client = signed_in("smc_firm")
    address = f"{OWN}?preset={name}"
    assert f'href="{address}#new-consent"' in client.get(OWN).text
    page = client.get(address).text
    preset = PRESETS[name]
    assert set(ticked(page)) == {*preset.purposes, *preset.fields}
    assert f'value="{today() + timedelta(days=preset.days)}"' in page
    assert door.asked("POST /consents") == []


def test_a_soft_match_opens_a_match_and_no_file() -> None:
    """No portrait, no single record, no measure, no tie."""
    assert opened("match") == SOFT


@pytest.mark.parametrize(("name", "needed"), [("credit", Resource.NEW_SCORE), ("loan", Resource.ALERTS)])
def test_a_preset_opens_what_it_is_for(name: str, needed: Resource) -> None:
    """And no preset opens single records or the graph of ties."""
    assert needed in opened(name)
    assert not {"evidence", "late-payments", "graph"} & opened(name)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_content_says_what_it_opens(signed_in: SignedIn, language: str) -> None:
    page = signed_in("smc_firm", language).get(OWN).text
    for field in FIELDS:
        assert f'<span class="quiet">{catalogue()["field_note"][field][language == "en"]}</span>' in page
