"""What the matching service needs to know of its surroundings, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chassis.core import settings
from chassis.core.settings import SettingsError

SERVICE = "matching"
PACKAGE = "services.matching"


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses and folders; `client_key` is this service's own API key at the gateway, for work done in jobs.

    `private_webhooks` lets webhooks go to http and to addresses of one's own machine: production refuses it.
    """

    home: Path
    database_url: str
    profile_url: str
    scoring_url: str
    gateway_url: str
    jwks_url: str
    client_key: str | None = field(default=None, repr=False)
    private_webhooks: bool = False
    # Workers of a queue where not one, and jobs that may wait in it where not as many as usual.
    workers: Mapping[str, int] = field(default_factory=dict)
    queue_limits: Mapping[str, int] = field(default_factory=dict)
    # When what is scheduled is done, by name, where not as usual.
    schedule: Mapping[str, str] = field(default_factory=dict)
    engine: str = "here"
    # Private keys of the ledger's checkpoints, 32 bytes each in hex, the one that signs first.
    ledger_keys: tuple[str, ...] = field(default=(), repr=False)
    # Keys that seal the secrets of webhooks, 32 bytes each in hex, the one that seals first.
    secret_keys: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment; raise `SettingsError` naming every variable that is wrong."""
        with settings.reading() as env:
            home = settings.home(env)
            database_url = settings.database_url(env, SERVICE)
            profile_url = env.str("PROFILE_URL", "http://127.0.0.1:8001")
            scoring_url = env.str("SCORING_URL", "http://127.0.0.1:8002")
            gateway_url = env.str("GATEWAY_URL", "http://127.0.0.1:8000")
            jwks_url = env.str("SMECREDIT_JWKS_URL", f"{gateway_url}/.well-known/jwks.json")
            client_key = env.str("MATCHING_CLIENT_KEY", None)
            private = env.bool("MATCHING_PRIVATE_WEBHOOKS", False)
            work = settings.background(env, SERVICE)
            engine = settings.engine(env)
            ledger_keys = settings.signing_keys(env, "MATCHING_LEDGER_KEYS")
            secret_keys = settings.signing_keys(env, "MATCHING_SECRET_KEYS")
            production = settings.is_production(env)
        settings.require_keys(ledger_keys, "MATCHING_LEDGER_KEYS", "checkpoints of the ledger", production=production)
        settings.require_keys(
            secret_keys, "MATCHING_SECRET_KEYS", "secrets of webhooks", production=production, verb="seal"
        )
        if private and production:
            raise SettingsError(
                "The settings cannot be used:\n  MATCHING_PRIVATE_WEBHOOKS: production refuses it: webhooks would go "
                "over http and to addresses of your own network, wherever a client names one. Take it out, or run "
                "without SMECREDIT_ENV=production."
            )
        addresses = (profile_url, scoring_url, gateway_url, jwks_url)
        return cls(home, database_url, *addresses, client_key, private, *work, engine, ledger_keys, secret_keys)

    @property
    def ledger_key_file(self) -> Path:
        """The file of the ledger's key where none is given: development only."""
        return self.home / "matching-ledger-key"

    @property
    def secret_key_file(self) -> Path:
        """The file of the key that seals secrets where none is given: development only."""
        return self.home / "matching-secret-key"

    def own_key(self) -> str:
        """Return this service's own API key at the gateway."""
        return settings.own_key(SERVICE, self.client_key, self.home)
