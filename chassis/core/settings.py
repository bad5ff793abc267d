"""Settings: read once at start into a frozen dataclass, every error reported at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import orjson
from environs import Env, EnvValidationError, validate

from chassis.core.errors import UpstreamUnavailable

ENGINE = validate.Regexp(
    r"^(here|local(:[1-9][0-9]?)?|(tcp|tls)://[^\s/]+:[0-9]+)$",
    error="`local` (or `local:4`), `here`, or the address of a scheduler: tcp://host:8786",
)
SIGNING_KEY = re.compile(r"[0-9a-f]{64}")
COUNT = re.compile(r"[0-9]{1,9}")
# The lake's writer takes a folder for an address: these it cannot read, or reads as another folder.
UNREADABLE = re.compile(r"[\x00-\x1f\\^|\[\]]|%[0-9A-Fa-f]{2}")


class SettingsError(Exception):
    """The environment cannot be used; the text names every variable that is wrong, and no value."""


@contextmanager
def reading() -> Iterator[Env]:
    """Give a reader of the environment that fails once, at the end, with everything that is wrong.

    Within the block a variable that cannot be read is None, so only read there, and build the settings after:

    >>> with reading() as env:
    ...     port = env.int("PORT", 8000)
    """
    env = Env(eager=False)
    yield env
    try:
        env.seal()
    except EnvValidationError as error:
        found = cast("dict[str, list[str]]", error.error_messages)
        lines = [f"{name}: {' '.join(messages)}" for name, messages in found.items()]
        raise SettingsError("The settings cannot be used:\n  " + "\n  ".join(lines)) from None


def home(env: Env) -> Path:
    """Return the folder of the embedded data; absolute, since workers may start elsewhere."""
    return Path(env.str("SMECREDIT_HOME", ".smecredit")).expanduser().absolute()


def store(env: Env) -> str:
    """Return where files are kept that several machines share: a folder or an object store, else the home folder."""
    return env.str("SMECREDIT_STORE", str(home(env))).rstrip("/")


def require_readable(folder: str, name: str) -> None:
    """Raise `SettingsError` where a folder's path (an address of an object store passes) is one that cannot be used."""
    if "://" not in folder and (found := UNREADABLE.search(folder)):
        raise SettingsError(
            f"The settings cannot be used:\n  {name}: the path of this folder holds {found[0]!r}, which would be read "
            "as part of an address and lead elsewhere; name a folder without control characters, [ ] ^ | \\ and "
            "without a % before two hexadecimal digits."
        )


def database_url(env: Env, service: str) -> str:
    """Return the service's database: PostgreSQL where one is named, else a SQLite file in the home folder."""
    return env.str(f"{service.upper()}_DATABASE_URL", sqlite_url(home(env) / f"{service}.db"))


def sqlite_url(file: Path) -> str:
    """Return the address of a SQLite file: what would mean something in an address is written so that it does not.

    >>> sqlite_url(Path("/data/50%20/who?/profile.db"))
    'sqlite:////data/50%2520/who%3F/profile.db'
    """
    return f"sqlite:///{str(file).replace('%', '%25').replace('?', '%3F')}"


def engine(env: Env) -> str:
    """Return what runs units of work, for `chassis.core.engine.engine_of`."""
    return env.str("SMECREDIT_ENGINE", "local", validate=ENGINE)


def signing_keys(env: Env, name: str) -> tuple[str, ...]:
    """Return the private keys of a variable, hex, the one that signs first; none where it is not set."""
    return tuple(env.list(name, []) or ())


def require_keys(keys: tuple[str, ...], name: str, what: str, *, production: bool, verb: str = "sign") -> None:
    """Raise `SettingsError` where keys cannot be used, or where production has none to `sign` or `seal` something."""
    if any(SIGNING_KEY.fullmatch(key) is None for key in keys) or (production and not keys):
        raise SettingsError(
            f"The settings cannot be used:\n  {name}: production needs a key of your own to {verb} {what} with: 64 hex "
            "digits (python -c 'import secrets; print(secrets.token_hex(32))'), a new one before the older ones, "
            "with commas between."
        )


def background(env: Env, service: str) -> tuple[dict[str, int], dict[str, int], dict[str, str]]:
    """Return what the operator wishes of work in the background: workers, limits of queues, times of the schedule."""
    return workers(env, service), queue_limits(env, service), schedule(env, service)


def workers(env: Env, service: str) -> dict[str, int]:
    """Return how many workers each queue named in `{SERVICE}_WORKERS` has, as in `imports=2,looks=0`."""
    return by_queue(env, f"{service.upper()}_WORKERS", "workers")


def queue_limits(env: Env, service: str) -> dict[str, int]:
    """Return how many jobs may wait in each queue named in `{SERVICE}_QUEUE_LIMITS`."""
    return by_queue(env, f"{service.upper()}_QUEUE_LIMITS", "the most jobs that wait")


def schedule(env: Env, service: str) -> dict[str, str]:
    """Return the operator's wishes by name in `{SERVICE}_SCHEDULE`, as in `daily-look=02:00,shred=off`."""
    name = f"{service.upper()}_SCHEDULE"
    pairs = [pair.strip().partition("=") for pair in env.str(name, "").split(",") if pair.strip()]
    if any(not key or not wish for key, _, wish in pairs):
        raise SettingsError(
            f"The settings cannot be used:\n  {name}: give a time of day or `off` by name, as in "
            "daily-look=02:00,shred=off."
        )
    return {key: wish for key, _, wish in pairs}


def by_queue(env: Env, name: str, what: str) -> dict[str, int]:
    """Return whole numbers by queue; raise `SettingsError` where the variable has another form."""
    pairs = [pair.strip().partition("=") for pair in env.str(name, "").split(",") if pair.strip()]
    if any(not queue or COUNT.fullmatch(count) is None for queue, _, count in pairs):
        raise SettingsError(
            f"The settings cannot be used:\n  {name}: give {what} by queue, as in imports=2,looks=1 (whole numbers)."
        )
    return {queue: int(count) for queue, _, count in pairs}


def is_production(env: Env) -> bool:
    """Tell whether default secrets are refused here."""
    return env.str("SMECREDIT_ENV", "development") == "production"


def own_key(service: str, given: str | None, folder: Path) -> str:
    """Return a service's own API key at the gateway: the one given, or else that of the development identities.

    Looked up when it is needed, as a first start writes those after the workers began.
    """
    if given:
        return given
    try:
        keys: dict[str, str] = orjson.loads((folder / "keys.json").read_bytes())
        return keys[service]
    except (FileNotFoundError, KeyError):
        raise UpstreamUnavailable(
            f"This service has no API key at the gateway; set {service.upper()}_CLIENT_KEY, or create the development "
            "identities at the gateway."
        ) from None
