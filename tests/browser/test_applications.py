"""An application from the firm's match to the bank's payout, in a real Chromium over a real matching service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from matching_door import MatchingDoor, matching_door

from chassis.core.identity import Verifier

Visit = Callable[..., Any]
LIST = "/portal/applications"


@pytest.fixture
def door(tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> Iterator[MatchingDoor]:
    """Return the door to a real matching service."""
    made = matching_door(tmp_path, verifier, tokens)
    yield made
    made.app.extensions["database"].dispose()


def apply(visit: Visit, **how: Any) -> Any:
    """Ask what fits and apply for the first product, as the firm would; return its page."""
    page = visit("/portal/enterprise/matching", key="smc_firm", language="en", **how)
    page.get_by_role("button", name="Match", exact=True).click()
    page.get_by_role("checkbox", name="Apply for this one Tax invoice loan").check()
    page.get_by_role("button", name="Next: check and apply").click()
    page.get_by_label("Papers (several at once)").set_input_files(
        [{"name": "a.pdf", "mimeType": "", "buffer": b"scan"}]
    )
    page.get_by_role("button", name="Apply", exact=True).click()
    page.get_by_role("status").wait_for()
    return page


def offer(page: Any, amount: str, rate: str) -> None:
    """Fill the form of an offer in and send it."""
    page.get_by_label("Amount (yuan)").fill(amount)
    page.get_by_label("Rate a year (%)").fill(rate)
    page.get_by_role("button", name="Make this offer").click()


def accept(page: Any, number: int) -> None:
    """Tick that an offer was read, and accept it."""
    page.get_by_label(f"I have read all of offer {number}").check()
    page.get_by_role("button", name=f"Accept offer {number}").click()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_firm_applies_a_bank_offers_and_the_firm_accepts(visit: Visit, width: int) -> None:
    """A re-offer in between is told to the firm; no page breaks its policy or the screen."""
    firm = apply(visit, width=width)
    bank = visit(LIST, key="smc_bank", language="en", width=width)
    bank.get_by_role("link", name="Tax invoice loan").click()
    offer(bank, "900,000", "4.35")
    assert "it must lie from ¥10,000.00 to ¥500,000.00" in bank.get_by_role("alert").inner_text()
    assert bank.get_by_label("Amount (yuan)").get_attribute("aria-invalid") == "true"
    bank.complaints.clear()  # the browser says of each refusal that it was one
    offer(bank, "400,000", "4.35")
    bank.get_by_role("status").wait_for()

    firm.reload()
    bank.get_by_text("Offer anew (offer 2)").click()
    offer(bank, "300,000", "4")
    bank.get_by_role("status").wait_for()
    accept(firm, 1)
    assert "offer 2 stands now. Nothing was accepted" in firm.get_by_role("alert").inner_text()
    firm.complaints.clear()
    accept(firm, 2)
    assert "entered in the agreement ledger" in firm.get_by_role("status").inner_text()

    bank.reload()
    bank.get_by_role("button", name="Report the payout").click()
    bank.get_by_role("status").wait_for()
    firm.goto(firm.url.partition(LIST)[0] + LIST)
    assert "Paid out" in firm.locator("tbody").inner_text()
    assert [page.evaluate("document.documentElement.scrollWidth") for page in (firm, bank)] == [width] * 2
    assert (firm.complaints, bank.complaints) == ([], [])


def test_all_of_it_works_without_scripts(visit: Visit, door: MatchingDoor) -> None:
    firm = apply(visit, java_script_enabled=False)
    firm.get_by_text("Withdraw the application").click()
    firm.get_by_role("button", name="Withdraw now").click()
    assert "Withdrawn." in firm.get_by_role("status").inner_text()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(("key", "path"), [("smc_bank", "/portal/notices"), ("smc_firm", "/portal/mandates")])
def test_nothing_is_cut_on_a_narrow_or_a_wide_screen(
    visit: Visit, key: str, path: str, width: int, language: str
) -> None:
    """No table of notices or mandates goes on beyond its edge."""
    page = visit(path, key=key, language=language, width=width)
    tables = page.locator(".scroll").evaluate_all("all => all.map(each => each.scrollWidth - each.clientWidth)")
    assert set(tables) == {0}
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_button_that_ends_a_mandate_stands_on_one_line(visit: Visit) -> None:
    """Beside long English dates, too."""
    page = visit("/portal/mandates", key="smc_firm", language="en")
    button = page.get_by_role("button", name="End it")
    assert button.evaluate("each => each.getClientRects().length") == 1


def test_on_a_phone_a_row_is_a_card(visit: Visit) -> None:
    """Each cell stands under the name of its column, and the table scrolls to no side."""
    apply(visit)
    page = visit(LIST, key="smc_bank", language="en", width=390)
    assert page.locator("thead").evaluate("each => each.getBoundingClientRect().width") <= 1
    label = page.locator("td[data-label=Amount]").evaluate("each => getComputedStyle(each, '::before').content")
    assert label == '"Amount"'
    assert page.locator(".scroll").evaluate("each => each.scrollWidth <= each.clientWidth")
