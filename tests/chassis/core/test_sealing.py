"""Seals: opened by who has the key, for the row they were made for, and for nobody and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.sealing import PREFIX, SealBroken, Sealer

ONE, TWO = "11" * 32, "22" * 32
NOWHERE = Path("/nonexistent/key")
SEALER = Sealer((ONE,), NOWHERE)


@given(text=st.text(st.characters(exclude_categories=["Cs"])), row=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_is_opened_for_its_row(text: str, row: str) -> None:
    assert SEALER.open(SEALER.seal(text, row), row) == text


@given(place=st.integers(0, 10_000), bit=st.integers(0, 6))
def test_a_seal_that_was_changed_anywhere_is_broken(place: int, bit: int) -> None:
    """One bit of its text is enough; of 39 bytes no sign of Base64 has bits that say nothing."""
    sealed = bytearray(SEALER.seal("11 bytes...", "hook_1").encode())
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(SealBroken):
        SEALER.open(sealed.decode("ascii"), "hook_1")


@given(st.text() | st.text().map(lambda text: PREFIX + text))
def test_what_is_no_seal_is_broken(text: str) -> None:
    with pytest.raises(SealBroken):
        SEALER.open(text, "hook_1")


def test_a_seal_is_of_one_row() -> None:
    """So nobody who can write the table puts a known secret into another's row."""
    with pytest.raises(SealBroken):
        SEALER.open(SEALER.seal("whsec_secret", "hook_1"), "hook_2")


def test_the_first_key_seals_and_all_open() -> None:
    old, new = SEALER.seal("whsec_secret", "hook_1"), Sealer((TWO, ONE), NOWHERE)
    assert new.open(old, "hook_1") == "whsec_secret"
    assert not new.is_newest(old)
    assert new.is_newest(new.seal("whsec_secret", "hook_1"))
    with pytest.raises(SealBroken):
        Sealer((TWO,), NOWHERE).open(old, "hook_1")


def test_two_seals_of_one_secret_differ() -> None:
    """Nobody sees which endpoints share one."""
    assert SEALER.seal("whsec_secret", "hook_1") != SEALER.seal("whsec_secret", "hook_1")


def test_no_representation_shows_a_key() -> None:
    assert ONE not in repr(SEALER)


def test_the_key_of_a_home_is_its_owner_s_alone(tmp_path: Path) -> None:
    """Made at the first use, and with the next key."""
    sealer = Sealer((), tmp_path / "key")
    sealed = sealer.seal("whsec_secret", "hook_1")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    sealer.prepare_key()
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert sealer.open(sealed, "hook_1") == "whsec_secret"
    assert [each.name for each in tmp_path.iterdir()] == ["key"]
