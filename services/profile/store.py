"""Rows and domain values: every SQL statement of the profile service but its paged lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Date, Insert, Table, and_, bindparam, case, func, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.data import ledger
from chassis.data.database import Runner, batches
from services.profile import tables
from services.profile.domain.consent import AGAIN, Consent
from services.profile.domain.enterprise import Enterprise

T = TypeVar("T")
BOOK_ID = 1
TICK = timedelta(microseconds=1)
DESCRIBED = (
    *("name", "rating", "industry", "region", "size_class", "established_on"),
    *("employees", "revenue_fen", "assets_fen", "scope", "taxpayer"),
)
BOOK = tables.Book.__table__
ENTERPRISES = tables.Enterprise.__table__
CONSENTS = tables.Consent.__table__
SNAPSHOTS = tables.FeatureSnapshot.__table__

# Built once: on the way to a score, making these statements would cost more than running them.
STATE = select(
    *(BOOK.c[name] for name in ("lake_version", "known_at", "date", "invoices", "synthetic", "departures"))
).where(BOOK.c.id == BOOK_ID)
FIRMS = select(*(ENTERPRISES.c[name] for name in ("id", *DESCRIBED, "synthetic")))
FIRM = FIRMS.where(ENTERPRISES.c.id == bindparam("id"))
FIRMS_OF = FIRMS.where(ENTERPRISES.c.id.in_(bindparam("ids", expanding=True)))
LIVE = select(
    *(CONSENTS.c[name] for name in ("id", "enterprise", "grantee", "purposes", "fields", "valid_from", "valid_until")),
    *(CONSENTS.c[name] for name in ("as_of_from", "as_of_until", "most_reads_a_day", "most_reads_a_month")),
).where(CONSENTS.c.grantee == bindparam("grantee"), CONSENTS.c.revoked_at.is_(None))
COUNTING = text("SELECT pg_advisory_xact_lock(hashtextextended(:consent, 0))")
HELD = LIVE.order_by(CONSENTS.c.id).with_for_update(read=True)
HELD_OF = HELD.where(CONSENTS.c.enterprise.in_(bindparam("ids", expanding=True)))
HELD_OF_ONE = HELD.where(CONSENTS.c.enterprise == bindparam("id"))
RECORD = insert(cast("Table", tables.Access.__table__))
STILL_GOOD = and_(
    SNAPSHOTS.c.enterprise == ENTERPRISES.c.id,
    SNAPSHOTS.c.catalogue == bindparam("catalogue"),
    SNAPSHOTS.c.lake_version >= ENTERPRISES.c.lake_version,
    SNAPSHOTS.c.revision == ENTERPRISES.c.revision,
)
STORED = select(SNAPSHOTS.c.enterprise, SNAPSHOTS.c.body).where(
    STILL_GOOD,
    SNAPSHOTS.c.enterprise.in_(bindparam("ids", expanding=True)),
    SNAPSHOTS.c.as_of == bindparam("as_of"),
)
TODAY = bindparam("today", type_=Date)
BOOK_DATE = case((BOOK.c.date < TODAY, BOOK.c.date), else_=TODAY)
ON_THE_DAY = SNAPSHOTS.c.as_of == func.coalesce(bindparam("as_of", type_=Date), BOOK_DATE)
STATE_AND_STORED = STATE.add_columns(SNAPSHOTS.c.body).select_from(
    BOOK.outerjoin(ENTERPRISES, ENTERPRISES.c.id == bindparam("id")).outerjoin(SNAPSHOTS, STILL_GOOD & ON_THE_DAY)
)


@dataclass(frozen=True, slots=True)
class BookState:
    """What readers see: the lake's version, when its latest part became known, its latest day, its size.

    `departures` counts the records that have left it since.
    """

    lake_version: int
    known_at: datetime
    date: date | None
    invoices: int
    synthetic: bool | None
    departures: int = 0


EMPTY_BOOK = BookState(0, datetime(1970, 1, 1, tzinfo=UTC), None, 0, None)


def book(session: Runner, *, lock: bool = False) -> BookState:
    """Return the state of the book; `lock` keeps others from moving it on until the transaction ends."""
    row = session.execute(STATE.with_for_update() if lock else STATE).one_or_none()
    return BookState(*row) if row else EMPTY_BOOK


def book_and_snapshot(
    session: Runner, enterprise_id: str, as_of: date | None, today: date, catalogue: str
) -> tuple[BookState, bytes | None]:
    """Return the state of the book and, in the same statement, one firm's stored features if they still hold.

    They are those of `as_of`; None stands for the book's date, but never after today.
    """
    asked = {"id": enterprise_id, "as_of": as_of, "today": today, "catalogue": catalogue}
    row = session.execute(STATE_AND_STORED, asked).one_or_none()
    return (BookState(*row[:-1]), row[-1]) if row else (EMPTY_BOOK, None)


def move_book(session: Session, state: BookState) -> None:
    """Make `state` what readers see."""
    values = {name: getattr(state, name) for name in BookState.__slots__}
    # Other acts of the same transaction have moved it on already; neither of these ever shrinks.
    now = book(session)
    values["known_at"] = max(state.known_at, now.known_at)
    values["departures"] = max(state.departures, now.departures)
    _upsert(session, tables.Book, [{"id": BOOK_ID, **values}], ["id"], list(values))


def enterprise(session: Runner, enterprise_id: str) -> Enterprise | None:
    """Return one firm."""
    row = session.execute(FIRM, {"id": enterprise_id}).one_or_none()
    return _enterprise(row) if row else None


def enterprises(session: Runner, ids: Sequence[str]) -> dict[str, Enterprise]:
    """Return the firms among these ids, by id."""
    found: dict[str, Enterprise] = {}
    for part in batches(ids):
        rows = session.execute(FIRMS_OF, {"ids": list(part)})
        found |= {row.id: _enterprise(row) for row in rows}
    return found


def all_enterprises(session: Session) -> list[Enterprise]:
    """Return every firm, by id."""
    return sorted((_enterprise(row) for row in session.execute(FIRMS)), key=lambda firm: firm.id)


def enterprises_at(session: Runner, known_at: datetime, ids: Sequence[str] | None = None) -> list[Enterprise]:
    """Return these firms (None: all) as they were known at a moment, by id; those not known then are left out."""
    table = tables.EnterpriseVersion
    found: list[Enterprise] = []
    for part in [None] if ids is None else batches(ids):
        latest = select(table.enterprise, func.max(table.known_at).label("known_at")).where(table.known_at <= known_at)
        if part is not None:
            latest = latest.where(table.enterprise.in_(part))
        last = latest.group_by(table.enterprise).subquery()
        same = and_(last.c.enterprise == table.enterprise, last.c.known_at == table.known_at)
        rows = session.execute(select(table.enterprise, table.described).join(last, same))
        found += [_described(row[0], row[1]) for row in rows]
    return sorted(found, key=lambda firm: firm.id)


def keep_enterprises(session: Session, firms: Sequence[Enterprise], now: datetime) -> None:
    """Store firms as they are now, whether known before or not, and move the book on to this knowledge."""
    _keep_versions(session, firms, now)
    names = (*DESCRIBED, "synthetic")
    rows = [
        {"id": firm.id, **{name: getattr(firm, name) for name in names}, "lake_version": 0, "updated_at": now}
        for firm in firms
    ]
    _upsert(session, tables.Enterprise, rows, ["id"], [*names, "updated_at"])


def touch(session: Session, ids: Sequence[str], lake_version: int, *, synthetic: bool, now: datetime) -> None:
    """Note that a version of the lake brought invoices of these firms; a firm not named before becomes known."""
    known = enterprises(session, ids)
    _keep_versions(session, [Enterprise(name, synthetic=synthetic) for name in ids if name not in known], now)
    blank = dict.fromkeys(DESCRIBED)
    rows = [
        {"id": name, **blank, "synthetic": synthetic, "lake_version": lake_version, "updated_at": now} for name in ids
    ]
    _upsert(session, tables.Enterprise, rows, ["id"], ["lake_version"])


def name_enterprises(session: Session, ids: Sequence[str], *, synthetic: bool, now: datetime) -> None:
    """Let firms not named before become known."""
    known = enterprises(session, ids)
    keep_enterprises(session, [Enterprise(name, synthetic=synthetic) for name in ids if name not in known], now)


def add_step(session: Session, dataset: str, known_at: datetime, lake_version: int, records: int) -> None:
    """Note that from this moment on readers see this version of a kind's lake."""
    step = {"dataset": dataset, "known_at": known_at, "lake_version": lake_version, "records": records}
    session.execute(insert(tables.LakeStep), [step])


