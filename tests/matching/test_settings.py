"""What production refuses to start with, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.core.settings import SettingsError
from services.matching.settings import Settings

KEY = "ab" * 32


@pytest.fixture(autouse=True)
def production(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Stand the service where default secrets are refused, with all that it needs there."""
    monkeypatch.setenv("SMECREDIT_ENV", "production")
    monkeypatch.setenv("MATCHING_LEDGER_KEYS", KEY)
    monkeypatch.setenv("MATCHING_SECRET_KEYS", KEY)


def test_production_starts_with_keys_of_its_own() -> None:
    settings = Settings.from_environment()
    assert (settings.secret_keys, settings.private_webhooks) == ((KEY,), False)
    assert KEY not in repr(settings)


def test_production_refuses_webhooks_to_addresses_of_its_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would open the inside to whoever names an address."""
    monkeypatch.setenv("MATCHING_PRIVATE_WEBHOOKS", "true")
    with pytest.raises(SettingsError, match="MATCHING_PRIVATE_WEBHOOKS: production refuses it"):
        Settings.from_environment()


@pytest.mark.parametrize("keys", [None, "short", "AB" * 32, f"{KEY},"])
def test_production_refuses_to_seal_with_keys_of_a_home(monkeypatch: pytest.MonkeyPatch, keys: str | None) -> None:
    """Or with what is no key."""
    monkeypatch.delenv("MATCHING_SECRET_KEYS")
    if keys is not None:
        monkeypatch.setenv("MATCHING_SECRET_KEYS", keys)
    with pytest.raises(SettingsError, match="MATCHING_SECRET_KEYS"):
        Settings.from_environment()
