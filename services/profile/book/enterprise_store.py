"""Rows of the firms and of their versions: what is known of each, and what was known at a moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import ARRAY, String, and_, bindparam, func, insert, literal, select, true, update
from sqlalchemy.orm import Session

from chassis.data.database import Runner, batches
from chassis.data.upsert import insert_into, upsert
from services.profile.book import tables
from services.profile.book.domain.enterprise import DAYS, Enterprise
from services.profile.book.state_store import TICK, book, move_book

DESCRIBED = (
    *("name", "rating", "industry", "region", "size_class", "established_on"),
    *("employees", "revenue_fen", "assets_fen", "scope", "taxpayer"),
)
# What is stated of a firm, and what follows from who stated it.
KEPT = (*DESCRIBED, "registered_on", "heard_assets_fen", "assets_by")
ENTERPRISES = tables.Enterprise.__table__
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
    if ids is not None:
        # The versions of a few firms in their order, of which the last stays: one statement that is planned once.
        last = dict[str, Any]()
        for part in batches(ids):
            rows = session.execute(DESCRIBED_OF, {"ids": list(part), "known_at": known_at})
            last |= {row[0]: row[1] for row in rows}
        return [_described(*each) for each in sorted(last.items())]
    table = tables.EnterpriseVersion
    latest = select(table.enterprise, func.max(table.known_at).label("known_at")).where(table.known_at <= known_at)
    newest = latest.group_by(table.enterprise).subquery()
    same = and_(newest.c.enterprise == table.enterprise, newest.c.known_at == table.known_at)
    every = session.execute(select(table.enterprise, table.described).join(newest, same))
    return sorted((_described(row[0], row[1]) for row in every), key=lambda firm: firm.id)


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
    rows = _each(session, ids, ENTERPRISES, alike)
    statement = insert_into(session, ENTERPRISES).from_select(["id", *alike], rows)
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
