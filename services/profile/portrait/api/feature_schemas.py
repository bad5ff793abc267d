"""What goes over the wire of features, the catalogue and the book."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import MOMENT, EnterpriseId, TextSchema
from services.profile.book.domain.channel import Channel
from services.profile.portrait.domain.against import SORTS
from services.profile.portrait.usecases.add_blocks import Block
from services.profile.rights.api.schemas import marks


class FiguresSchema(Schema):
    """Features without some of the records."""

    depth = fields.String(validate=validate.OneOf("ABCDE"))
    values = fields.Dict(keys=fields.String(), values=fields.Float(allow_none=True))
    features_sha256 = fields.String()


class ShownSchema(Schema):
    """How many of the last 36 months the valid invoices of each side reach back through; 0: there are none."""

    sale = fields.Integer()
    purchase = fields.Integer()


class FullerSchema(FiguresSchema):
    """The features if the months not shown were like those shown, repeated backwards; supposed, and nothing decides."""

    shown = fields.Nested(ShownSchema())
    window = fields.Integer(metadata={"description": "Months of the 36 in which the firm has existed"})
    registered_on = fields.Date(
        allow_none=True,
        metadata={"description": "As another than the firm states it; no month before is supposed"},
    )


FULLER = {"description": "Null where 36 months are shown of sales and of purchases"}


class ConfirmedFiguresSchema(FiguresSchema):
    """Features without what only the enterprise says."""

    fuller = fields.Nested(FullerSchema(), allow_none=True, metadata=FULLER)


CONFIRMED = {"description": "The same without the invoices that only the enterprise says, where there are any"}


class UndisputedSchema(FiguresSchema):
    """The features without the disputed records."""

    confirmed = fields.Nested(FiguresSchema(), allow_none=True, metadata=CONFIRMED)


class ConfirmedBySchema(Schema):
    """What confirms the enterprise's own word, in fen; an invoice counts under the first that does."""

    other_source = fields.Integer(metadata={"description": "Another source states the invoice too"})
    other_side = fields.Integer(metadata={"description": "The counterparty's file holds the invoice"})
    bank = fields.Integer(metadata={"description": "A payment line of another source covers it"})
    filing = fields.Integer(metadata={"description": "A tax filing covers the sales of its period"})


class EvidenceSchema(Schema):
    """From whom the money of the valid blue invoices of 36 months comes, sales and purchases, in fen."""

    total_fen = fields.Integer()
    by_channel = fields.Dict(
        keys=fields.String(validate=validate.OneOf(list(Channel))),
        values=fields.Integer(),
        metadata={"description": "By the lawful channel of the statement that stands; adds up to `total_fen`"},
    )
    confirmed_fen = fields.Integer(
        metadata={"description": "From another channel than `subject`, or confirmed; the rest is `unconfirmed_fen`"}
    )
    unconfirmed_fen = fields.Integer(metadata={"description": "What only the enterprise says"})
    confirmed_by = fields.Nested(ConfirmedBySchema())


class RecordAgainstSchema(Schema):
    """A public record on display that speaks against the enterprise; repaired ones are not among them."""

    id = fields.String(metadata={"description": "The record's name, by which it can be disputed"})
    type = fields.String(validate=validate.OneOf(SORTS))
    tier = fields.String(allow_none=True)
    grade = fields.String(allow_none=True, metadata={"description": "Of a tax grade, the latest one"})
    on = fields.Date(metadata={"description": "Published on"})
    until = fields.Date(allow_none=True)


class FeaturesSchema(Schema):
    """An enterprise's features; null is unknown."""

    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    depth = fields.String(validate=validate.OneOf("ABCDE"))
    catalogue = fields.String()
    values = fields.Dict(keys=fields.String(), values=fields.Float(allow_none=True))
    features_sha256 = fields.String()
    evidence = fields.Nested(EvidenceSchema(), allow_none=True)
    fuller = fields.Nested(FullerSchema(), allow_none=True, metadata=FULLER)
    confirmed = fields.Nested(ConfirmedFiguresSchema(), allow_none=True, metadata=CONFIRMED)
    records = fields.List(
        fields.Nested(RecordAgainstSchema()),
        allow_none=True,
        metadata={
            "description": "Public records that cap a grade; null: withheld, since they come with a score or a match "
            "that the consent opens, and to the enterprise itself"
        },
    )
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
    blocks = fields.List(
        fields.String(validate=validate.OneOf(list(Block))),
        load_default=[],
        metadata={"description": "Figures beside the features: `graph`, those of a firm's ties that a model may use"},
    )


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
    family = fields.String(
        allow_none=True,
        metadata={"description": "What a model's figure measures; of each, training keeps one. Null: not for models"},
    )
    actionable = fields.String()
    pace_per_month = fields.Float(allow_none=True)
    reason = fields.Nested(FigureReasonSchema())
    source = fields.String()


class BlocksSchema(Schema):
    """The figures that are read beside the features where they are asked for, by block."""

    graph = fields.List(fields.Nested(CatalogueFigureSchema()))


class CodeTitlesSchema(Schema):
    """What the codes are called; of regions from the province down, as they are called in Chinese."""

    industry = fields.Dict(keys=fields.String(), values=fields.Nested(TextSchema()))
    region = fields.Dict(keys=fields.String(), values=fields.String())


class CodesSchema(Schema):
    """The codes that firms bear, abolished regions included; a code covers what begins with it."""

    industry = fields.List(fields.String(), metadata={"description": "Sections and divisions of GB/T 4754"})
    region = fields.List(fields.String(), metadata={"description": "Six digits of GB/T 2260"})
    titles = fields.Nested(CodeTitlesSchema())


class CatalogueSchema(Schema):
    """All features: what they are called, mean, and how they can be changed."""

    version = fields.String()
    features = fields.List(fields.Nested(CatalogueFigureSchema()))
    indicators = fields.List(fields.Nested(CatalogueFigureSchema()))
    blocks = fields.Nested(BlocksSchema())
    codes = fields.Nested(CodesSchema(), metadata={"description": "What rules of products may name"})
