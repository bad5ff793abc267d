"""What goes over the wire of features, the catalogue and the book."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import MOMENT, EnterpriseId, TextSchema
from services.profile.rights.api.schemas import marks


class UndisputedSchema(Schema):
    """The features without the disputed records."""

    depth = fields.String(validate=validate.OneOf("ABCDE"))
    values = fields.Dict(keys=fields.String(), values=fields.Float(allow_none=True))
    features_sha256 = fields.String()


class FeaturesSchema(Schema):
    """An enterprise's features; null is unknown."""

    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    depth = fields.String(validate=validate.OneOf("ABCDE"))
    catalogue = fields.String()
    values = fields.Dict(keys=fields.String(), values=fields.Float(allow_none=True))
    features_sha256 = fields.String()
    disputes = marks()
    undisputed = fields.Nested(
        UndisputedSchema(),
        allow_none=True,
        metadata={"description": "The same without the disputed records, where any of these counts in a feature"},
    )


class FeatureSetSchema(Schema):
    """Which enterprises' features to return as a table; null is every one with consent."""

    enterprises = fields.List(EnterpriseId(), allow_none=True, load_default=None)
    as_of = fields.Date(allow_none=True, load_default=None)
    known_at = fields.AwareDateTime(allow_none=True, load_default=None, validate=MOMENT)
    outcomes = fields.Boolean(load_default=False)


class FigureReasonSchema(Schema):
    """What is said of a figure that counts against a firm, and of one that speaks for it."""

    worse = fields.Nested(TextSchema())
    better = fields.Nested(TextSchema())


class CatalogueFigureSchema(Schema):
    """A feature or an indicator as declared; `source` is an indicator's kind of data, `pace_per_month` how fast a firm
    can change it.
    """

    name = fields.String()
    title = fields.Nested(TextSchema())
    unit = fields.String()
    dimension = fields.String()
    direction = fields.Integer(metadata={"description": "1: more is more risk, -1: less, 0: neither"})
    model = fields.Boolean()
    actionable = fields.String()
    pace_per_month = fields.Float(allow_none=True)
    reason = fields.Nested(FigureReasonSchema())
    source = fields.String()


class CatalogueSchema(Schema):
    """All features: what they are called, mean, and how they can be changed."""

    version = fields.String()
    features = fields.List(fields.Nested(CatalogueFigureSchema()))
    indicators = fields.List(fields.Nested(CatalogueFigureSchema()))
