"""What the operator asks of every service alike: its jobs, and how long it keeps what.

Each service answers for itself; the gateway joins them to one list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from chassis.core.retention import Declared
from chassis.data import listing, removal
from chassis.data.database import Database
from chassis.data.listing import STATES, Wanted
from chassis.web import paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.idempotency import repeatable
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from chassis.web.schemas import Schema

LONGEST = 64


@dataclass(frozen=True, slots=True)
class House:
    """What these routes have to know of a service: its name, its database, what it declares and what carries it out."""

    service: str
    database: Database
    declared: Declared
    wishes: Mapping[str, str]
    scheduled: str = removal.NAME


class JobQuery(Schema):
    """Which jobs."""

    state = fields.String(
        load_default=None,
        validate=validate.OneOf(STATES),
        metadata={"description": "Without it, all that wait, run or failed"},
    )
    queue = fields.String(load_default=None, validate=validate.Length(1, LONGEST))
    older_than = fields.Float(
        load_default=None,
        validate=validate.Range(0, 1e9),
        metadata={"description": "Ordered so many seconds ago at least"},
    )


class RetriedSchema(Schema):
    """Who had it run again last, when, and what had become of it."""

    by = fields.String()
    per = fields.String(allow_none=True, metadata={"description": "The person, where one had signed in"})
    at = fields.String()
    problem = fields.String()


class QueuedJobSchema(Schema):
    """A job, without what it is about."""

    service = fields.String()
    id = fields.String()
    queue = fields.String()
    kind = fields.String()
    state = fields.String()
    done = fields.Integer()
    total = fields.Integer(allow_none=True)
    attempts = fields.Integer()
    killed = fields.Integer(metadata={"description": "Workers that were seen to die over it"})
    created_at = fields.String()
    finished_at = fields.String(allow_none=True)
    problem = fields.String(allow_none=True, metadata={"description": "The type of its problem"})
    retried = fields.Nested(RetriedSchema, allow_none=True)


class JobsSchema(Schema):
    """A page of jobs, the newest first."""

    items = fields.List(fields.Nested(QueuedJobSchema))
    next = fields.String(allow_none=True, metadata={"description": "`cursor` of the next page, null on the last"})
    unanswered = fields.List(fields.String(), metadata={"description": "Services that did not answer just now"})


class AgainSchema(Schema):
    """The job that runs again."""

    id = fields.String()
    kind = fields.String()
    queue = fields.String()


class BothWordsSchema(Schema):
    """The same in Chinese and English."""

    zh = fields.String()
    en = fields.String()


class KeptForSchema(Schema):
    """How long one kind of thing is kept, of which subjects, why, and what its last run removed."""

    service = fields.String()
    key = fields.String()
    subject = fields.String(validate=validate.OneOf(["any", "enterprise", "sole-trader"]))
    what = fields.String()
    sorts = fields.List(fields.String())
    since = fields.String(metadata={"description": "From when the months count: ended, made, departed"})
    months = fields.Integer()
    tables = fields.List(fields.String(), metadata={"description": "Tables whose rows go; none where it is files"})
    title = fields.Nested(BothWordsSchema())
    basis = fields.Nested(BothWordsSchema())
    last_run = fields.String(allow_none=True, metadata={"description": "When it was last carried out"})
    removed = fields.Integer(allow_none=True, metadata={"description": "What went in that run"})
    next_run = fields.String(allow_none=True, metadata={"description": "When it is due; null where it is turned off"})


class StaysSchema(Schema):
    """A table whose rows are never removed, and why."""

    service = fields.String()
    table = fields.String()
    reason = fields.String()
    title = fields.Nested(BothWordsSchema())


class RetentionSchema(Schema):
    """The policies of retention, and what stays."""

    version = fields.String()
    items = fields.List(fields.Nested(KeptForSchema()))
    stays = fields.List(fields.Nested(StaysSchema()))
    unanswered = fields.List(fields.String(), metadata={"description": "Services that did not answer just now"})


def blueprints(house: House) -> tuple[Blueprint, Blueprint]:
    """Return the routes of a service: its jobs, and its retention."""
    return _jobs(house), _retention(house)


def word_of(job: dict[str, Any]) -> str:
    """Return what a page of jobs follows: it sorts by time."""
    return f"{job['created_at']} {job['id']}"


def _jobs(house: House) -> Blueprint:
    blueprint = Blueprint("jobs", __name__, url_prefix="/v1/jobs", description="Jobs in the background")

    @blueprint.get("")
    @requires("jobs:read")
    @blueprint.arguments(JobQuery, location="query")
    @blueprint.doc(parameters=paging.PARAMETERS)
    @blueprint.response(200, JobsSchema())
    @shows(Shows.COUNTS)
    def list_jobs(query: dict[str, Any]) -> Response:
        """List jobs of all services by state, queue and age, the newest first; nothing of what they are about."""
        states = [query["state"]] if query["state"] else Wanted().states
        wanted = Wanted(states, query["queue"], query["older_than"])

        def found(after: str | None, most: int) -> list[dict[str, Any]]:
            with house.database.read() as session:
                jobs = listing.newest(session, wanted, most, _parted(after))
            return [{"service": house.service, **job} for job in jobs]

        return json_answer({**paging.newest(found, word_of), "unanswered": []})

    @blueprint.post("/<job>/retry")
    @requires("jobs:write")
    @refuses(blueprint, 404, 409)
    @blueprint.response(200, AgainSchema())
    @repeatable
    def retry_job(session: Session, job: str) -> dict[str, Any]:
        """Have a job run again that failed by a fault of the service; what was refused is not.

        The job keeps who asked for it, and when.
        """
        return listing.retry(session, job, caller())

    return blueprint


def _retention(house: House) -> Blueprint:
    blueprint = Blueprint("retention", __name__, url_prefix="/v1/retention", description="Retention periods")

    @blueprint.get("")
    @blueprint.doc(security=[{"bearer": []}])
    @blueprint.response(200, RetentionSchema())
    def get_retention() -> Response:
        """Read how long what is kept of whom, by which law or policy, and what the last run removed."""
        caller()
        off = house.wishes.get(house.scheduled) == "off"
        with house.database.read() as session:
            told = removal.told(session, house.service, house.declared, house.scheduled, off=off)
        return json_answer({**told, "unanswered": []})

    return blueprint


def _parted(after: str | None) -> tuple[datetime, str] | None:
    if after is None:
        return None
    moment, _, job = after.partition(" ")
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        raise paging.Unreadable from None
    if found.tzinfo is None:
        raise paging.Unreadable
    return found, job
