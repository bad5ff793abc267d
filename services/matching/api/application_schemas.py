"""The shapes of applications."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.schemas import fen, short, term
from services.matching.domain.application import Dossier, LoanTerms, Paper, State, Statement
from services.matching.domain.facts import Need

SHA256 = validate.Regexp(r"^[0-9a-f]{64}$", error="must be 64 hexadecimal digits")
STATES = validate.OneOf([str(state) for state in State])


class SoughtSchema(Schema):
    """How much, and for how long."""

    amount_fen = fields.Integer(required=True, strict=True, validate=fen)
    months = fields.Integer(required=True, strict=True, validate=term)

    @post_load
    def as_need(self, data: dict[str, Any], **_: Any) -> Need:
        """Return the value that the domain knows."""
        return Need(**data)


class DocumentSchema(Schema):
    """A paper by reference: what it is, and the digest of its content; the content stays with the enterprise."""

    name = fields.String(required=True, validate=short)
    sha256 = fields.String(required=True, validate=SHA256)
    url = fields.Url(schemes={"https"}, validate=validate.Length(1, 1000))

    @post_load
    def as_paper(self, data: dict[str, Any], **_: Any) -> Paper:
        """Return the value that the domain knows."""
        return Paper(**data)


class TermsSchema(Schema):
    """What a bank offers."""

    amount_fen = fields.Integer(required=True, strict=True, validate=fen)
    months = fields.Integer(required=True, strict=True, validate=term)
    rate = fields.Float(required=True, validate=validate.Range(0, 1))

    @post_load
    def as_terms(self, data: dict[str, Any], **_: Any) -> LoanTerms:
        """Return the value that the domain knows."""
        return LoanTerms(**data)


class DossierOrderSchema(Schema):
    """One dossier: the enterprise, what it needs, its papers, and the products that it wants."""

    enterprise = EnterpriseId(required=True)
    products = fields.List(fields.String(validate=short), required=True, validate=validate.Length(1, 20))
    need = fields.Nested(SoughtSchema(), required=True)
    documents = fields.List(fields.Nested(DocumentSchema()), load_default=list, validate=validate.Length(max=50))
    draft = fields.Boolean(load_default=False)

    @post_load
    def as_dossier(self, data: dict[str, Any], **_: Any) -> Dossier:
        """Return the value that the domain knows."""
        return Dossier(**data | {"products": tuple(data["products"]), "documents": tuple(data["documents"])})


class MoveSchema(Schema):
    """What is said with a move: a reason to decline or default, terms to offer."""

    reason = fields.String(validate=validate.Length(1, 1000))
    terms = fields.Nested(TermsSchema())

    @post_load
    def as_statement(self, data: dict[str, Any], **_: Any) -> Statement:
        """Return the value that the domain knows."""
        return Statement(**data)


class ApplicationSchema(Schema):
    """An application as its parties see it; `moves` are those that the reader may make now."""

    id = fields.String()
    dossier = fields.String()
    enterprise = fields.String()
    applicant = fields.String()
    bank = fields.String()
    product = fields.String()
    product_version = fields.Integer()
    need = fields.Nested(SoughtSchema())
    documents = fields.List(fields.Nested(DocumentSchema()))
    state = fields.String(validate=STATES)
    terms = fields.Nested(TermsSchema(), allow_none=True)
    moves = fields.List(fields.String())
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class DossierSchema(Schema):
    """What was handed in, one application a product."""

    dossier = fields.String()
    applications = fields.List(fields.Nested(ApplicationSchema()))


class ApplicationPageSchema(Schema):
    """A page of applications, newest first."""

    items = fields.List(fields.Nested(ApplicationSchema()))
    next = fields.String(allow_none=True)


class ApplicationEventSchema(Schema):
    """One move: who, when, why."""

    number = fields.Integer()
    event = fields.String()
    state = fields.String(validate=STATES)
    client = fields.String()
    party = fields.String(validate=validate.OneOf(["applicant", "bank"]))
    reason = fields.String(allow_none=True)
    terms = fields.Nested(TermsSchema(), allow_none=True)
    at = fields.AwareDateTime()


class ApplicationHistorySchema(ApplicationSchema):
    """An application with every move of it, oldest first."""

    events = fields.List(fields.Nested(ApplicationEventSchema()))
