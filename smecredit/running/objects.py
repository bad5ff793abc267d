"""The object store of the cluster: SeaweedFS from pip, one process, its files in a folder of its own."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from smecredit.running.ground import HOST, Server
from smecredit.running.process import Command

BUCKET: Final = "smecredit"
# No secret: the store listens to this machine alone, and is gone with the cluster.
KEY, SECRET = "cluster", "cluster-of-one-machine"
PARTS: Final = ("master", "volume", "filer", "s3")
PORTS: Final = 2 * len(PARTS)


def binary() -> str | None:
    """Return SeaweedFS's program, where it is installed."""
    return shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))


def objects(folder: Path, ports: Sequence[int]) -> tuple[Server, Mapping[str, str]]:
    """Return the server on these eight ports, and what a process must be told to use its bucket."""
    folder.mkdir(exist_ok=True)
    (folder / "identities.json").write_text(json.dumps({"identities": [_identity()]}))
    outer = dict(zip(PARTS, ports[: len(PARTS)], strict=True))
    inner = dict(zip(PARTS, ports[len(PARTS) :], strict=True))  # else 10,000 higher, which may be no port at all
    options: dict[str, object] = {
        "ip": HOST,
        "ip.bind": HOST,
        "dir": folder,
        "s3.config": folder / "identities.json",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "volume.max": 100,
        "volume.preStopSeconds": 0,  # nobody reads while it stops
        "filer.localSocket": folder / "filer.sock",
        "s3.localSocket": folder / "s3.sock",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        **{f"{part}.port": port for part, port in outer.items()},
        **{f"{part}.port.grpc": port for part, port in inner.items()},
    }
    command = [binary() or "weed", "server", "-filer", "-s3", *(f"-{name}={value}" for name, value in options.items())]
    environment = {
        "SMECREDIT_STORE": f"s3://{BUCKET}",
        "AWS_ENDPOINT_URL": f"http://{HOST}:{outer['s3']}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    return Server(Command("objects", command), lambda: _takes_a_file(environment)), environment


def _identity() -> dict[str, object]:
    credentials = [{"accessKey": KEY, "secretKey": SECRET}]
    return {"name": KEY, "credentials": credentials, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}


def _takes_a_file(environment: Mapping[str, str]) -> bool:
    """Put a file into the bucket, which is made by that."""
    import obstore  # noqa: PLC0415 - an extra
    from obstore.exceptions import BaseError  # noqa: PLC0415
    from obstore.store import S3Store  # noqa: PLC0415

    store = S3Store(
        BUCKET,
        endpoint=environment["AWS_ENDPOINT_URL"],
        access_key_id=KEY,
        secret_access_key=SECRET,
        region=environment["AWS_REGION"],
        client_options={"allow_http": True, "timeout": "2s"},
        retry_config={"max_retries": 0},
    )
    try:
        obstore.put(store, "ready", b"")
    except BaseError:
        return False
    return True
