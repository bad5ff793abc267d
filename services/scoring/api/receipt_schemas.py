"""What crosses the wire about receipts, proofs and overrides."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.ledger_schemas import ProvedEntrySchema
from chassis.web.schemas import Schema
from services.scoring.api.schemas import (
    moment_field,
)
from services.scoring.usecases.override import GRADES, REASONS


class OverrideOrderSchema(Schema):
    """Another grade than the model's."""

    grade = fields.String(required=True, validate=validate.OneOf(GRADES))
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = fields.String(required=True, validate=validate.Length(10, 2000), metadata={"description": "In your words"})


class OverrideSchema(Schema):
    """A grade that an analyst gave beside the model's."""

    id = fields.String()
    score = fields.String()
    model_grade = fields.String(allow_none=True)
    grade = fields.String()
    steps = fields.Integer(
        allow_none=True,
        metadata={"description": "Grades up (positive) or down from the one that decided; null in an own view"},
    )
    reason = fields.String()
    note = fields.String()
    created_at = moment_field()


class SealedScoreSchema(Schema):
    """A score of a batch: what it says, and that the root in its part's entry is over this.

    Its hash is SHA-256 of 0x00, salt, `words`, a line feed and `numbers` as 64-bit little-endian. It stands in `group`
    at `place` mod the entry's `group`; the hashes of the group, written as one, are a leaf below the entry's root.
    """

    entry = fields.Integer()
    place = fields.Integer()
    words = fields.String(metadata={"description": "Canonical JSON (RFC 8785)"})
    numbers = fields.List(fields.Float(), metadata={"description": "PD, its interval, base points"})
    salt = fields.String()
    group = fields.List(fields.String())
    proof = fields.List(fields.String())


class ScoreProofSchema(Schema):
    """A checkpoint, the entry of a score with its proof, and for a score of a batch the way from there to it."""

    checkpoint = fields.String(metadata={"description": "The signed note (C2SP tlog-checkpoint): keep it"})
    entries = fields.List(fields.Nested(ProvedEntrySchema()))
    scores = fields.List(fields.Nested(SealedScoreSchema()))


class ReceiptSchema(Schema):
    """A receipt and the signature over its canonical JSON (RFC 8785)."""

    receipt = fields.Dict(required=True)
    signature = fields.Dict(required=True, metadata={"description": "alg, kid, value (base64url)"})


class ReceiptKeysSchema(Schema):
    """Public keys (RFC 8037)."""

    keys = fields.List(fields.Dict(values=fields.String()))


class DifferenceSchema(Schema):
    """A member of a receipt that is not what was found."""

    field = fields.String()
    stated = fields.Raw(allow_none=True)
    found = fields.Raw(allow_none=True)


class VerificationSchema(Schema):
    """What became of a receipt's verification."""

    valid = fields.Boolean(metadata={"description": "Signed by us, and every member as found"})
    signed = fields.Boolean()
    reproduced = fields.Boolean(metadata={"description": "The model says now, bit for bit, what is stored"})
    differences = fields.List(fields.Nested(DifferenceSchema()))
