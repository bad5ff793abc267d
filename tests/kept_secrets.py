"""What is kept, looked through for secrets: every value of every table and every file of a home."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator
from pathlib import Path

from sqlalchemy import MetaData, select

from chassis.data.database import Database

# What is shorter stands somewhere by chance.
LEAST = 24


def places_of(secrets: Collection[str], database: Database, home: Path) -> list[str]:
    """Return where one of these secrets stands as it is, without its prefix, in Base64 or in hexadecimal digits."""
    marks = {form for secret in secrets for form in _forms(secret)}
    assert marks
    tables = [place for place, value in _values(database) if any(mark in value for mark in marks)]
    files = [str(path) for path in sorted(home.rglob("*")) if path.is_file() and _holds(path, marks)]
    return tables + files


def _forms(secret: str) -> Iterator[bytes]:
    tail = secret.rpartition("_")[2]
    bare = tail if len(tail) >= LEAST else secret
    yield bare.encode()
    for raw in filter(None, (bare.encode(), secret.encode(), _decoded(bare))):
        yield raw
        yield raw.hex().encode()
        yield base64.b64encode(raw).rstrip(b"=")
        yield base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _values(database: Database) -> Iterator[tuple[str, bytes]]:
    kept = MetaData()
    kept.reflect(database.engine)
    with database.engine.connect() as connection:
        for table in kept.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for column, value in row.items():
                    raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    yield f"{table.name}.{column}", raw


def _holds(path: Path, marks: Collection[bytes]) -> bool:
    content = path.read_bytes()
    return any(mark in content for mark in marks)