def lake_versions(session: Runner, known_at: datetime | None = None) -> dict[str, int]:
    """Return which version of each kind's lake readers saw at a moment (None: see now); a kind not named has none.

    Rows of a version carry the time at which they came to the lake; a step is the later time at which readers saw
    them, so a replay by steps sees neither more nor less than was seen then.
    """
    table = tables.LakeStep
    query = select(table.dataset, func.max(table.lake_version)).group_by(table.dataset)
    if known_at is not None:
        query = query.where(table.known_at <= known_at)
    return {row[0]: row[1] for row in session.execute(query)}


def senders(session: Session, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return who sent these imports, and by which channel, by id."""
    table, found = tables.Import, dict[str, tuple[str, str]]()
    for part in batches(ids):
        rows = session.execute(select(table.id, table.client, table.channel).where(table.id.in_(part)))
        found |= {row[0]: (row[1], row[2]) for row in rows}
    return found


def outcomes(session: Runner, known_at: datetime) -> dict[str, bool]:
    """Return whether each firm defaulted, by the latest statement known at a time."""
    table = tables.Outcome
    query = select(table.enterprise, table.defaulted).where(table.known_at <= known_at)
    rows = session.execute(query.order_by(table.known_at, table.observed_on, table.id))
    return dict(rows.all())


def outcome_statements(session: Session, ids: Sequence[str]) -> set[tuple[str, bool, date | None]]:
    """Return everything said so far about these firms' outcomes."""
    table = tables.Outcome
    said: set[tuple[str, bool, date | None]] = set()
    for part in batches(ids):
        query = select(table.enterprise, table.defaulted, table.observed_on).where(table.enterprise.in_(part))
        said |= {(row.enterprise, row.defaulted, row.observed_on) for row in session.execute(query)}
    return said


def add_outcomes(
    session: Session, statements: Sequence[tuple[str, bool, date | None]], import_id: str, known_at: datetime
) -> None:
    """Store statements about outcomes."""
    names = ("enterprise", "defaulted", "observed_on")
    origin = {"import_id": import_id, "known_at": known_at}
    rows = [{"id": new_id("out"), **dict(zip(names, said, strict=True)), **origin} for said in statements]
    if rows:
        session.execute(insert(tables.Outcome), rows)


def consents(session: Runner, grantee: str, ids: Sequence[str] | None = None) -> Iterator[Consent]:
    """Give the unrevoked consents that a client holds, of all firms or of these.

    They stay as they are until the transaction ends: a revocation at the same moment waits, so that no read is
    recorded under a consent that had ended.
    """
    if ids is None:
        yield from (_consent(row) for row in session.execute(HELD, {"grantee": grantee}))
    else:
        for part in batches(ids):
            rows = session.execute(HELD_OF, {"grantee": grantee, "ids": list(part)})
            yield from (_consent(row) for row in rows)


def consents_of(session: Runner, grantee: str, enterprise_id: str) -> Iterator[Consent]:
    """Give the unrevoked consents that a client holds of one firm; they stay as in `consents`."""
    yield from (_consent(row) for row in session.execute(HELD_OF_ONE, {"grantee": grantee, "id": enterprise_id}))


def reads_since(connection: Connection, consents: Sequence[str], since: datetime) -> dict[str, int]:
    """Return how often a file was looked into under each of these consents, and hold others that count until done.

    Two who count at once would both find the last read free. SQLite has one writer anyway. The lock is beside the
    consent's row: all who count share that row already, and would wait for one another for ever.
    """
    accesses = tables.Access
    if connection.dialect.name == "postgresql":
        for consent in sorted(consents):
            connection.execute(COUNTING, {"consent": consent})
    looks = and_(accesses.at >= since, accesses.what != AGAIN)
    query = select(accesses.consent, func.count()).where(looks).group_by(accesses.consent)
    found: dict[str, int] = {}
    for part in batches(consents):
        found |= {row[0]: row[1] for row in connection.execute(query.where(accesses.consent.in_(part)))}
    return found


def record(session: Runner, accesses: Sequence[Mapping[str, Any]]) -> None:
    """Store reads; each becomes part of what its enterprise can see, and prove."""
    rows = [{"id": new_id("acc"), **access} for access in accesses]
    numbers = ledger.append(session, [_read_entry(row) for row in rows])
    session.execute(RECORD, [{**row, "ledger_entry": number} for row, number in zip(rows, numbers, strict=True)])


def _read_entry(row: Mapping[str, Any]) -> ledger.Entry:
    facts = {"access": row["id"], "purpose": row["purpose"], "what": row["what"]}
    # In plain, the consent would tell which of all entries are reads of one firm by one client.
    return ledger.Entry("access", row["enterprise"], row["client"], facts, {"consent": row["consent"]})


def enter(
    session: Runner,
    kind: str,
    enterprise: str,
    actor: str | None,
    facts: Mapping[str, Any],
    sealed: Mapping[str, str | None] = MappingProxyType({}),
) -> int:
    """Enter in the ledger what happened to an enterprise's file, in the transaction in which it happens.

    `facts` are public for ever: ids and codes only; a digest that others could compute is `sealed`. Returns the entry's
    number.
    """
    (number,) = ledger.append(session, [ledger.Entry(kind, enterprise, actor, facts, sealed)])
    return number


def snapshots(session: Runner, ids: Sequence[str], as_of: date, catalogue: str) -> dict[str, bytes]:
    """Return the stored features that still hold, by enterprise."""
    found: dict[str, bytes] = {}
    for part in batches(ids):
        asked = {"ids": list(part), "as_of": as_of, "catalogue": catalogue}
        found |= dict(session.execute(STORED, asked).all())
    return found


def revisions(runner: Runner, ids: Sequence[str]) -> dict[str, int]:
    """Return how often acts have changed the files of these enterprises: to be read before what is computed of them."""
    found: dict[str, int] = {}
    for part in batches(ids):
        found |= dict(
            runner.execute(select(ENTERPRISES.c.id, ENTERPRISES.c.revision).where(ENTERPRISES.c.id.in_(part))).all()
        )
    return found


def keep_snapshots(
    session: Session,
    bodies: Mapping[str, bytes],
    as_of: date,
    catalogue: str,
    lake_version: int,
    revised: Mapping[str, int],
) -> None:
    """Store computed features; a newer computation is never replaced by an older one of another process.

    `revised` are the `revisions` of before the computation: what an act changed meanwhile makes the answer void.
    """
    same = {"as_of": as_of, "catalogue": catalogue, "lake_version": lake_version}
    rows = [
        {"enterprise": name, "body": body, "revision": revised.get(name, 0), **same} for name, body in bodies.items()
    ]
    changing = ["body", "catalogue", "lake_version", "revision"]
    _upsert(session, tables.FeatureSnapshot, rows, ["enterprise", "as_of"], changing, newer="lake_version")


def size(session: Session) -> int:
    """Return how many firms the book has."""
    return session.execute(select(func.count()).select_from(ENTERPRISES)).scalar_one()


def roster_stamp(session: Runner) -> tuple[int, datetime | None]:
    """Return what changes whenever a firm is added or described anew."""
    row = session.execute(select(func.count(), func.max(ENTERPRISES.c.updated_at)).select_from(ENTERPRISES)).one()
    return row[0], row[1]


def _keep_versions(session: Session, firms: Sequence[Enterprise], now: datetime) -> None:
    """Keep what is known of firms from now on; the moment lies after all that readers have seen."""
    if not firms:
        return
    state = book(session)
    known_at = max(now, state.known_at + TICK)
    rows = [{"enterprise": firm.id, "known_at": known_at, "described": _description(firm)} for firm in firms]
    for part in batches(rows):
        session.execute(insert(tables.EnterpriseVersion), list(part))
    move_book(session, replace(state, known_at=known_at))


def _description(firm: Enterprise) -> dict[str, Any]:
    day = firm.established_on
    told = {name: getattr(firm, name) for name in (*DESCRIBED, "synthetic")}
    return {**told, "established_on": day.isoformat() if day else None}


def _described(enterprise_id: str, told: Mapping[str, Any]) -> Enterprise:
    day = told["established_on"]
    return Enterprise(enterprise_id, **{**told, "established_on": date.fromisoformat(day) if day else None})


def _consent(row: Any) -> Consent:
    return Consent(row[0], row[1], row[2], frozenset(row[3]), frozenset(row[4]), row[5], row[6], None, *row[7:11])


def _enterprise(row: Any) -> Enterprise:
    return Enterprise(row.id, synthetic=row.synthetic, **{name: getattr(row, name) for name in DESCRIBED})


def _upsert(
    session: Session,
    table: Any,
    rows: Sequence[Mapping[str, Any]],
    key: list[str],
    changing: list[str],
    *,
    newer: str | None = None,
) -> None:
    dialect: Any = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    statement: Any = dialect(table.__table__)
    change = {name: statement.excluded[name] for name in changing}
    where = statement.excluded[newer] >= table.__table__.c[newer] if newer else None
    final: Insert = statement.on_conflict_do_update(index_elements=key, set_=change, where=where)
    for part in batches(rows):
        session.execute(final, list(part))
