"""The gateway's commands and settings, as an operator runs them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from chassis.core.settings import SettingsError
from gateway import settings as environment
from gateway.cli import main
from gateway.identity.roles import DEVELOPMENT_CLIENTS


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def keys(home: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((home / "keys.json").read_text())
    return found


def test_the_development_identities_are_one_command(home: Path) -> None:
    """A key for each, in a file that only its owner reads."""
    assert run("identities", "--development").exit_code == 0
    assert keys(home).keys() == DEVELOPMENT_CLIENTS.keys()
    assert stat.S_IMODE((home / "keys.json").stat().st_mode) == 0o600


def test_the_development_keys_open_the_gateway(home: Path, gateway: Callable[..., Flask]) -> None:
    """With the settings that a development machine has."""
    run("identities", "--development")
    client = gateway().test_client()
    for key in keys(home).values():
        assert client.get("/v1/catalogue", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_keys_that_work_are_kept_by_a_second_run(home: Path) -> None:
    """A restart must not lock anybody out."""
    run("identities", "--development")
    before = keys(home)
    run("identities", "--development")
    assert keys(home) == before


def test_a_lost_file_of_keys_is_mended(home: Path, gateway: Callable[..., Flask]) -> None:
    """The lost keys end, new ones are made."""
    run("identities", "--development")
    before = keys(home)
    (home / "keys.json").unlink()
    run("identities", "--development")
    client = gateway().test_client()
    old, new = before["bank-demo"], keys(home)["bank-demo"]
    assert client.get("/v1/catalogue", headers={"Authorization": f"Bearer {old}"}).status_code == 401
    assert client.get("/v1/catalogue", headers={"Authorization": f"Bearer {new}"}).status_code == 200


def test_production_refuses_development_identities(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to do instead, and writes nothing."""
    monkeypatch.setenv("SMECREDIT_ENV", "production")
    monkeypatch.setenv("GATEWAY_KEY_PEPPER", "x" * 32)
    monkeypatch.setenv("GATEWAY_SECRET_KEYS", "ab" * 32)
    result = run("identities", "--development")
    assert result.exit_code != 0
    assert "gateway.cli client" in result.output
    assert not (home / "keys.json").exists()


@pytest.mark.parametrize("pepper", [None, environment.DEVELOPMENT_PEPPER, "short"])
def test_production_refuses_a_default_or_short_pepper(
    home: Path, monkeypatch: pytest.MonkeyPatch, pepper: str | None
) -> None:
    """The variable is named, its value is not."""
    monkeypatch.setenv("SMECREDIT_ENV", "production")
    if pepper:
        monkeypatch.setenv("GATEWAY_KEY_PEPPER", pepper)
    with pytest.raises(SettingsError, match="GATEWAY_KEY_PEPPER") as refusal:
        environment.Settings.from_environment()
    assert pepper is None or pepper not in str(refusal.value)


@pytest.mark.parametrize("keys", [None, "short"])
def test_production_refuses_to_seal_with_a_key_of_a_home(
    home: Path, monkeypatch: pytest.MonkeyPatch, keys: str | None
) -> None:
    """The secrets of second factors and their key would lie in the same backup of a disk."""
    monkeypatch.setenv("SMECREDIT_ENV", "production")
    monkeypatch.setenv("GATEWAY_KEY_PEPPER", "x" * 32)
    if keys:
        monkeypatch.setenv("GATEWAY_SECRET_KEYS", keys)
    with pytest.raises(SettingsError, match="GATEWAY_SECRET_KEYS"):
        environment.Settings.from_environment()


@pytest.mark.parametrize(
    ("env", "said", "roles"),
    [
        ("production", None, {"operator", "bank"}),
        ("production", "", {"operator", "bank"}),
        ("production", "none", set()),
        ("production", "platform", {"platform"}),
        ("development", None, set()),
        ("development", "operator", {"operator"}),
    ],
)
def test_production_asks_operators_and_banks_for_a_second_factor(
    home: Path, monkeypatch: pytest.MonkeyPatch, env: str, said: str | None, roles: set[str]
) -> None:
    """Where nothing else is said; a demonstration asks nobody."""
    monkeypatch.setenv("SMECREDIT_ENV", env)
    monkeypatch.setenv("GATEWAY_KEY_PEPPER", "x" * 32)
    monkeypatch.setenv("GATEWAY_SECRET_KEYS", "ab" * 32)
    if said is not None:
        monkeypatch.setenv("GATEWAY_SECOND_FACTOR_ROLES", said)
    assert environment.Settings.from_environment().second_factor_roles == roles


