"""What goes over the wire of classes for supervision."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import MomentSchema, TextSchema
from services.profile.rights.api.schemas import marks
from services.profile.supervision.domain.pack import Class

CLASS = validate.OneOf([str(each) for each in Class])


class ClassQuerySchema(MomentSchema):
    """Which facts count, and by which sector's rules."""

    sector = fields.String(
        load_default=None,
        validate=validate.Length(1, 40),
        metadata={"description": "The sector whose rules are asked for; that of the firm's industry unless given"},
    )


class ClassSectorSchema(Schema):
    """Whose rules were used, since when they hold, and on what they stand."""

    key = fields.String()
    title = fields.Nested(TextSchema())
    valid_from = fields.Date()
    sources = fields.List(fields.String())


class ClassThresholdsSchema(Schema):
    """The points from which A, B and C are given."""

    A = fields.Float()
    B = fields.Float()
    C = fields.Float()


class ClassIndicatorSchema(Schema):
    """One indicator: `points` of at most `most`; a value that is not known counts as the worst one."""

    key = fields.String()
    title = fields.Nested(TextSchema())
    dimension = fields.String()
    unit = fields.String()
    known = fields.Boolean()
    value = fields.Float(allow_none=True)
    weight = fields.Integer()
    points = fields.Float()
    most = fields.Float()


class ClassRecordSchema(Schema):
    """A public record on display; `id` is the name by which it can be disputed."""

    id = fields.String()
    type = fields.String()
    tier = fields.String(allow_none=True)
    authority = fields.String()
    on = fields.Date()
    until = fields.Date(allow_none=True)


class ClassCapSchema(Schema):
    """What holds the class down whatever the points say, and the records behind it."""

    at_most = fields.String(validate=CLASS)
    title = fields.Nested(TextSchema())
    source = fields.String()
    records = fields.List(fields.Nested(ClassRecordSchema()))


class ClassStepSchema(Schema):
    """What would raise the points, by one indicator alone."""

    key = fields.String()
    title = fields.Nested(TextSchema())
    how = fields.String(validate=validate.OneOf(["show", "raise", "lower", "repair"]))
    found = fields.Float(allow_none=True)
    needed = fields.Float()
    points = fields.Float()
    enough = fields.Boolean(metadata={"description": "This alone reaches the next better class by points"})


class InspectionSchema(Schema):
    """How firms of the class are treated; `rate` is the suggested share that is inspected in a year."""

    title = fields.Nested(TextSchema())
    treatment = fields.Nested(TextSchema())
    rate = fields.Float()
    base = fields.Float()
    factor = fields.Float()
    valid_from = fields.Date()
    sources = fields.List(fields.String())


class EnterpriseClassSchema(Schema):
    """A class with every contribution: `points` is the sum of the indicators' points, to the last digit."""

    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    disputes = marks()
    sector = fields.Nested(ClassSectorSchema())
    grade = fields.String(data_key="class", attribute="class", validate=CLASS)
    by_points = fields.String(validate=CLASS)
    points = fields.Float()
    known_weight = fields.Integer()
    thresholds = fields.Nested(ClassThresholdsSchema())
    indicators = fields.List(fields.Nested(ClassIndicatorSchema()))
    caps = fields.List(fields.Nested(ClassCapSchema()))
    steps = fields.List(fields.Nested(ClassStepSchema()))
    inspection = fields.Nested(InspectionSchema())


class ListedClassSchema(Schema):
    """One firm's class in a list."""

    enterprise = fields.String()
    sector = fields.String()
    grade = fields.String(data_key="class", attribute="class", validate=CLASS)
    points = fields.Float()
    known_weight = fields.Integer()
    rate = fields.Float()
    disputes = marks()


class ClassCountSchema(Schema):
    """How many firms of this page have a class, and the suggested share to inspect."""

    grade = fields.String(data_key="class", attribute="class", validate=CLASS)
    count = fields.Integer()
    rate = fields.Float()


class ClassPageSchema(Schema):
    """A page of the classes of files that are open to the reader; `withheld` are those whose reads are used up."""

    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    counts = fields.List(fields.Nested(ClassCountSchema()))
    withheld = fields.Integer()
    items = fields.List(fields.Nested(ListedClassSchema()))
    next = fields.String(allow_none=True)
