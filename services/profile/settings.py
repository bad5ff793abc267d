"""What the profile service needs to know of its surroundings, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from marshmallow.validate import Length, Range

from chassis.core import settings
from chassis.data.files import Cache

SERVICE = "profile"
MEBIBYTE = 1 << 20
# A bucket's number is a byte of the table. More of them cost small imports a file each.
USUAL_BUCKETS, MOST_BUCKETS = 16, 127
PARTY_KEY = Length(min=32, error="a secret of at least 32 characters")


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses, folders and limits (in bytes). `lake_url` is a folder or an object store, with its options.

    `party_key` is the secret under which persons, addresses and phones are hashed; None makes one in the home folder.
    """

    home: Path
    database_url: str
    lake_url: str
    jwks_url: str
    lake_options: dict[str, str] = field(default_factory=dict, repr=False)
    largest_upload: int = 1024 * MEBIBYTE
    largest_unpacked: int = 4096 * MEBIBYTE
    # Bytes of files that one client may send in a day, and that are kept of it.
    uploads_a_day: int = 20 * 1024 * MEBIBYTE
    uploads_kept: int = 500 * 1024 * MEBIBYTE
    # Memory of one import beyond the process's own: how much of a big file is looked at at once.
    import_memory: int = 1024 * MEBIBYTE
    party_key: str | None = field(default=None, repr=False)
    # Private keys of the ledger's checkpoints, 32 bytes each in hex, the one that signs first.
    ledger_keys: tuple[str, ...] = field(default=(), repr=False)
    # A folder of sectors of one's own beside those that come with the suite (ADR 42).
    sector_packs: Path | None = None
    # What runs units of work (ADR 46); in this process unless the environment is asked.
    engine: str = "here"
    # Workers of a queue where not one, and jobs that may wait in it where not as many as usual.
    workers: Mapping[str, int] = field(default_factory=dict)
    queue_limits: Mapping[str, int] = field(default_factory=dict)
    # When what is scheduled is done, by name, where not as usual.
    schedule: Mapping[str, str] = field(default_factory=dict)
    # Where files are kept that web processes and workers share, if that is not the home folder (ADR 51).
    store: str | None = None
    # Bytes of copies that this machine keeps of what lies in an object store.
    most_cached: int = 8192 * MEBIBYTE
    # Buckets of a lake that is made; one that is there keeps its own number (ADR 60).
    buckets: int = USUAL_BUCKETS

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment; raise `SettingsError` naming every variable that is wrong."""
        with settings.reading() as env:
            home = settings.home(env)
            database_url = settings.database_url(env, SERVICE)
            store = settings.store(env)
            cached = env.int("SMECREDIT_CACHE_MIB", 8192)
            lake_url = env.str("PROFILE_LAKE_URL", f"{store}/lake")
            gateway_url = env.str("GATEWAY_URL", "http://127.0.0.1:8000")
            jwks_url = env.str("SMECREDIT_JWKS_URL", f"{gateway_url}/.well-known/jwks.json")
            lake_options: dict[str, str] = env.dict("PROFILE_LAKE_OPTIONS", {})
            upload = env.int("PROFILE_LARGEST_UPLOAD_MIB", 1024)
            unpacked = env.int("PROFILE_LARGEST_UNPACKED_MIB", 4096)
            a_day = env.int("PROFILE_UPLOADS_A_DAY_MIB", 20 * 1024, validate=Range(min=1))
            kept = env.int("PROFILE_UPLOADS_KEPT_MIB", 500 * 1024, validate=Range(min=1))
            memory = env.int("PROFILE_IMPORT_MEMORY_MIB", 1024, validate=Range(min=64))
            buckets = env.int("PROFILE_LAKE_BUCKETS", USUAL_BUCKETS, validate=Range(min=1, max=MOST_BUCKETS))
            party_key: str | None = env.str("PROFILE_PARTY_KEY", None, validate=PARTY_KEY)
            ledger_keys = settings.signing_keys(env, "PROFILE_LEDGER_KEYS")
            sector_packs: Path | None = env.path("PROFILE_SECTOR_PACKS", None)
            workers, limits, wishes = settings.background(env, SERVICE)
            engine = settings.engine(env)
            production = settings.is_production(env)
        settings.require_readable(lake_url, "PROFILE_LAKE_URL, SMECREDIT_STORE or SMECREDIT_HOME")
        settings.require_signing_keys(
            ledger_keys, "PROFILE_LEDGER_KEYS", "checkpoints of the ledger", production=production
        )
        largest = (upload * MEBIBYTE, unpacked * MEBIBYTE, a_day * MEBIBYTE, kept * MEBIBYTE, memory * MEBIBYTE)
        addresses = (home, database_url, lake_url, jwks_url, lake_options)
        keys, cached = (party_key, ledger_keys), cached * MEBIBYTE
        given = (*addresses, *largest, *keys)
        return cls(*given, sector_packs, engine, workers, limits, wishes, store, cached, buckets)

    @property
    def ledger_key_file(self) -> Path:
        """The file of the ledger's key where none is given: development only."""
        return self.home / "profile-ledger-key"

    @property
    def peers(self) -> Path:
        """The folder of peer figures that workers have made: nothing but what the lake gives again."""
        return self.home / "peers"

    @property
    def looks(self) -> Path:
        """The folder of what looks and sets of features under way have read of the book."""
        return self.home / "looks"

    def shared(self, folder: Path) -> str | None:
        """Return where machines share what lies in a folder of the home; None where they share the home itself."""
        return f"{self.store}/{folder.name}" if self.store and self.store != str(self.home) else None

    @property
    def uploads(self) -> str:
        """Where files lie as received, and their reject reports: a folder or an object store."""
        return f"{self.store or self.home}/uploads"

    @property
    def cache(self) -> Cache:
        """Copies of what lies in an object store; they can be made again."""
        return Cache(self.home / "cache", self.most_cached)

    @property
    def scratch(self) -> Path:
        """The folder for files that are worked on for a while; nothing in it is needed afterwards."""
        return self.home / "scratch"
