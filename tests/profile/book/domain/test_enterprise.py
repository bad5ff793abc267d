"""Enterprise ids and the unified social credit code, on the standards' own vectors and an independent oracle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.standards.codes import (
    USCC_ALPHABET,
    NotAnEnterpriseId,
    body_check,
    enterprise_id,
    uscc_check,
    uscc_fault,
)

VALID = ["91350100M000100Y43", "91110108551385082Q", "91110000600037341L", "11320000MB151840XJ"]
LETTERS = [sign for sign in USCC_ALPHABET if sign not in "0123456789"]


def codes() -> st.SearchStrategy[str]:
    """Return codes with both check characters right."""
    return st.builds(
        lambda head, region, body: _checked(head + region, body),
        st.sampled_from(["91", "92", "11", "Y1", "A1", "N2"]),
        st.from_regex(r"[0-9]{6}", fullmatch=True),
        st.text(USCC_ALPHABET, min_size=8, max_size=8),
    )


def _checked(first: str, body: str) -> str:
    whole = first + body + body_check(body)
    return whole + uscc_check(whole)


@pytest.mark.parametrize("code", VALID)
def test_codes_of_the_standard_are_valid(code: str) -> None:
    """Codes that exist pass both checks."""
    assert uscc_fault(code) is None


def test_a_wrong_body_check_is_found_though_the_last_character_agrees() -> None:
    """An often shown example fails in the organisation body."""
    assert "place 17" in str(uscc_fault("91310115MA1H8R7C6D"))


@given(codes(), st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_one_wrong_character_is_always_found(code: str, place: int, sign: str) -> None:
    """No single slip of the pen passes."""
    changed = code[:place] + sign + code[place + 1 :]
    assert (uscc_fault(changed) is None) == (changed == code)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("E17", "local:E17"),
        (" local:E17 ", "local:E17"),
        ("91350100m000100y43", "uscc:91350100M000100Y43"),
        ("uscc:91110108551385082Q", "uscc:91110108551385082Q"),
    ],
)
def test_an_id_has_one_form(written: str, meant: str) -> None:
    """However it is written, an enterprise has one id."""
    assert enterprise_id(written) == meant


@pytest.mark.parametrize(
    "written", ["", "local:", "a b", "x:y", "91310115MA1H8R7C6D", "local:a/b", "local:" + "x" * 65, "91350100M000100Y4"]
)
def test_what_is_no_id_is_refused(written: str) -> None:
    """Nothing unaddressable or unchecked becomes an id."""
    with pytest.raises(NotAnEnterpriseId):
        enterprise_id(written)


@given(codes())
def test_the_id_of_an_id_is_itself(code: str) -> None:
    """Bringing an id to its form twice changes nothing."""
    assert enterprise_id(enterprise_id(code)) == f"uscc:{code}"
