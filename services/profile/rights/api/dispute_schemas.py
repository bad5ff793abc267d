"""What goes over the wire of disputes, repairs and notices."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate, validates_schema

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import RECORD, EnterpriseId
from services.profile.rights.api.schemas import ItemSchema
from services.profile.rights.domain.dispute import Correction, Decision, Reason, State
from services.profile.rights.domain.notice import Event

WORDS = validate.Length(1, 2000)


class DisputeOrderSchema(Schema):
    """A dispute about an item of your own file; readers see your statement beside it."""

    item = fields.Nested(ItemSchema(), required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)
    statement = fields.String(required=True, validate=WORDS)


class DisputeSchema(Schema):
    """A dispute, what it is about and what became of it."""

    id = fields.String()
    enterprise = fields.String()
    item = fields.Nested(ItemSchema())
    before = fields.Dict(metadata={"description": "The item as it stood when it was disputed"})
    reason = fields.String(validate=validate.OneOf(list(Reason)))
    statement = fields.String()
    state = fields.String(validate=validate.OneOf(list(State)))
    opened_at = fields.AwareDateTime()
    due_at = fields.AwareDateTime()
    overdue = fields.Boolean()
    decided_at = fields.AwareDateTime(allow_none=True)
    reply = fields.String(allow_none=True, metadata={"description": "The written answer"})
    correction = fields.String(allow_none=True, validate=validate.OneOf(list(Correction)))


class DisputePageSchema(Schema):
    """A page of disputes, newest first."""

    items = fields.List(fields.Nested(DisputeSchema()))
    next = fields.String(allow_none=True)


class DecisionSchema(Schema):
    """What was found, how a wrong item was put right, and the written answer to the enterprise."""

    decision = fields.Enum(Decision, by_value=True, required=True)
    reply = fields.String(required=True, validate=validate.Length(10, 4000))
    correction = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf([Correction.REMOVED, Correction.RESTATED])
    )


class RepairOrderSchema(Schema):
    """The repair of a public record, as an authority decided it; the record by its name or its document's number."""

    enterprise = EnterpriseId(required=True)
    record = fields.String(load_default=None, allow_none=True, validate=RECORD)
    number = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 128))
    decided_on = fields.Date(required=True)
    authority = fields.String(required=True, validate=validate.Length(1, 128))
    document = fields.String(required=True, validate=validate.Length(1, 128))

    @validates_schema
    def one_of_both(self, data: dict[str, str | None], **_: object) -> None:
        """Refuse a record that is named twice."""
        if (data.get("record") is None) == (data.get("number") is None):
            raise ValidationError("Name the record by `record` or by `number`.", "record")


class RepairSchema(Schema):
    """A repair: the record has left display, sharing and use."""

    id = fields.String()
    enterprise = fields.String()
    record = fields.String()
    decided_on = fields.Date()
    authority = fields.String()
    document = fields.String()
    tier = fields.String(validate=validate.OneOf(["minor", "general", "serious", "none"]))
    published_on = fields.Date()
    created_at = fields.AwareDateTime()


class RepairPageSchema(Schema):
    """A page of repairs, newest first."""

    items = fields.List(fields.Nested(RepairSchema()))
    next = fields.String(allow_none=True)


class NoticeSchema(Schema):
    """A message: what happened to which file, nothing of what it says."""

    id = fields.String()
    event = fields.String(validate=validate.OneOf(list(Event)))
    title = fields.Dict(metadata={"description": "In zh and en: what happened and what to do"})
    enterprise = fields.String()
    act = fields.String(metadata={"description": "The dispute, repair or import that it tells of"})
    facts = fields.Dict()
    created_at = fields.AwareDateTime()
    acknowledged_at = fields.AwareDateTime(allow_none=True)


class NoticePageSchema(Schema):
    """A page of notices, newest first."""

    items = fields.List(fields.Nested(NoticeSchema()))
    next = fields.String(allow_none=True)
