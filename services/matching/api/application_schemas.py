"""The shapes of applications."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, validate

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.schemas import AgreedFeeSchema, fen, short, term
from services.matching.domain.application import Dossier, Paper, State, Statement
from services.matching.domain.facts import Need
from services.matching.domain.loan_offer import MOST_DAYS, USUAL_DAYS, LoanTerms, OfferState
from services.matching.domain.product import REPAYMENTS

SHA256 = validate.Regexp(r"^[0-9a-f]{64}$", error="must be 64 hexadecimal digits")
MOST_OFFERS = 10**6
EXPIRED = "expired"
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
        return LoanTerms(**data | {"rate": Decimal(repr(data["rate"]))})


class DossierOrderSchema(Schema):
    """One dossier: the enterprise, what it needs, its papers, and the products that it wants."""

    enterprise = EnterpriseId(required=True)
    products = fields.List(fields.String(validate=short), required=True, validate=validate.Length(1, 20))
    need = fields.Nested(SoughtSchema(), required=True)
    documents = fields.List(fields.Nested(DocumentSchema()), load_default=list, validate=validate.Length(max=50))
    draft = fields.Boolean(load_default=False)
    match = fields.String(
        load_default=None,
        allow_none=True,
        validate=short,
        metadata={"description": "The match that it comes from: its version of each product must be in force"},
    )

    @post_load
    def as_dossier(self, data: dict[str, Any], **_: Any) -> Dossier:
        """Return the value that the domain knows."""
        return Dossier(**data | {"products": tuple(data["products"]), "documents": tuple(data["documents"])})


class MoveSchema(Schema):
    """What is said with a move, and with no other: terms and a last day with `offer`, the number with `accept`."""

    reason = fields.String(validate=validate.Length(1, 1000))
    terms = fields.Nested(
        TermsSchema(),
        metadata={
            "description": "With `offer`, which needs them: within the version that the application keeps, the need "
            "and the law's cap"
        },
    )
    expires_on = fields.Date(
        metadata={
            "description": f"With `offer`: its last day, {MOST_DAYS} days ahead at most; absent: {USUAL_DAYS} days"
        }
    )
    offer = fields.Integer(
        strict=True,
        validate=validate.Range(1, MOST_OFFERS),
        metadata={"description": "With `accept`, which needs it: the number of the offer that is accepted"},
    )
    drawn_fen = fields.Integer(
        strict=True,
        validate=fen,
        metadata={"description": "With `disburse`, which needs it: what was paid out, within what was agreed"},
    )

    @post_load
    def as_statement(self, data: dict[str, Any], **_: Any) -> Statement:
        """Return the value that the domain knows."""
        return Statement(**data)


class AgreementSchema(Schema):
    """All that is agreed by accepting an offer. Its digest is the SHA-256 of this in canonical JSON (RFC 8785).

    Of an offer from before offers had digests only the terms are kept.
    """

    application = fields.String()
    offer = fields.Integer()
    enterprise = fields.String()
    bank = fields.String()
    product = fields.String()
    product_version = fields.Integer()
    amount_fen = fields.Integer()
    months = fields.Integer()
    rate = fields.Raw(metadata={"type": ["string", "number"], "description": "A year, in decimals, as text"})
    repayment = fields.String(validate=validate.OneOf(REPAYMENTS))
    payments_fen = fields.List(fields.Integer(), metadata={"description": "What the firm pays, month by month"})
    fees = fields.List(fields.Nested(AgreedFeeSchema()))
    all_in_rate = fields.String(metadata={"description": "A year, compound, interest and fees; in decimals, as text"})
    all_in_simple_rate = fields.String(metadata={"description": "The same by simple interest, within the law's cap"})
    all_in_convention = fields.String()
    interest_fen = fields.Integer()
    fees_fen = fields.Integer()
    total_cost_fen = fields.Integer(metadata={"description": "Interest, and fees that the firm pays"})
    expires_on = fields.Date()


class LoanOfferSchema(Schema):
    """An offer: `voided` by a newer one, `lapsed` with its application, `expired` after its last day.

    One from before offers had numbers has `lapsed`, unless it had been accepted: the bank offers anew.
    """

    number = fields.Integer()
    state = fields.String(validate=validate.OneOf([*OfferState, EXPIRED]))
    document = fields.Nested(AgreementSchema())
    sha256 = fields.String(allow_none=True)
    expires_on = fields.Date()
    ledger_entry = fields.Integer(
        allow_none=True, metadata={"description": "Once accepted: its entry in the agreement ledger"}
    )
    made_at = fields.AwareDateTime()


class ApplicationSchema(Schema):
    """An application as its parties see it; `moves` are those that the reader may make now.

    `offer` is the number of the offer that stands or was accepted, `terms` and `expires_on` are that one's.
    """

    id = fields.String()
    dossier = fields.String()
    enterprise = fields.String()
    applicant = fields.String()
    bank = fields.String()
    product = fields.String()
    product_version = fields.Integer()
    match = fields.String(allow_none=True)
    need = fields.Nested(SoughtSchema())
    documents = fields.List(fields.Nested(DocumentSchema()))
    state = fields.String(validate=STATES)
    offer = fields.Integer(allow_none=True)
    terms = fields.Nested(TermsSchema(), allow_none=True)
    expires_on = fields.Date(allow_none=True)
    drawn_fen = fields.Integer(allow_none=True)
    moves = fields.List(fields.String())
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class HandedInSchema(ApplicationSchema):
    """An application of a dossier; `existing` tells that it was under way already."""

    existing = fields.Boolean()


class DossierSchema(Schema):
    """What was handed in, one application a product."""

    dossier = fields.String()
    applications = fields.List(fields.Nested(HandedInSchema()))


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
    offer = fields.Integer(allow_none=True)
    drawn_fen = fields.Integer(allow_none=True)
    at = fields.AwareDateTime()


class ApplicationHistorySchema(ApplicationSchema):
    """An application with every move of it and every offer for it, oldest first."""

    events = fields.List(fields.Nested(ApplicationEventSchema()))
    offers = fields.List(fields.Nested(LoanOfferSchema()))
