"""The ledger verified in a reader's own Chromium, by a third writing of the same rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ledger_books
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from portal_site import StandIn

from chassis.core.merkle import EMPTY
from chassis.core.signing import Signer
from chassis.data.ledger.checkpoint import note, verifier_keys
from chassis.data.ledger.store import Head
from gateway.portal import Answer

Visit = Callable[..., Any]
BOOK = ledger_books.bundle()


def serve(door: StandIn, signed: str, entries: list[dict[str, Any]], key: str = ledger_books.KEY) -> None:
    """Let the services answer with a ledger."""
    size = int(signed.splitlines()[1])
    checkpoint = {"origin": "test", "size": size, "root": "", "note": signed}
    door.answers["GET /ledger/checkpoint"] = Answer(200, checkpoint)
    door.answers["GET /ledger/keys"] = Answer(200, {"origin": "test", "keys": [key]})
    door.answers["GET /ledger/entries"] = Answer(200, {"size": size, "root": "", "items": entries, "next": None})
    door.answers["GET /ledger/proofs/consistency"] = Answer(200, {"proof": BOOK["consistency"]})


@pytest.fixture
def door() -> StandIn:
    stand_in = StandIn()
    serve(stand_in, BOOK["checkpoint"], BOOK["entries"])
    return stand_in


def open_page(visit: Visit, language: str = "zh") -> Any:
    page = visit("/portal/ledger/reads", key="smc_firm", language=language)
    page.wait_for_selector("[data-verified]")
    return page


def continuity(page: Any) -> str | None:
    found: str | None = page.locator("[data-continuity]").get_attribute("data-verdict")
    return found


def verdicts(page: Any) -> list[str]:
    return [cell.get_attribute("data-verdict") for cell in page.locator("[data-entry]").all()]


@pytest.mark.parametrize(("language", "said"), [("zh", "✓ 已核验"), ("en", "✓ proved")])
def test_a_firm_s_browser_proves_signature_and_every_entry(visit: Visit, language: str, said: str) -> None:
    page = open_page(visit, language)
    assert page.locator("[data-signed]").inner_text() == said
    assert verdicts(page) == ["right"] * 5
    assert page.complaints == []


def test_the_next_visit_proves_that_the_ledger_only_grew(visit: Visit, door: StandIn) -> None:
    """The checkpoint of the first visit is kept in the browser."""
    serve(door, BOOK["earlier"], [])
    page = open_page(visit)
    assert page.locator("[data-continuity]").get_attribute("data-verdict") == "first"
    serve(door, BOOK["checkpoint"], BOOK["entries"])
    page.reload()
    page.wait_for_selector("[data-verified]")
    assert page.locator("[data-continuity]").get_attribute("data-verdict") == "grown"


def test_a_ledger_that_lost_its_past_is_found_at_the_next_visit(visit: Visit, door: StandIn) -> None:
    page = open_page(visit)
    serve(door, BOOK["earlier"], [])
    page.reload()
    page.wait_for_selector("[data-verified]")
    assert page.locator("[data-continuity]").get_attribute("data-verdict") == "shrunk"


def test_the_kept_checkpoint_outlives_the_ledger_that_contradicts_it(visit: Visit, door: StandIn) -> None:
    """It is the evidence: a second look must not find the shorter ledger in order."""
    page = open_page(visit)
    serve(door, BOOK["earlier"], [])
    for _ in range(2):
        page.reload()
        page.wait_for_selector("[data-verified]")
    assert continuity(page) == "shrunk"


def test_each_ledger_keeps_its_own_checkpoint(visit: Visit, door: StandIn) -> None:
    """A look at the other one in between does not make the reader forget."""
    page = open_page(visit)
    [other] = verifier_keys("other", ledger_books.SIGNER.public)
    serve(door, note("other", Head(0, EMPTY), ledger_books.SIGNER), [], other)
    page.reload()
    page.wait_for_selector("[data-verified]")
    assert continuity(page) == "first"
    serve(door, BOOK["earlier"], [])
    page.reload()
    page.wait_for_selector("[data-verified]")
    assert continuity(page) == "shrunk"


def test_another_key_does_not_begin_the_ledger_anew(visit: Visit, door: StandIn) -> None:
    """What the old key signed binds the new one too."""
    page = open_page(visit)
    signer = Signer((Ed25519PrivateKey.generate(),))
    [key] = verifier_keys("test", signer.public)
    serve(door, note("test", Head(41, bytes(32)), signer), [], key)
    page.reload()
    page.wait_for_selector("[data-verified]")
    assert page.locator("[data-signed]").get_attribute("data-verdict") == "right"
    assert continuity(page) == "shrunk"


def test_an_empty_ledger_is_not_kept_and_what_was_kept_does_not_continue_in_one(visit: Visit, door: StandIn) -> None:
    """Every ledger would continue it, so it shows nothing: the first that holds entries is the first."""
    serve(door, note("test", Head(0, EMPTY), ledger_books.SIGNER), [])
    page = open_page(visit)
    serve(door, BOOK["checkpoint"], BOOK["entries"])
    page.reload()
    page.wait_for_selector("[data-verified]")
    assert continuity(page) == "first"
    serve(door, note("test", Head(0, EMPTY), ledger_books.SIGNER), [])
    page.reload()
    page.wait_for_selector("[data-verified]")
    assert continuity(page) == "shrunk"


@pytest.mark.parametrize(
    "change",
    [
        *({"leaf": "{}"}, {"subject": "local:other"}, {"n": 8}, {"proof": []}),
        *({"salt": None}, {"salt": None, "actor": "bank-2"}, {"actor": None}),
        {"salt": BOOK["entries"][1]["salt"][:-2], "actor": chr(0) + str(BOOK["entries"][1]["actor"])},
    ],
    ids=["leaf", "name", "place", "proof", "no salt", "name without salt", "name withheld", "short salt"],
)
def test_an_entry_that_was_changed_is_not_proved(visit: Visit, door: StandIn, change: dict[str, Any]) -> None:
    """It alone; the others stand."""
    entries = [each | change if place == 1 else each for place, each in enumerate(BOOK["entries"])]
    if "leaf" in change:
        entries[1]["leaf"] = BOOK["entries"][1]["leaf"].replace("con_1", "con_2")
    serve(door, BOOK["checkpoint"], entries)
    assert verdicts(open_page(visit)) == ["right", "wrong", "right", "right", "right"]


def test_another_key_proves_nothing(visit: Visit) -> None:
    """A reader may paste the key that was kept; where it did not sign, nothing is proved."""
    page = open_page(visit)
    field = page.locator("#ledger-key")
    field.fill(ledger_books.KEY[:-6] + "AAAAA=")
    field.blur()
    page.wait_for_selector("[data-signed][data-verdict=wrong]")
    page.wait_for_function(f"() => document.querySelectorAll('[data-verdict=wrong]').length >= {len(BOOK['entries'])}")
    assert verdicts(page) == ["wrong"] * 5


def test_a_ledger_without_entries_says_so(visit: Visit, door: StandIn) -> None:
    serve(door, BOOK["checkpoint"], [])
    assert "还没有与您有关的条目" in open_page(visit).locator("main").inner_text()


def test_without_scripts_nothing_is_said_to_be_checked(visit: Visit) -> None:
    """The entries stand there, and what proving them takes is said."""
    page = visit("/portal/ledger/reads", key="smc_firm", java_script_enabled=False)
    said = page.content()
    assert "核验在您的浏览器中进行，需要启用脚本" in said
    assert page.locator("td[data-entry]").all_inner_texts() == ["—"] * 5
    assert page.locator("[data-signed]").inner_text() == "—"
