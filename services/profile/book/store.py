"""Rows of the book: the state that readers see, the firms, the versions of the lakes, the senders of imports."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import orjson
from sqlalchemy import ARRAY, Insert, String, and_, bindparam, func, insert, literal, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from chassis.data.database import Runner, batches
from services.profile.book import tables
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.enterprise import DAYS, Enterprise
from services.profile.book.fit import CURE, LakeForeign, Step
from services.profile.standards.days import day_of

T = TypeVar("T")
BOOK_ID = 1
TICK = timedelta(microseconds=1)
DESCRIBED = (
    *("name", "rating", "industry", "region", "size_class", "established_on"),
    *("employees", "revenue_fen", "assets_fen", "scope", "taxpayer"),
)
# What is stated of a firm, and what follows from who stated it.
KEPT = (*DESCRIBED, "registered_on", "heard_assets_fen", "assets_by")
BOOK = tables.Book.__table__
ENTERPRISES = tables.Enterprise.__table__

# Built once: on the way to a score, making these statements would cost more than running them.
STATE = select(
    *(BOOK.c[name] for name in ("lake_version", "known_at", "latest", "date", "invoices", "synthetic", "departures"))
).where(BOOK.c.id == BOOK_ID)
FIRMS = select(*(ENTERPRISES.c[name] for name in ("id", *KEPT, "synthetic")))
FIRM = FIRMS.where(ENTERPRISES.c.id == bindparam("id"))
VERSIONS = tables.EnterpriseVersion.__table__
DESCRIBED_OF = (
    select(VERSIONS.c.enterprise, VERSIONS.c.described)
    .where(VERSIONS.c.enterprise.in_(bindparam("ids", expanding=True)), VERSIONS.c.known_at <= bindparam("known_at"))
    .order_by(VERSIONS.c.known_at)
)
THERE = select(ENTERPRISES.c.id).where(ENTERPRISES.c.id.in_(bindparam("ids", expanding=True)))
FIRMS_OF = FIRMS.where(ENTERPRISES.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class BookState:
    """What readers see: the lake's version, when its latest part became known, its size.

    `date` is the day that the operator has dated the book with, `latest` that of the latest invoice, which decides
    nothing. `departures` counts the records that have left it since.
    """

    lake_version: int
    known_at: datetime
    latest: date | None
    date: date | None
    invoices: int
    synthetic: bool | None
    departures: int = 0


EMPTY_BOOK = BookState(0, datetime(1970, 1, 1, tzinfo=UTC), None, None, 0, None)


def book(session: Runner, *, lock: bool = False) -> BookState:
    """Return the state of the book; `lock` keeps others from moving it on until the transaction ends."""
    row = session.execute(STATE.with_for_update() if lock else STATE).one_or_none()
    return BookState(*row) if row else EMPTY_BOOK


def move_book(session: Session, state: BookState) -> None:
    """Make `state` what readers see, but for the book's date: `date_store.date_book` alone writes that."""
    values = {name: getattr(state, name) for name in BookState.__slots__ if name != "date"}
    # Other acts of the same transaction have moved it on already; neither of these ever shrinks.
    now = book(session)
    values["known_at"] = max(state.known_at, now.known_at)
    values["departures"] = max(state.departures, now.departures)
    upsert(session, tables.Book, [{"id": BOOK_ID, **values}], ["id"], list(values))


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


def names(session: Runner) -> list[tuple[str, str]]:
    """Return every firm that has a name, with it."""
    table = tables.Enterprise
    query = select(table.id, table.name).where(table.name.is_not(None)).order_by(table.id)
    return [(row.id, row.name) for row in session.execute(query)]


def names_at(session: Runner, known_at: datetime, ids: Sequence[str]) -> dict[str, str | None]:
    """Return how these firms were named at a moment, by id; those not known then are left out."""
    found = dict[str, str | None]()
    for part in batches(ids):
        rows = session.execute(DESCRIBED_OF, {"ids": list(part), "known_at": known_at})
        found |= {row[0]: row[1].get("name") for row in rows}
    return found


def there(session: Runner, ids: Sequence[str]) -> set[str]:
    """Return which of these firms the book knows."""
    found = set[str]()
    for part in batches(ids):
        found |= set(session.execute(THERE, {"ids": list(part)}).scalars())
    return found


def hold(session: Session, enterprise_id: str) -> bool:
    """Keep a firm's row from others until the transaction ends; tell whether there is one."""
    query = select(tables.Enterprise.id).where(tables.Enterprise.id == enterprise_id).with_for_update()
    return session.scalar(query) is not None


def all_enterprises(session: Session) -> list[Enterprise]:
    """Return every firm, by id."""
    return sorted((_enterprise(row) for row in session.execute(FIRMS)), key=lambda firm: firm.id)


