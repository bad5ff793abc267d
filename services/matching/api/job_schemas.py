"""The shapes that all durable jobs share."""

from __future__ import annotations

from marshmallow import Schema as Outgoing
from marshmallow import fields, validate


class ProgressSchema(Outgoing):
    """Enterprises answered so far."""

    done = fields.Integer()
    total = fields.Integer(allow_none=True)


class JobSchema(Outgoing):
    """An order and how far its job is; `problem` says why one has failed."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    progress = fields.Nested(ProgressSchema())
    problem = fields.Dict(allow_none=True)


class PlannedSchema(Outgoing):
    """What was planned, as far as the enterprises that it was made from still consent."""

    withheld = fields.Dict(
        metadata={
            "description": "Where the consent of some enterprises has ended: a problem that counts them and says "
            "how to go on. Figures that would tell of them are left out"
        }
    )


class BookPlanSchema(JobSchema):
    """An order over many enterprises; each kind of plan adds its `result`, null until the job is done."""

    order = fields.Dict()
    as_of = fields.Date(allow_none=True)
    known_at = fields.DateTime()
    created_at = fields.DateTime()


class BookPlanPageSchema(Outgoing):
    """Orders, newest first, without their results; `next` is the cursor of the following page."""

    items = fields.List(fields.Nested(BookPlanSchema()))
    next = fields.String(allow_none=True)
