"""Reading the published index: which cells a question is about. It tells of no firm, and so opens no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from chassis.core.errors import Invalid, NotFound
from chassis.data import jobs
from services.profile.standards import industries, regions
from services.profile.supervision import index_store
from services.profile.supervision.domain.cells import ANYWHERE, EVERY, NATION, UNKNOWN, Level
from services.profile.supervision.usecases.publish_index import JOB

EACH = "each"


class OrderNotFound(NotFound):
    """No order of months has this id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader wants of the index: None stands for the usual, the whole country and all industries together."""

    level: Level | None = None
    region: str | None = None
    industry: str | None = None
    first: str | None = None
    last: str | None = None


def cells_asked(asked: Asked) -> Select[Any]:
    """Return the query of the cells that are asked for; raise `Invalid` where a region, industry or span is none."""
    if asked.first and asked.last and asked.first > asked.last:
        raise Invalid(f"from {asked.first} comes after to {asked.last}; name the earlier month first.")
    region = _region(asked.region) if asked.region else None
    level = asked.level or (level_of(region) if region else Level.NATION)
    if region is not None and level_of(region) != level:
        if list(Level).index(level_of(region)) > list(Level).index(level):
            raise Invalid(f"{asked.region} is finer than a {level}; ask for its own level or a finer one.")
        within: str | None = regions.stem(region) if region != NATION else None
    else:
        within = region
    return index_store.of_cells(asked.first, asked.last, level, within, _industry(asked.industry))


def level_of(region: str) -> Level:
    """Return the level of a region's code."""
    if region == NATION:
        return Level.NATION
    return Level.PROVINCE if region[2:] == "0000" or region == ANYWHERE else Level.PREFECTURE


def order_state(session: Session, order_id: str) -> tuple[tuple[str, ...], jobs.JobState]:
    """Return the months of an order and how far its job is."""
    found = session.execute(
        jobs.TABLE.select().where(jobs.TABLE.c.id == order_id, jobs.TABLE.c.kind == JOB.name)
    ).one_or_none()
    if found is None:
        raise OrderNotFound("There is no such order of months; one is made with POST /v1/indices.")
    return tuple(found.payload["months"]), jobs.state(session, order_id)


def _region(written: str) -> str:
    if written in {NATION, ANYWHERE}:
        return written
    found = regions.find(written)
    # Districts of Beijing and the like have no prefecture with a name: 110100 is told all the same, and found again.
    if found.code is None or not any(code.startswith(found.code[:4]) for code in regions.by_code()):
        raise Invalid(found.warning or f"There is no region {written[:32]}.", region=written[:32])
    return found.code[:4] + "00"


def _industry(written: str | None) -> str | None:
    """Return the key of an industry, None for each section apart."""
    if written is None or written == EVERY:
        return EVERY
    if written == EACH:
        return None
    if written == UNKNOWN:
        return UNKNOWN
    found = industries.find(written)
    if found.section is None:
        raise Invalid(found.warning or f"There is no industry {written[:32]}.", industry=written[:32])
    return found.section
