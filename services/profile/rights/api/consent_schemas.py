"""What goes over the wire of consents and of who read."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import SHA256, TextSchema
from services.profile.rights.domain.consent import Field, Purpose


class GrantSchema(Schema):
    """A consent that an enterprise gives about itself."""

    grantee = fields.String(required=True, validate=validate.Length(1, 128))
    purposes = fields.List(
        fields.Enum(Purpose, by_value=True), required=True, validate=validate.Length(1, len(Purpose))
    )
    fields_ = fields.List(
        fields.Enum(Field, by_value=True),
        required=True,
        validate=validate.Length(1, len(Field)),
        data_key="fields",
        attribute="fields",
    )
    valid_until = fields.Date(required=True)
    document_sha256 = fields.String(load_default=None, allow_none=True, validate=SHA256)
    as_of_from = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"description": "The first day as of which the file may be read; none leaves it open"},
    )
    as_of_until = fields.Date(load_default=None, allow_none=True, metadata={"description": "The last such day"})
    most_reads_a_day = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 1_000_000),
        metadata={"description": "How often the grantee may read on one day of China"},
    )
    most_reads_a_month = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 1_000_000),
        metadata={"description": "How often it may in one calendar month of China"},
    )


class ConsentSchema(Schema):
    """A consent as it stands."""

    id = fields.String()
    enterprise = fields.String()
    grantee = fields.String()
    purposes = fields.List(fields.String())
    fields_ = fields.List(fields.String(), data_key="fields")
    valid_from = fields.Date()
    valid_until = fields.Date()
    document_sha256 = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    revoked_at = fields.AwareDateTime(allow_none=True)
    as_of_from = fields.Date(allow_none=True)
    as_of_until = fields.Date(allow_none=True)
    most_reads_a_day = fields.Integer(allow_none=True)
    most_reads_a_month = fields.Integer(allow_none=True)
    signed_by = fields.String(allow_none=True, metadata={"description": "The client that gave it"})
    signed_session = fields.String(
        allow_none=True, metadata={"description": "The session of the person who gave it; none for a program's key"}
    )
    signed_person = fields.String(allow_none=True, metadata={"description": "The person, by a pseudonym"})
    terms_sha256 = fields.String(
        allow_none=True, metadata={"description": "SHA-256 of the terms as canonical JSON, which is in the ledger"}
    )


class KeptSchema(Schema):
    """Something that stays on file when a consent ends."""

    what = fields.String()
    title = fields.Nested(TextSchema())
    basis = fields.Nested(TextSchema())


class ConsentDetailSchema(ConsentSchema):
    """A consent, and what stays on file when it ends."""

    kept = fields.List(fields.Nested(KeptSchema()))


class ConsentPageSchema(Schema):
    """A page of consents, newest first."""

    items = fields.List(fields.Nested(ConsentSchema()))
    next = fields.String(allow_none=True)


class AccessSchema(Schema):
    """One read of an enterprise's file by somebody else."""

    at = fields.AwareDateTime()
    client = fields.String()
    actor = fields.String(allow_none=True, metadata={"description": "The service that acted for the client"})
    purpose = fields.String()
    consent = fields.String()
    what = fields.String()
    title = fields.Nested(TextSchema(), metadata={"description": "What was read, as a person would call it"})
    request_id = fields.String(allow_none=True)
    ledger_entry = fields.Integer(
        allow_none=True, metadata={"description": "Its number in the ledger; null for a read from before there was one"}
    )


class AccessPageSchema(Schema):
    """A page of reads, newest first."""

    items = fields.List(fields.Nested(AccessSchema()))
    next = fields.String(allow_none=True)
