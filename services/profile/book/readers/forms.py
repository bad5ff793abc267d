"""How files are read: each kind's form, and the shipped connectors, one TOML file each in `connectors/`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from services.profile.book.domain.columns import KINDS, Form
from services.profile.book.domain.connector import Connector, UnknownConnector, connector

# How a kind is read where no connector is named: payments as any bank states them.
USUAL: Mapping[str, str] = MappingProxyType({"payments": "bank-statement"})
FOLDER = Path(__file__).parent.parent / "connectors"


@cache
def connectors() -> Mapping[str, Connector]:
    """Return every connector by its name, which is that of its file."""
    files = sorted(FOLDER.glob("*.toml"))
    return MappingProxyType({file.stem: connector(file.stem, tomllib.loads(file.read_text("utf-8"))) for file in files})


def form_of(kind: str, connector: str | None = None, enterprise: str | None = None) -> Form:
    """Return how a file is read: by its kind or by a connector for it; about one enterprise, where it is named."""
    usual = USUAL.get(kind)
    form = KINDS[kind] if usual is None else connectors()[usual].form
    if connector is not None:
        found = connectors().get(connector)
        if found is None or found.form.kind != kind:
            fitting = [name for name, one in connectors().items() if one.form.kind == kind]
            raise UnknownConnector(
                f"No connector {connector[:40]!r} for the kind {kind}; there are: {', '.join(fitting) or 'none'}. "
                "GET /v1/connectors lists them.",
                connectors=fitting,
            )
        form = found.form
    return form.of(enterprise) if enterprise and form.columns else form
