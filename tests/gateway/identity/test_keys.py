"""API keys: their form, what is stored of them, and that they are shown to nobody."""

from __future__ import annotations

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import keys

PEPPER = b"a pepper"


def test_a_minted_key_is_parsed_back_to_itself() -> None:
    """What is shown to a client is what the client can send."""
    minted = keys.mint()
    assert keys.parse(minted.text) == minted


def test_a_key_carries_192_random_bits() -> None:
    """The secret part is 48 hexadecimal digits."""
    assert len(keys.mint().text.split("_")[2]) * 4 == 192


@given(st.text(max_size=100))
def test_no_other_text_is_a_key(text: str) -> None:
    """Whatever is not of the form is refused before anything is looked up."""
    assert keys.parse(text) is None


def test_the_digest_is_hmac_sha256_under_the_pepper() -> None:
    """The stored digest equals the standard library's HMAC (RFC 2104)."""
    assert keys.digest("smc_x", PEPPER) == hmac.new(PEPPER, b"smc_x", hashlib.sha256).digest()


def test_a_key_does_not_match_under_another_pepper() -> None:
    """A copy of the table is worth nothing without the pepper."""
    text = keys.mint().text
    assert not keys.matches(text, keys.digest(text, PEPPER), b"another pepper")


def test_the_text_of_a_key_is_not_in_its_representation() -> None:
    """A key that is printed by mistake shows its public id only."""
    minted = keys.mint()
    assert minted.text.split("_")[2] not in repr(minted)