@pytest.mark.parametrize(
    "url", ["credit.example", "http://credit.example", "https://credit.example/portal", "https://"]
)
def test_a_public_address_is_one_that_browsers_make_passkeys_for(
    home: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("GATEWAY_PORTAL_URL", url)
    with pytest.raises(SettingsError, match="GATEWAY_PORTAL_URL"):
        environment.Settings.from_environment()


@pytest.mark.parametrize("roles", ["approver", "none,bank"])
def test_a_role_that_there_is_not_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch, roles: str) -> None:
    """A misspelt role would ask nobody."""
    monkeypatch.setenv("GATEWAY_SECOND_FACTOR_ROLES", roles)
    with pytest.raises(SettingsError, match="GATEWAY_SECOND_FACTOR_ROLES"):
        environment.Settings.from_environment()


def test_the_portal_is_where_the_token_endpoint_is_if_nothing_else_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_TOKEN_URL", "https://credit.example/oauth/token")
    assert environment.Settings.from_environment().portal_url == "https://credit.example"
    monkeypatch.setenv("GATEWAY_PORTAL_URL", "https://portal.example")
    assert environment.Settings.from_environment().portal_url == "https://portal.example"


def test_settings_do_not_print_their_secrets(home: Path) -> None:
    """A representation in a traceback shows no pepper and no address of a Redis with a password."""
    shown = repr(replace(environment.Settings.from_environment(), redis_url="redis://:canary@h"))
    assert environment.DEVELOPMENT_PEPPER not in shown
    assert "canary" not in shown


def test_the_first_operator_is_made_on_the_machine(home: Path, gateway: Callable[..., Flask]) -> None:
    """Its key is printed once and works."""
    run("migrate")
    key = run("client", "operator-1", "--role", "operator").output.strip()
    answer = gateway().test_client().get("/v1/clients", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200


def test_a_wrong_setting_ends_a_command_with_one_sentence(home: Path) -> None:
    """No traceback for a slip in the environment."""
    environ = {**os.environ, "GATEWAY_RATE_LIMITS": "king=1/1"}
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "migrate"], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "GATEWAY_RATE_LIMITS" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def service_keys(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give each service a fresh key in the environment, over a migrated database."""
    assert run("migrate").exit_code == 0
    made = {name: run("key").output.strip() for name in ("SCORING_CLIENT_KEY", "MATCHING_CLIENT_KEY")}
    for name, key in made.items():
        monkeypatch.setenv(name, key)
    return made


def test_services_are_known_by_the_keys_of_their_environment(
    service_keys: dict[str, str], gateway: Callable[..., Flask]
) -> None:
    """The command may run at every deployment: a second time changes nothing."""
    assert [run("services").exit_code for _ in range(2)] == [0, 0]
    form = {"grant_type": "client_credentials"}
    headers = {"Authorization": f"Bearer {service_keys['SCORING_CLIENT_KEY']}"}
    answer = gateway().test_client().post("/oauth/token", data=form, headers=headers)
    assert answer.status_code == 200


def test_a_new_key_in_the_environment_ends_the_one_before(
    service_keys: dict[str, str], gateway: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("services")
    monkeypatch.setenv("SCORING_CLIENT_KEY", run("key").output.strip())
    assert run("services").exit_code == 0
    headers = {"Authorization": f"Bearer {service_keys['SCORING_CLIENT_KEY']}"}
    form = {"grant_type": "client_credentials"}
    assert gateway().test_client().post("/oauth/token", data=form, headers=headers).status_code == 401


@pytest.mark.parametrize("key", ["", "smc_not_a_key"])
def test_a_service_without_a_key_is_named(
    service_keys: dict[str, str], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("MATCHING_CLIENT_KEY", key)
    assert "MATCHING_CLIENT_KEY" in str(run("services").exception)


def test_a_key_that_was_ended_is_not_taken_again(service_keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    run("services")
    monkeypatch.setenv("SCORING_CLIENT_KEY", run("key").output.strip())
    run("services")
    monkeypatch.setenv("SCORING_CLIENT_KEY", service_keys["SCORING_CLIENT_KEY"])
    assert "fresh" in str(run("services").exception)
