"""What a ledger answers with. Hashes are hex, a leaf is the text that was hashed."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema

LARGEST = 1 << 53
COUNT = validate.Range(0, LARGEST)


def _hash() -> fields.String:
    return fields.String(metadata={"description": "SHA-256 in hex"})


class CheckpointSchema(Schema):
    """What the ledger commits to now."""

    origin = fields.String()
    size = fields.Integer()
    root = _hash()
    note = fields.String(metadata={"description": "The signed note (C2SP tlog-checkpoint): keep it"})


class LedgerKeysSchema(Schema):
    """The public keys, the one that signs first, as signed notes write them."""

    origin = fields.String()
    keys = fields.List(fields.String())


class LedgerEntrySchema(Schema):
    """An entry. Whom it concerns and who acted are shown to those two, with the salt that proves it."""

    n = fields.Integer()
    leaf = fields.String(metadata={"description": "Canonical JSON (RFC 8785)"})
    hash = _hash()
    subject = fields.String(allow_none=True)
    actor = fields.String(allow_none=True, metadata={"description": "Who acted"})
    grantee = fields.String(allow_none=True, metadata={"description": "To whom a consent was given, from form 2 on"})
    salt = fields.String(allow_none=True, metadata={"description": "Hex; null where it is not yours, or forgotten"})


class ProvedEntrySchema(LedgerEntrySchema):
    """An entry with the proof that it is in the ledger of the page's size."""

    proof = fields.List(_hash())


class ProvedEntryPageSchema(Schema):
    """Your entries, the newest first, proved against one size."""

    size = fields.Integer()
    root = _hash()
    items = fields.List(fields.Nested(ProvedEntrySchema()))
    next = fields.String(allow_none=True)


class InclusionSchema(Schema):
    """The proof that an entry is in the ledger of a size."""

    n = fields.Integer()
    size = fields.Integer()
    root = _hash()
    hash = _hash()
    proof = fields.List(_hash())


class ConsistencySchema(Schema):
    """The proof that a ledger continues an earlier one."""

    old = fields.Integer()
    new = fields.Integer()
    old_root = _hash()
    new_root = _hash()
    proof = fields.List(_hash())


class InclusionQuerySchema(Schema):
    """Which entry, in the ledger of which size (its present one by default)."""

    n = fields.Integer(required=True, validate=COUNT)
    size = fields.Integer(load_default=None, allow_none=True, validate=COUNT)


class ConsistencyQuerySchema(Schema):
    """From which size to which (the present one by default)."""

    old = fields.Integer(required=True, validate=COUNT)
    new = fields.Integer(load_default=None, allow_none=True, validate=COUNT)


class EntriesQuerySchema(Schema):
    """A page of your entries."""

    size = fields.Integer(load_default=None, allow_none=True, validate=COUNT)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    cursor = fields.Integer(load_default=None, allow_none=True, validate=COUNT)