def with_invoices(session: Runner) -> list[str]:
    """Return the ids of the firms that the lake holds invoices of."""
    return list(session.execute(select(ENTERPRISES.c.id).where(ENTERPRISES.c.lake_version > 0)).scalars())


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
    names = (*KEPT, "synthetic")
    rows = [
        {"id": firm.id, **{name: getattr(firm, name) for name in names}, "lake_version": 0, "updated_at": now}
        for firm in firms
    ]
    upsert(session, tables.Enterprise, rows, ["id"], [*names, "updated_at"])


def touch(
    session: Session, ids: Sequence[str], lake_version: int, *, synthetic: bool, now: datetime, own: bool = False
) -> None:
    """Note that a version of the lake brought invoices of these firms; a firm not named before becomes known.

    `own` tells that the firms said them of themselves.
    """
    known = there(session, ids)
    _keep_unnamed(session, [name for name in ids if name not in known], now, synthetic=synthetic)
    alike = {"synthetic": synthetic, "lake_version": lake_version, "own_word": own, "updated_at": now}
    statement: Any = _insert(session, ENTERPRISES).from_select(["id", *alike], _each(session, ids, ENTERPRISES, alike))
    change = {name: statement.excluded[name] for name in (["lake_version", "own_word"] if own else ["lake_version"])}
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=change))


def speaking(session: Runner, ids: Collection[str]) -> set[str]:
    """Return those of these firms of which invoices come from themselves."""
    table, found = tables.Enterprise, set[str]()
    for part in batches(sorted(ids)):
        found |= set(session.execute(select(table.id).where(table.own_word, table.id.in_(part))).scalars())
    return found


def note_own_word(session: Session, ids: Collection[str]) -> None:
    """Note that invoices of these firms come from themselves."""
    for part in batches(sorted(ids)):
        session.execute(update(tables.Enterprise).where(tables.Enterprise.id.in_(part)).values(own_word=True))


def name_enterprises(session: Session, ids: Sequence[str], *, synthetic: bool, now: datetime) -> None:
    """Let firms not named before become known."""
    known = there(session, ids)
    keep_enterprises(session, [Enterprise(name, synthetic=synthetic) for name in ids if name not in known], now)


def add_step(session: Session, dataset: str, known_at: datetime, step: Step, records: int) -> None:
    """Note that from this moment on readers see this version of a kind's lake; one that they see already stays.

    Raise `LakeForeign` where the version is another commit's: the lake has been put back and grown anew.
    """
    table = tables.LakeStep
    same = (table.dataset == dataset, table.lake_version == step.version)
    if (held := session.execute(select(table.commit_id).where(*same)).one_or_none()) is not None:
        if held[0] not in (None, step.commit):
            raise LakeForeign(
                f"Version {step.version} of {dataset} is of the commit {held[0]}, says the database, and the lake has "
                f"given it to {step.commit}. {CURE}",
                lake=dataset,
                lake_version=step.version,
            )
        return
    made = {"lake_version": step.version, "commit_id": step.commit, "committed_at": step.committed_at}
    session.execute(insert(table), [{"dataset": dataset, "known_at": known_at, "records": records, **made}])


def last_steps(runner: Runner) -> dict[str, Step]:
    """Return the newest step of each kind's lake that readers see; a kind not named has none."""
    table = tables.LakeStep
    newest = select(table.dataset, func.max(table.lake_version).label("version")).group_by(table.dataset).subquery()
    query = select(table.dataset, table.lake_version, table.commit_id, table.committed_at).join(
        newest, (table.dataset == newest.c.dataset) & (table.lake_version == newest.c.version)
    )
    return {row[0]: Step(*row[1:]) for row in runner.execute(query)}


def unnamed_steps(runner: Runner, dataset: str) -> list[int]:
    """Return the versions of a kind's lake of which it was not kept which commit made them."""
    table = tables.LakeStep
    query = select(table.lake_version).where(table.dataset == dataset, table.commit_id.is_(None))
    return list(runner.execute(query).scalars())


def name_step(session: Session, dataset: str, step: Step) -> None:
    """Note which commit made a version."""
    table = tables.LakeStep
    this = update(table).where(table.dataset == dataset, table.lake_version == step.version)
    session.execute(this.values(commit_id=step.commit, committed_at=step.committed_at))


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


def own_imports(session: Runner) -> frozenset[str]:
    """Return the imports by which enterprises spoke of themselves."""
    table = tables.Import
    return frozenset(session.execute(select(table.id).where(table.channel == Channel.SUBJECT)).scalars())


def stated_days(session: Session, ids: Sequence[str]) -> dict[str, date]:
    """Return on which day each of these imports was stated: as its sender said, else the day of receipt in China."""
    table, found = tables.Import, dict[str, date]()
    for part in batches(ids):
        rows = session.execute(select(table.id, table.stated_on, table.created_at).where(table.id.in_(part)))
        found |= {row[0]: row[1] or day_of(row[2]) for row in rows}
    return found


