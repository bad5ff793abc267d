"""Partner shifts on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.graph.api.shock_schemas import EquitySchema, EstimatesSchema
from services.profile.graph.domain.contagion.rewire import Side
from services.profile.rights.api.schemas import marks


class PartnerRiskSchema(Schema):
    """What the failure of a single partner costs: of equity (customers) or of production (suppliers)."""

    worst = fields.Float()
    mean = fields.Float()


class PartnerShiftSchema(Schema):
    """A tenth of the trade with the strongest partner goes to another that the firm has; the risk that is left."""

    to = fields.String()
    after = fields.Nested(PartnerRiskSchema())


class PartnerSideSchema(Schema):
    """One side of the firm's trade; of `partners` the largest are looked at."""

    side = fields.String(validate=validate.OneOf([str(each) for each in Side]))
    strongest = fields.String(allow_none=True)
    now = fields.Nested(PartnerRiskSchema())
    shifts = fields.List(fields.Nested(PartnerShiftSchema()))
    partners = fields.Integer()
    left_out = fields.Integer()


class PartnerShiftsSchema(Schema):
    """Which partner would lower the firm's risk, the best first."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    moved = fields.Float()
    equity = fields.Nested(EquitySchema())
    sides = fields.List(fields.Nested(PartnerSideSchema()))
    estimates = fields.Nested(EstimatesSchema())
