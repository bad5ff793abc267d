"""The gateway's settings, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from environs import ValidationError

from chassis.core import settings
from chassis.core.settings import SettingsError
from gateway.door.limits import DEFAULT_QUOTAS, Quota, read_quotas
from gateway.identity.issuer import TOKEN_PATH, Issuer
from gateway.identity.roles import BANK, DEFAULT_SCOPES, OPERATOR

# Known to everyone who reads this line, which is the point: production refuses it.
DEVELOPMENT_PEPPER = "smecredit-development-pepper-not-a-secret"
PEPPER_LENGTH = 32
NOBODY = "none"
# Whose people must show a second factor where nothing else is said: who grants rights, and who decides on credit.
PRODUCTION_FACTORS = [OPERATOR, BANK]
PORTS = {"profile": 8001, "scoring": 8002, "matching": 8003}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the gateway keeps its data, whom it forwards to, and how much it lets through."""

    home: Path
    database_url: str
    backends: Mapping[str, str]
    signing_key: Path
    pepper: bytes = field(default=DEVELOPMENT_PEPPER.encode(), repr=False)
    production: bool = False
    quotas: Mapping[str, Quota] = field(default_factory=lambda: DEFAULT_QUOTAS)
    redis_url: str | None = field(default=None, repr=False)
    proxies: int = 0
    threads: int = 96
    token_url: str | None = None
    # When what is scheduled is done, by name, where not as usual.
    schedule: Mapping[str, str] = field(default_factory=dict)
    # Whose programs have to come with tokens that are bound to a key (RFC 9449).
    bound_roles: frozenset[str] = frozenset()
    # Whose people must sign in with a second factor.
    second_factor_roles: frozenset[str] = frozenset()
    # Where people find the portal: passkeys hold there alone. No request says it.
    portal_url: str | None = None
    # Keys that seal the secrets of second factors, 32 bytes each in hex, the one that seals first.
    secret_keys: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment; raise `SettingsError` naming every variable that is wrong."""
        with settings.reading() as env:
            home = settings.home(env)
            database_url = settings.database_url(env, "gateway")
            backends = {
                name: env.str(f"{name.upper()}_URL", f"http://127.0.0.1:{port}") for name, port in PORTS.items()
            }
            signing_key = env.str("GATEWAY_SIGNING_KEY", "")
            production = env.str("SMECREDIT_ENV", "development") == "production"
            pepper = env.str("GATEWAY_KEY_PEPPER", DEVELOPMENT_PEPPER)
            quotas = env.str("GATEWAY_RATE_LIMITS", "")
            redis_url = env.str("REDIS_URL", "")
            proxies = env.int("GATEWAY_TRUSTED_PROXIES", 0)
            threads = env.int("WEB_THREADS", 32)
            token_url = env.str("GATEWAY_TOKEN_URL", "", validate=_token_url)
            schedule = settings.schedule(env, "gateway")
            bound_roles: list[str] = env.list("GATEWAY_BOUND_ROLES", [], validate=_roles)
            # What is left empty stays as it is safe: who wants nobody to be asked says so.
            said: list[str] = env.list("GATEWAY_SECOND_FACTOR_ROLES", [], validate=_roles_or_none)
            second_factor_roles = said or (PRODUCTION_FACTORS if production else [])
            portal_url = _origin_of(env.str("GATEWAY_PORTAL_URL", "", validate=_origin) or token_url)
            secret_keys = settings.signing_keys(env, "GATEWAY_SECRET_KEYS")
        if production and (pepper == DEVELOPMENT_PEPPER or len(pepper) < PEPPER_LENGTH):
            raise SettingsError(
                "The settings cannot be used:\n  GATEWAY_KEY_PEPPER: production needs a secret of your own of at least "
                f"{PEPPER_LENGTH} characters (python -c 'import secrets; print(secrets.token_hex(32))')."
            )
        settings.require_keys(
            secret_keys, "GATEWAY_SECRET_KEYS", "secrets of second factors", production=production, verb="seal"
        )
        return cls(
            home=home,
            database_url=database_url,
            backends=backends,
            signing_key=Path(signing_key) if signing_key else home / "signing-key.pem",
            pepper=pepper.encode(),
            production=production,
            quotas={**DEFAULT_QUOTAS, **read_quotas(quotas)},
            redis_url=redis_url or None,
            proxies=proxies,
            threads=threads,
            token_url=token_url or None,
            schedule=schedule,
            bound_roles=frozenset(bound_roles),
            second_factor_roles=frozenset(second_factor_roles) - {NOBODY},
            portal_url=portal_url or None,
            secret_keys=secret_keys,
        )

    @property
    def keys_file(self) -> Path:
        """The file that the development identities' keys are written to."""
        return self.home / "keys.json"

    @property
    def secret_key_file(self) -> Path:
        """The file of the key that seals secrets of second factors where none is given: development only."""
        return self.home / "gateway-secret-key"

    @property
    def issuer(self) -> Issuer:
        """The address that clients know this installation by."""
        return Issuer(self.token_url, self.production)


def _token_url(written: str) -> None:
    if written and not (written.startswith(("http://", "https://")) and written.endswith(TOKEN_PATH)):
        raise ValidationError(f"the public address of the token endpoint, https://…{TOKEN_PATH}")


def _origin(written: str) -> None:
    split = urlsplit(written)
    # Browsers make passkeys for pages by https, and for this machine's own.
    fits = split.scheme == "https" or (split.scheme == "http" and split.hostname in ("localhost", "127.0.0.1"))
    bare = split.path in ("", "/") and not (split.query or split.fragment or split.username)
    if written and not (fits and bare and _origin_of(written)):
        raise ValidationError("the public address of the portal without a path, https://your.host")


def _origin_of(address: str) -> str:
    """Return the origin of an address as browsers write it, "" where there is none.

    >>> _origin_of("https://Credit.Example:443/oauth/token"), _origin_of("http://信用.example:8000")
    ('https://credit.example', 'http://xn--vuqs22g.example:8000')
    """
    split = urlsplit(address)
    try:
        host = (split.hostname or "").encode("idna").decode()
        port = "" if split.port in (None, {"https": 443, "http": 80}.get(split.scheme)) else f":{split.port}"
    except ValueError:
        return ""
    return f"{split.scheme}://{host}{port}" if host else ""


def _roles_or_none(written: list[str]) -> None:
    if written != [NOBODY]:
        _roles(written)


def _roles(written: list[str]) -> None:
    unknown = sorted(set(written) - set(DEFAULT_SCOPES))
    if unknown:
        raise ValidationError(f"no roles: {', '.join(unknown)}; there are {', '.join(DEFAULT_SCOPES)}")
