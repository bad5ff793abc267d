"""What the gateway's own routes work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flask import current_app

from chassis.data.database import Database
from gateway.door.admission import Admission
from gateway.door.backends import Upstream
from gateway.identity.authority import Authority
from gateway.identity.registry import Clients
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The collaborators of one gateway, made in `app.py`."""

    settings: Settings
    database: Database
    authority: Authority
    admission: Admission
    clients: Clients
    upstreams: Mapping[str, Upstream]


def context() -> Context:
    """Return the context of this application."""
    return cast("Context", current_app.extensions["context"])
