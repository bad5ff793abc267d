"""What the gateway's own routes work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flask import current_app

from chassis.data.database import Database
from gateway.admission import Admission
from gateway.authority import Authority
from gateway.clients import Clients
from gateway.settings import Settings
from gateway.upstreams import Upstream


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
