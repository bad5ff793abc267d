"""A process of the local engine: does the parcels that come through a pipe, one at a time.

It ends when its owner is gone, and by itself when nothing has come for a while: what it has imported is memory.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
from contextlib import suppress
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
    loaded = False
    while pipe.poll(idle):
        try:
            parcel = pipe.recv_bytes()
        except EOFError:
            break
        if not loaded:
            _load(parcel)
            loaded = True
        pipe.send_bytes(done(parcel))
    traces.flush()


def _load(parcel: bytes) -> None:
    """Load the modules that a parcel names without rounds of the collector: they stay as long as we do."""
    gc.disable()
    with suppress(Exception):  # who does the parcel meets it again, and tells
        pickle.loads(parcel)  # noqa: S301 - packed by a process of ours
    gc.freeze()
    gc.enable()


def _end_with_owner() -> None:
    """End in the middle of a unit too: standard input ends when the owner does, however it ends."""
    # Not by Python's own reader: it holds a lock that the end of an idle process would wait for, and then abort.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
