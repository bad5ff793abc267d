"""Ask an application as who watches does: by the port of their own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

from chassis.web.health import CONNECTION

WATCHED: Final[dict[str, Any]] = {"environ_overrides": {CONNECTION: SimpleNamespace(watched=True)}}
