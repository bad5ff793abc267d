"""What of scoring belongs into a backup beside its database: the trained models that a copy of it names."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from sqlalchemy import select

from chassis.data.backups import Named, Source
from chassis.data.dump import Copy
from chassis.data.files import Files, files_at
from services.scoring.settings import Settings
from services.scoring.tables import Model


def named(settings: Settings, copy: Copy) -> Named:
    """Return the files of the models that a copy names, and the secret keys of the home that are no part of it."""
    files = models_of(settings)
    versions = set(copy.connection.scalars(select(Model.version)))
    # Pictures are drawn anew by later releases under the same name; an artefact never changes.
    sources = [
        Source(kept.name, partial(files.open, kept.name), None if kept.name.endswith(".svg") else kept)
        for kept in files.list()
        if kept.name.partition("/")[0] in versions
    ]
    keys = [settings.receipt_key_file] * (not settings.receipt_keys) + [settings.ledger_key_file] * (
        not settings.ledger_keys
    )
    return Named(sources, {"keys": [key.name for key in keys if key.exists()]})


def put_back(settings: Settings, name: str, file: Path) -> None:
    """Put a model's file in its place."""
    with models_of(settings).writing(name) as place, file.open("rb") as kept:
        shutil.copyfileobj(kept, place)


def models_of(settings: Settings) -> Files:
    """Return the files of the trained models."""
    return files_at(str(settings.models), settings.home / "scratch")
