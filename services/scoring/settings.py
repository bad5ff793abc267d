"""What the scoring service needs to know of its surroundings, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chassis.core import settings
from services.scoring.domain.counting import Counts

SERVICE = "scoring"


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses and folders; `client_key` is this service's own API key at the gateway, for work done in jobs."""

    home: Path
    database_url: str
    profile_url: str
    gateway_url: str
    jwks_url: str
    client_key: str | None = field(default=None, repr=False)
    # Private keys of the receipts, 32 bytes each in hex, the one that signs first.
    receipt_keys: tuple[str, ...] = field(default=(), repr=False)
    # Those of the ledger's checkpoints, likewise.
    ledger_keys: tuple[str, ...] = field(default=(), repr=False)
    # What counts in a score whose order does not say.
    counts: Counts = Counts.CONFIRMED
    # Workers of a queue where not one, and jobs that may wait in it where not as many as usual.
    workers: Mapping[str, int] = field(default_factory=dict)
    queue_limits: Mapping[str, int] = field(default_factory=dict)
    # When what is scheduled is done, by name, where not as usual.
    schedule: Mapping[str, str] = field(default_factory=dict)
    # Where files are kept that web processes and workers share, if that is not the home folder (ADR 51).
    store: str | None = None

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment; raise `SettingsError` naming every variable that is wrong."""
        with settings.reading() as env:
            home = settings.home(env)
            database_url = settings.database_url(env, SERVICE)
            profile_url = env.str("PROFILE_URL", "http://127.0.0.1:8001")
            gateway_url = env.str("GATEWAY_URL", "http://127.0.0.1:8000")
            jwks_url = env.str("SMECREDIT_JWKS_URL", f"{gateway_url}/.well-known/jwks.json")
            client_key = env.str("SCORING_CLIENT_KEY", None)
            receipt_keys = settings.signing_keys(env, "SCORING_RECEIPT_KEYS")
            ledger_keys = settings.signing_keys(env, "SCORING_LEDGER_KEYS")
            counts = env.enum("SCORING_COUNTS", Counts.CONFIRMED, enum=Counts, by_value=True)
            work = settings.background(env, SERVICE)
            store = settings.store(env)
            production = settings.is_production(env)
        settings.require_keys(receipt_keys, "SCORING_RECEIPT_KEYS", "receipts", production=production)
        settings.require_keys(ledger_keys, "SCORING_LEDGER_KEYS", "checkpoints of the ledger", production=production)
        keys = (client_key, receipt_keys, ledger_keys)
        return cls(home, database_url, profile_url, gateway_url, jwks_url, *keys, counts, *work, store)

    @property
    def models(self) -> str:
        """Where the trained models lie, a folder each version: a folder or an object store."""
        return f"{self.store or self.home}/models"

    @property
    def scratch(self) -> Path:
        """The folder for files that are worked on for a while; nothing in it is needed afterwards."""
        return self.home / "scratch"

    @property
    def receipt_key_file(self) -> Path:
        """The file of the receipts' key where none is given: development only."""
        return self.home / "receipt-key"

    @property
    def ledger_key_file(self) -> Path:
        """The file of the ledger's key where none is given: development only."""
        return self.home / "scoring-ledger-key"

    def own_key(self) -> str:
        """Return this service's own API key at the gateway."""
        return settings.own_key(SERVICE, self.client_key, self.home)
