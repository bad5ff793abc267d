"""Whatever stands in a request is answered, or refused in words: no value of any route breaks a service.

The gateway and the three services run in this process, on SQLite and on PostgreSQL, and meet over real HTTP. Requests
come from the committed OpenAPI (`outside`): huge digits, NUL, other scripts, deep nesting, wrong types in cursors, lone
surrogates, dates at the ends of the calendar. `ATTACK_REQUESTS` says how many of each operation, `ATTACK_SEED` which.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from databases import Server, lay
from flask import Flask
from flask.testing import FlaskClient
from outside import FIRM, Sent, requests
from werkzeug.serving import make_server

from chassis.core.identity import Verifier
from gateway.app import create_app as make_gateway
from gateway.door.limits import DEFAULT_QUOTAS, Quota
from gateway.identity.roles import DEFAULT_SCOPES
from gateway.identity.store import Client
from gateway.settings import Settings as GatewaySettings
from services.matching.app import create_app as make_matching
from services.matching.settings import Settings as MatchingSettings
from services.profile.app import create_app as make_profile
from services.profile.composition import migrate
from services.profile.portrait.usecases.make_peers import AtOnce
from services.profile.settings import Settings as ProfileSettings
from services.scoring.app import create_app as make_scoring
from services.scoring.settings import Settings as ScoringSettings

INTERNAL_SERVER_ERROR = 500
EACH = int(os.environ.get("ATTACK_REQUESTS", "4"))
SEED = int(os.environ.get("ATTACK_SEED", "1"))
NOWHERE = "http://127.0.0.1:9"
PACKAGES = {"gateway": "gateway", **{name: f"services.{name}" for name in ("profile", "scoring", "matching")}}
ROLES = ("enterprise", "bank", "operator", "source", "buyer", "platform")
# There is no model here to score with, which is said with 503 by its own name.
SAID = frozenset({"/problems/no-serving-model"})


@contextmanager
def served(app: Callable[..., Any]) -> Iterator[str]:
    """Serve an application over real HTTP."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass(frozen=True)
class Later:
    """An application that is made after its server."""

    apps: dict[str, Flask]
    name: str

    def __call__(self, environ: Any, start: Any) -> Any:
        """Answer by the application of this name."""
        return self.apps[self.name](environ, start)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return migrated databases of all services, of each kind."""
    if request.param == "sqlite":
        found = {name: f"sqlite:///{tmp_path / f'{name}.db'}" for name in PACKAGES}
        for name, url in found.items():
            lay(url, PACKAGES[name])
        yield found
        return
    server: Server = request.getfixturevalue("postgresql")
    found = {name: server.make(package) for name, package in PACKAGES.items()}
    yield found
    for url in found.values():
        server.drop(url)


@pytest.fixture(autouse=True)
def in_silence(caplog: pytest.LogCaptureFixture) -> None:
    """Keep no line a request."""
    caplog.set_level("ERROR")


@pytest.fixture
def suite(databases: dict[str, str], tmp_path: Path) -> Iterator[tuple[FlaskClient, dict[str, dict[str, str]]]]:
    """Return a client of the gateway before the services, and the headers of a client of each role."""
    apps: dict[str, Flask] = {}
    homes = {name: tmp_path / name for name in PACKAGES}
    for home in homes.values():
        home.mkdir()

    with ExitStack() as serve:
        # Each is there when it is first asked.
        backends = {name: serve.enter_context(served(Later(apps, name))) for name in ("profile", "scoring", "matching")}
        profile, scoring = backends["profile"], backends["scoring"]
        plenty = dict.fromkeys(DEFAULT_QUOTAS, Quota(10_000_000, 60))
        key = homes["gateway"] / "signing-key.pem"
        gateway = make_gateway(GatewaySettings(homes["gateway"], databases["gateway"], backends, key, quotas=plenty))
        keys = gateway.extensions["context"].authority.signer.key_set()
        verifiers = {name: Verifier(keys=keys, audiences=[name]) for name in backends}
        lake = str(homes["profile"] / "lake")
        settings = ProfileSettings(homes["profile"], databases["profile"], lake, NOWHERE)
        migrate(settings)
        apps["profile"] = make_profile(settings, verifier=verifiers["profile"], peers=AtOnce())
        apps["scoring"] = make_scoring(
            ScoringSettings(homes["scoring"], databases["scoring"], profile, NOWHERE, NOWHERE, "smc_x_y"),
            verifier=verifiers["scoring"],
        )
        apps["matching"] = make_matching(
            MatchingSettings(homes["matching"], databases["matching"], profile, scoring, NOWHERE, NOWHERE, "smc_x_y"),
            verifier=verifiers["matching"],
        )
        callers = [Client(f"{role}-1", role, FIRM if role == "enterprise" else None) for role in ROLES]
        minted = gateway.extensions["context"].clients.add(callers, by_command=True)
        headers = {
            one.role: {"Authorization": f"Bearer {made.text}"} for one, made in zip(callers, minted, strict=True)
        }
        yield gateway.test_client(), headers
        for app in (gateway, *apps.values()):
            app.extensions["database"].dispose()


def test_no_request_breaks_a_service(suite: tuple[FlaskClient, dict[str, dict[str, str]]]) -> None:
    """0 × 5xx, beside what says by its name that there is no model."""
    client, headers = suite
    made = client.put(f"/v1/enterprises/{FIRM}", json={"name": "云杉机械"}, headers=headers["source"])
    assert made.status_code in {200, 201}, made.json
    broken = [told for sent in requests(SEED, EACH) if (told := _broken(client, sent, headers))]
    assert not broken, "\n".join(broken)


def _broken(client: FlaskClient, sent: Sent, headers: dict[str, dict[str, str]]) -> str | None:
    """Send a request as a role that may, and return what broke."""
    role = next((role for role in ROLES if set(sent.scopes) <= DEFAULT_SCOPES[role]), "operator")
    with client.open(sent.target, method=sent.method, headers=headers[role] | sent.headers, data=sent.body) as answer:
        answer.get_data()
        told = answer.get_json(silent=True) if "json" in (answer.content_type or "") else None
        kind = told.get("type") if isinstance(told, dict) else None
        if answer.status_code < INTERNAL_SERVER_ERROR or kind in SAID:
            return None
        what = f"{sent.method} {sent.target[:200]} by {role}, odd: {sent.odd}"
        return f"{answer.status_code} {kind}: {what}\n  {sent.headers}\n  {str(sent.body)[:400]}"
