"""What goes over the wire of the integrity index."""

from __future__ import annotations

import marshmallow
from marshmallow import EXCLUDE, fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import TextSchema
from services.profile.supervision.domain.cells import Level

# No \d, which takes the digits of other scripts, and no line's end behind it.
MONTH = validate.Regexp(r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$(?!\n)", error="must be a month as 2026-03")
LEVEL = validate.OneOf([str(each) for each in Level])
SHORT = validate.Length(1, 40)


class IndexQuerySchema(marshmallow.Schema):
    """Which cells are asked for."""

    class Meta:
        """Leave other query parameters alone."""

        unknown = EXCLUDE

    level = fields.String(
        load_default=None,
        validate=LEVEL,
        metadata={"description": "How fine the regions are: that of `region`, or the whole country, unless given"},
    )
    region = fields.String(
        load_default=None,
        validate=SHORT,
        metadata={"description": "A region by code or name; with a finer `level`, every region within it"},
    )
    industry = fields.String(
        load_default=None,
        validate=SHORT,
        metadata={"description": "A section such as C; `each` for all of them apart; all together unless given"},
    )
    first = fields.String(load_default=None, validate=MONTH, data_key="from")
    last = fields.String(load_default=None, validate=MONTH, data_key="to")
    form = fields.String(load_default="json", validate=validate.OneOf(["json", "csv"]), data_key="format")


class IndexOrderBodySchema(Schema):
    """Which months are to be published; by default those that are over and not published yet, twelve at first."""

    first = fields.String(load_default=None, validate=MONTH, data_key="from")
    last = fields.String(load_default=None, validate=MONTH, data_key="to")


class IndexOrderSchema(Schema):
    """An order of months and how far it is; `problem` says why it failed."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    months = fields.List(fields.String())
    done = fields.Integer()
    problem = fields.Dict(allow_none=True)


class IndexMonthSchema(Schema):
    """A published month: from what was known when, by the rules of which day."""

    month = fields.String()
    known_at = fields.AwareDateTime()
    rules = fields.Date()
    synthetic = fields.Boolean()
    published_at = fields.AwareDateTime()


class IndexComponentSchema(Schema):
    """A component of the index and the most that it brings."""

    key = fields.String()
    title = fields.Nested(TextSchema())
    most = fields.Float()


class IndexPlaceSchema(Schema):
    """A region or an industry by code and name."""

    code = fields.String()
    name = fields.Nested(TextSchema())


class IndexChangeSchema(Schema):
    """What moved the index: `total` is the sum of the components and of `composition`, who came and who went."""

    total = fields.Float()
    components = fields.Dict(keys=fields.String(), values=fields.Float())
    composition = fields.Float()


class IndexCellSchema(Schema):
    """A cell: `index` is the sum of its components. A hidden one has no figures, whether of few firms or of many."""

    month = fields.String()
    level = fields.String(validate=LEVEL)
    region = fields.Nested(IndexPlaceSchema())
    industry = fields.Nested(IndexPlaceSchema())
    hidden = fields.Boolean()
    firms = fields.Integer(allow_none=True)
    index = fields.Float(allow_none=True)
    components = fields.Dict(keys=fields.String(), values=fields.Float(), allow_none=True)
    known_share = fields.Float(allow_none=True)
    change = fields.Nested(IndexChangeSchema(), allow_none=True)


class IndexPageSchema(Schema):
    """A page of the published index. `least_firms`: no figure is of fewer, by itself or by subtraction."""

    synthetic = fields.Boolean(allow_none=True)
    least_firms = fields.Integer()
    components = fields.List(fields.Nested(IndexComponentSchema()))
    sources = fields.List(fields.String())
    months = fields.List(fields.Nested(IndexMonthSchema()))
    items = fields.List(fields.Nested(IndexCellSchema()))
    next = fields.String(allow_none=True)
