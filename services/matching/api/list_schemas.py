"""What the lists of this service are filtered by: each names its filters, and `chassis.web.query` refuses others."""

from __future__ import annotations

from marshmallow import EXCLUDE, fields, validate
from marshmallow import Schema as Outgoing

from chassis.data.jobs import DONE, FAILED, QUEUED, RUNNING
from chassis.web.schemas import EnterpriseId, Schema
from services.matching.domain.application import State

PRODUCT = validate.Length(1, 64)


class FiltersSchema(Schema):
    """The filters of a list; `limit` and `cursor` stand beside them in the query."""

    class Meta:
        """Leave the page's own parameters alone."""

        unknown = EXCLUDE


class OrderFiltersSchema(FiltersSchema):
    """Which orders of yours."""

    state = fields.String(load_default=None, validate=validate.OneOf([QUEUED, RUNNING, DONE, FAILED]))
    since = fields.Date(load_default=None, metadata={"description": "Ordered on this day or later"})


class MatchFiltersSchema(FiltersSchema):
    """Which stored matches."""

    enterprise = EnterpriseId(load_default=None)
    since = fields.Date(load_default=None, metadata={"description": "Made on this day or later"})


class ApplicationFiltersSchema(FiltersSchema):
    """Which applications."""

    state = fields.String(load_default=None, validate=validate.OneOf(list(State)))
    product = fields.String(load_default=None, validate=PRODUCT)
    enterprise = EnterpriseId(load_default=None)
    since = fields.Date(load_default=None, metadata={"description": "Moved on this day or later"})


class ListedMatchSchema(Outgoing):
    """A stored match without what it says of the enterprise; GET /v1/matches/{id} reads that."""

    id = fields.String()
    enterprise = fields.String()
    client = fields.String(metadata={"description": "Who asked for it"})
    need = fields.Dict()
    as_of = fields.Date()
    created_at = fields.DateTime()


class MatchPageSchema(Outgoing):
    """Stored matches, newest first; `next` is the cursor of the following page."""

    items = fields.List(fields.Nested(ListedMatchSchema()))
    next = fields.String(allow_none=True)
