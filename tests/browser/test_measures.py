"""Joint incentives and restrictions, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from portal_site import StandIn

Visit = Callable[..., Any]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_measures_of_a_firm_stand_on_its_page_without_a_complaint(visit: Visit, language: str, width: int) -> None:
    """No breach of the policy, and the page is not wider than the screen."""
    page = visit("/portal/enterprise", key="smc_firm", language=language, width=width)
    assert page.locator("#measures tbody tr:visible").count() == 2
    page.locator("#measures summary").click()
    assert page.locator("#measures tbody tr:visible").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.complaints == []


def test_the_operator_sets_a_measure_by_its_basis_without_a_script(visit: Visit, door: StandIn) -> None:
    page = visit("/portal/measures", key="smc_operator", language="en")
    page.get_by_label("Legal basis", exact=True).select_option("dishonest-debtors-2017")
    page.get_by_role("button", name="Choose").click()
    for label, value in (
        ("Enterprise id", "local:E17"),
        ("Authority", "某区人民法院"),
        ("Number of the decision", "D1"),
        ("First day", "2026-10-08"),
        ("Last day", "2028-10-08"),
    ):
        page.locator("form.grant").get_by_label(label, exact=True).fill(value)
    page.get_by_label("Restricted or dearer credit").check()
    page.get_by_role("button", name="Set", exact=True).click()
    assert "is set" in page.get_by_role("status").inner_text()
    [call] = door.asked("POST /measures")
    assert (call["json"]["list"], call["json"]["scope"]) == ("black", ["restrict-credit"])
    assert page.complaints == []


def test_the_operator_ends_a_measure_with_a_reason(visit: Visit, door: StandIn) -> None:
    page = visit("/portal/measures", key="smc_operator", language="en")
    row = page.locator("tbody tr").nth(1)
    row.locator("summary").click()
    row.get_by_label("Reason").fill("paid in full")
    row.get_by_role("button", name="End now").click()
    assert "has ended" in page.get_by_role("status").inner_text()
    [call] = door.asked("POST /measures/mea_2/end")
    assert call["json"] == {"reason": "paid in full"}
    assert page.complaints == []
