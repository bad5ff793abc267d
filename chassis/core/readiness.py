"""Telling whoever started this process that it is at work now: by a byte on the pipe that the environment names."""

from __future__ import annotations

import os
from contextlib import suppress

PIPE = "SMECREDIT_READY_FD"
# Under this name an application has what each of its processes starts once it serves.
STARTS = "starts"


def tell() -> None:
    """Tell it, once; where nobody asked or listens any more, nothing happens."""
    pipe = os.environ.pop(PIPE, None)
    if pipe is not None:
        with suppress(OSError):
            os.write(int(pipe), b"1")
            os.close(int(pipe))
