"""A consent that ended is ended everywhere, and says what stays on file."""

from __future__ import annotations

from typing import Any

import pytest
from documented import figure_of, file_reads, moment_of, purpose_of
from profile_house import HEADER, ROW, House

from services.profile.app import create_app
from services.profile.portrait.domain.crosscheck import rules
from services.profile.rights.domain.consent import Field


@pytest.fixture
def stocked(house: House) -> House:
    """Return a house with an invoice of one firm."""
    house.send("invoices.purchase", HEADER + ROW)
    return house


def test_a_revoked_consent_is_refused_at_once_on_another_node(stocked: House, verifier: Any) -> None:
    """Both have read before, so that whatever a node remembers it remembers; the very next read is refused."""
    nodes = [stocked.client, create_app(stocked.context.settings, verifier=verifier).test_client()]
    consent = stocked.consent(fields=list(Field), purposes=("credit-assessment", "procurement"))
    names = {"rule": rules()[0].key, "dimension": "operation", "record": stocked.invoice()}
    asked = {
        f"/v1/enterprises/local:E1{path.format(**names)}": (
            figure_of(path) | moment_of(path),
            purpose_of(path),
        )
        for path in file_reads()
    }

    def read() -> set[int]:
        return {
            node.get(path, query_string=query, headers=stocked.bank(purpose)).status_code
            for node in nodes
            for path, (query, purpose) in asked.items()
        }

    before = read()
    assert stocked.client.post(f"/v1/consents/{consent}/revoke", headers=stocked.owner()).status_code == 200
    assert (before, read()) == ({200}, {403})


def test_an_etag_does_not_open_what_was_revoked(stocked: House) -> None:
    """Whoever holds the bytes is not told that they are still right."""
    consent, path = stocked.consent(), "/v1/enterprises/local:E1/features"
    etag = stocked.client.get(path, headers=stocked.bank()).headers["ETag"]
    stocked.client.post(f"/v1/consents/{consent}/revoke", headers=stocked.owner())
    assert stocked.client.get(path, headers=stocked.bank() | {"If-None-Match": etag}).status_code == 403


def test_a_read_that_finds_nothing_new_is_recorded_all_the_same(stocked: House) -> None:
    """304 tells the reader that what it holds is still right: that is a read."""
    stocked.consent()
    path = "/v1/enterprises/local:E1/features"
    etag = stocked.client.get(path, headers=stocked.bank()).headers["ETag"]
    assert stocked.client.get(path, headers=stocked.bank() | {"If-None-Match": etag}).status_code == 304
    assert len(stocked.client.get("/v1/enterprises/local:E1/accesses", headers=stocked.owner()).json["items"]) == 2


def test_a_firm_is_told_what_stays_on_file_and_by_which_law(stocked: House) -> None:
    """In both languages, each with its basis."""
    consent = stocked.consent()
    told = stocked.client.get(f"/v1/consents/{consent}", headers=stocked.owner()).json
    assert {each["what"] for each in told["kept"]} == {"accesses", "consent", "ledger", "scores"}
    assert all(
        each[part][language] for each in told["kept"] for part in ("title", "basis") for language in ("zh", "en")
    )


@pytest.mark.parametrize("client", ["bank-2", "local:E2"])
def test_a_consent_is_shown_to_its_two_parties_only(stocked: House, client: str) -> None:
    consent = stocked.consent()
    headers = stocked.owner(client) if client.startswith("local") else stocked.bank(client=client)
    assert stocked.client.get(f"/v1/consents/{consent}", headers=headers).status_code == 404
    assert stocked.client.get(f"/v1/consents/{consent}", headers=stocked.bank()).status_code == 200
