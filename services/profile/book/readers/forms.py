"""How files are read: each kind's form, the shipped connectors (a TOML file each in `connectors/`), a sender's own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.connector import Connector, UnknownConnector, connector
from services.profile.book.domain.form import Form

# How a kind is read where no connector is named: payments as any bank states them.
USUAL: Mapping[str, str] = MappingProxyType({"payments": "bank-statement"})
FOLDER = Path(__file__).parent.parent / "connectors"
NONE: Mapping[str, Connector] = MappingProxyType({})


@cache
def declarations() -> Mapping[str, Mapping[str, Any]]:
    """Return what every shipped connector declares, by its name, which is that of its file."""
    files = sorted(FOLDER.glob("*.toml"))
    return MappingProxyType({file.stem: tomllib.loads(file.read_text("utf-8")) for file in files})


@cache
def connectors() -> Mapping[str, Connector]:
    """Return every shipped connector by its name."""
    return MappingProxyType({name: connector(name, declared) for name, declared in declarations().items()})


def form_of(
    kind: str, connector: str | None = None, enterprise: str | None = None, saved: Mapping[str, Connector] = NONE
) -> Form:
    """Return how a file is read: by its kind or by a connector for it; about one enterprise, where it is named.

    `saved` are the sender's own connectors, by name with version.
    """
    usual = USUAL.get(kind)
    form = KINDS[kind] if usual is None else connectors()[usual].form
    if connector is not None:
        known = {**connectors(), **saved}
        found = known.get(connector)
        if found is None or found.form.kind != kind:
            fitting = [one.name for one in known.values() if one.form.kind == kind]
            raise UnknownConnector(
                f"No connector {connector[:40]!r} for the kind {kind}; there are: {', '.join(fitting) or 'none'}. "
                "GET /v1/connectors lists them. "
                "/ 没有该数据源映射，可用 GET /v1/connectors 查询。",
                connectors=fitting,
            )
        form = found.form
    return form.of(enterprise) if enterprise and form.columns else form
