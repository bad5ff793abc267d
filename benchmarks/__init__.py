"""Measurements, each beside a peer in the same run; `make bench`."""

from __future__ import annotations

import sys
from pathlib import Path

# What tests share is imported by its own name, as tests do: a package installed beside may be called `tests` too.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