def came_before(session: Session, order: tables.Import) -> bool:
    """Tell whether a file was worked off before: same bytes, name, day, kind and sender, and not taken back.

    Under another day (`stated_on`) it is a statement of that day. Raw bodies and single records bear the name of their
    kind: whoever sends them again says them now.
    """
    if order.file in (order.kind, f"{order.kind}.json"):
        return False
    table = tables.Import
    same = ("sha256", "file", "stated_on", "kind", "client", "channel", "connector", "enterprise")
    alike = [getattr(table, name) == getattr(order, name) for name in same]
    stands = table.id.not_in(select(tables.Withdrawal.import_id))
    earlier = select(table.id).where(*alike, table.id != order.id, table.finished_at.is_not(None), stands).limit(1)
    return session.scalar(earlier) is not None


def import_with(session: Session, client: str, key: str | None) -> tables.Import | None:
    """Return the import that a client sent under an idempotency key."""
    table = tables.Import
    return session.scalars(select(table).where(table.client == client, table.idempotency_key == key)).one_or_none()


def size(session: Runner) -> int:
    """Return how many firms the book has."""
    return int(session.execute(select(func.count()).select_from(ENTERPRISES)).scalar_one())


def _keep_versions(session: Session, firms: Sequence[Enterprise], now: datetime) -> None:
    """Keep what is known of firms from now on."""
    if firms:
        known_at = _moved_on(session, now)
        rows = [{"enterprise": firm.id, "known_at": known_at, "described": _description(firm)} for firm in firms]
        for part in batches(rows):
            session.execute(insert(tables.EnterpriseVersion), list(part))


def _keep_unnamed(session: Session, ids: Sequence[str], now: datetime, *, synthetic: bool) -> None:
    """Keep that these firms are known from now on, and nothing but their ids."""
    if ids:
        alike = {"known_at": _moved_on(session, now), "described": _description(Enterprise("", synthetic=synthetic))}
        rows = _each(session, ids, VERSIONS, alike)
        session.execute(insert(tables.EnterpriseVersion).from_select(["enterprise", *alike], rows))


def _moved_on(session: Session, now: datetime) -> datetime:
    """Move the book on to a moment that lies after all that readers have seen, and return it."""
    state = book(session)
    known_at = max(now, state.known_at + TICK)
    move_book(session, replace(state, known_at=known_at))
    return known_at


def _each(session: Session, ids: Sequence[str], table: Any, alike: Mapping[str, Any]) -> Any:
    """Return a row for each id with what is alike of all, to be inserted into a table.

    The ids go to the database as one value: with one for each, a hundred thousand firms took nine seconds of the CPU.
    """
    if session.get_bind().dialect.name == "postgresql":
        each = func.unnest(literal(list(ids), ARRAY(String))).table_valued("value").render_derived()
    else:
        each = func.json_each(orjson.dumps(list(ids)).decode()).table_valued("value")
    # SQLite takes what follows for a join where nothing is asked of the rows.
    return select(each.c.value, *(literal(value, table.c[name].type) for name, value in alike.items())).where(true())


def _description(firm: Enterprise) -> dict[str, Any]:
    description = {name: getattr(firm, name) for name in (*KEPT, "synthetic")}
    return {**description, **{name: description[name] and description[name].isoformat() for name in DAYS}}


def _described(enterprise_id: str, description: Mapping[str, Any]) -> Enterprise:
    days = {name: description.get(name) for name in DAYS}
    read = {name: None if day is None else date.fromisoformat(day) for name, day in days.items()}
    return Enterprise(enterprise_id, **{**description, **read})


def _enterprise(row: Any) -> Enterprise:
    return Enterprise(row.id, synthetic=row.synthetic, **{name: getattr(row, name) for name in KEPT})


def upsert(
    session: Session,
    table: Any,
    rows: Sequence[Mapping[str, Any]],
    key: list[str],
    changing: list[str],
    *,
    newer: str | None = None,
) -> None:
    """Insert rows, or change what is there; with `newer` only where that column does not go back."""
    statement: Any = _insert(session, table.__table__)
    change = {name: statement.excluded[name] for name in changing}
    where = statement.excluded[newer] >= table.__table__.c[newer] if newer else None
    final: Insert = statement.on_conflict_do_update(index_elements=key, set_=change, where=where)
    for part in batches(rows):
        session.execute(final, list(part))


def _insert(session: Session, table: Any) -> Any:
    return (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(table)


def origins(session: Runner, imports: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the source, lawful channel and file of these imports, by id."""
    table, found = tables.Import, dict[str, dict[str, str]]()
    for part in batches(imports):
        rows = session.execute(select(table.id, table.client, table.channel, table.file).where(table.id.in_(part)))
        found |= {row[0]: {"source": row[1], "channel": row[2], "file": row[3]} for row in rows}
    return found


def channels(session: Runner) -> list[tuple[str, str]]:
    """Return by which channel each import came: its id, the channel."""
    table = tables.Import
    return [(row[0], row[1]) for row in session.execute(select(table.id, table.channel))]
