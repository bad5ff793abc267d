"""Sessions for SQLite and PostgreSQL with the same promises: durable commits, one writer's view, exact times."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    LargeBinary,
    MetaData,
    Select,
    Text,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator, TypeEngine

# Named constraints, so that a migration can drop what another one made, on both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
LOCK_WAIT_SECONDS = 30
# How long a PostgreSQL is waited for whose host is gone without a word, in seconds, of the last one in milliseconds.
# What its URL says of these comes first. Without them a connection hangs for a quarter of an hour, and who holds it.
PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
T = TypeVar("T")
# SQLite and PostgreSQL both take more parameters than this in one statement.
BATCH = 1000
# Whatever runs a statement: a session, or a plain connection on a hot path.
Runner = Session | Connection


class Utc(TypeDecorator[datetime]):
    """An aware time in UTC; a naive one is refused, since it would mean something else elsewhere."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times and store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give an aware time back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A JSON document, written by orjson: JSONB on PostgreSQL, text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(Text())
        from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415 -- who stands on SQLite need not load the other

        return dialect.type_descriptor(JSONB())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Write the document."""
        if value is None or dialect.name == "postgresql":
            return value
        return orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read the document."""
        return orjson.loads(value) if isinstance(value, str | bytes) and dialect.name != "postgresql" else value


TYPES: dict[Any, Any] = {
    datetime: Utc,
    dict[str, Any]: Json,
    list[Any]: Json,
    bytes: LargeBinary,
    int: BigInteger,
}


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Give stretches that are not too long for one statement."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def metadata() -> MetaData:
    """Return an empty catalogue of tables for one service; two services never share a table.

    >>> from sqlalchemy.orm import DeclarativeBase
    >>> class Base(DeclarativeBase):
    ...     metadata = metadata()
    ...     type_annotation_map = TYPES
    """
    return MetaData(naming_convention=NAMING)


class Database:
    """One service's database. Nothing connects until the first use, so that a server may fork after loading."""

    def __init__(self, url: str, info: Mapping[str, Any] | None = None) -> None:
        self.url = url
        # What every session of it knows (`session.info`), such as the limits of queues.
        self._info = dict(info or {})
        self.engine = _sqlite(url) if url.startswith("sqlite") else _postgresql(url)
        self._writer = self.engine.execution_options(writes=True)
        self._glances: dict[Select[Any], str] = {}
        # SQLite has one writer, and whoever finds it busy sleeps up to 0.1 s before it looks again: the slowest of a
        # hundred scores took 0.4 s. Threads of one process queue here instead, and only processes meet in the file.
        self._turn: AbstractContextManager[Any] = threading.RLock() if url.startswith("sqlite") else nullcontext()

    @property
    def file(self) -> Path | None:
        """The file of an embedded database; None where it is PostgreSQL's or in memory."""
        path = make_url(self.url).database if self.url.startswith("sqlite") else None
        return Path(path) if path and path != ":memory:" else None

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Give a session in a write transaction; it commits when the block ends and rolls back when it raises."""
        with (
            self._turn,
            Session(self._writer, expire_on_commit=False, autoflush=False, info=self._info) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that only reads; it never waits for a writer on SQLite."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def connection(self, *, writes: bool = False) -> Iterator[Connection]:
        """Give a plain connection in a transaction: for hot paths, where a session costs more than the statement.

        One statement takes 0.05 ms here and 0.13 ms in a session.
        """
        if writes:
            with self._turn, self._writer.begin() as connection:
                yield connection
        else:
            with self.engine.begin() as connection:
                yield connection

    def finds(self, glance: Select[Any]) -> bool:
        """Tell whether there is such a row, by a statement that was made once and finds one at most.

        It is for what is asked all day: on SQLite it goes to the driver as it stands, in no transaction of ours, which
        takes 0.02 ms and not 0.19; on PostgreSQL most of the time is the way.
        """
        if self.engine.dialect.name == "sqlite":
            words = self._glances.get(glance) or self._in_words(glance)
            with suppress(sqlite3.Error), closing(self.engine.raw_connection()) as connection:
                return bool(connection.cursor().execute(words).fetchall())  # to its end: half read, it holds a snapshot
        with self.connection() as connection:  # what goes wrong is told by its errors
            return connection.execute(glance).first() is not None

    def _in_words(self, glance: Select[Any]) -> str:
        """Return a statement as SQLite reads it, its values written out; it is kept."""
        made = str(glance.compile(self.engine, compile_kwargs={"literal_binds": True}))
        self._glances[glance] = made
        return made

    def probe(self) -> None:
        """Write a little that lasts; raise where the database cannot keep it. No row of any table is touched."""
        with self.connection(writes=True) as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA user_version = 1")
            else:
                connection.execute(text("SELECT pg_logical_emit_message(true, 'smecredit', 'ready')"))

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _sqlite(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        with suppress(OSError):  # whoever connects then hears of it
            Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"timeout": LOCK_WAIT_SECONDS, "check_same_thread": False},
        hide_parameters=True,  # an error's text quotes them, and they are names and codes
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # what was acknowledged survives a power cut
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, and not left in free pages
        connection.execute("PRAGMA temp_store=MEMORY")
        # 16 MB of log between two checkpoints: each of them syncs the whole file, and 4 MB fill in a hundred scores.
        connection.execute("PRAGMA wal_autocheckpoint=4000")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A transaction that will write takes the lock at once: upgrading later fails with "database is locked".
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str) -> Engine:
    normal = make_url(url)
    if normal.drivername == "postgresql":
        normal = normal.set(drivername="postgresql+psycopg")
    return create_engine(
        normal,
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        hide_parameters=True,
        connect_args={name: value for name, value in PATIENCE.items() if name not in normal.query},
    )


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()
