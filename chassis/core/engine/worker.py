"""A process of the local engine: does the parcels that come through a pipe, one at a time, until its owner is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from chassis.core import logs
from chassis.core.engine.parcel import done


def main(descriptor: int) -> None:
    """Work until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the owner, who ends us in order
    threading.Thread(target=_end_with_owner, daemon=True).start()
    logs.configure("engine")
    pipe: Connection[bytes, bytes] = Connection(descriptor)
    while True:
        try:
            parcel = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(done(parcel))


def _end_with_owner() -> None:
    """End in the middle of a unit too: standard input ends when the owner does, however it ends."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
