"""A process of the local engine: does the parcels that come through a pipe, one at a time.

It ends when its owner is gone, and by itself when nothing has come for a while: what it has imported is memory.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from chassis.core import logs, traces
from chassis.core.engine.parcel import done


def main(descriptor: int, idle: float) -> None:
    """Work until the pipe is closed or silent for `idle` seconds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the owner, who ends us in order
    threading.Thread(target=_end_with_owner, daemon=True).start()
    logs.configure("engine")
    traces.configure("engine")
    pipe: Connection[bytes, bytes] = Connection(descriptor)
    while pipe.poll(idle):
        try:
            parcel = pipe.recv_bytes()
        except EOFError:
            break
        pipe.send_bytes(done(parcel))
    traces.flush()


def _end_with_owner() -> None:
    """End in the middle of a unit too: standard input ends when the owner does, however it ends."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
