"""What goes over the wire of the figures of the graph."""

from __future__ import annotations

from typing import get_args

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import TextSchema
from services.profile.graph.domain.figures.answer import MOST_NEIGHBOURS
from services.profile.graph.domain.figures.declared import Block
from services.profile.rights.api.schemas import marks


class FigureNeighbourSchema(Schema):
    """One whom a figure rests on: an enterprise, or a person as a keyed hash; by which tie, and what of it counts."""

    party = fields.String()
    tie = fields.String(validate=validate.OneOf(["invests", "owns", "manages", "controls", "guarantees", "trades"]))
    value = fields.Float()


class GraphFigureSchema(Schema):
    """One figure of a firm's ties; `direction` is the sign of the risk's change as it rises, declared before any data.

    `hideable`: a firm could improve it by what it leaves out, so that it is for reading only.
    """

    name = fields.String()
    title = fields.Nested(TextSchema())
    unit = fields.String(validate=validate.OneOf(["count", "ratio", "fen"]))
    block = fields.String(validate=validate.OneOf(get_args(Block)))
    direction = fields.Integer(validate=validate.OneOf([-1, 1]))
    hideable = fields.Boolean()
    own_file = fields.Boolean(
        metadata={"description": "Whether it rests on the firm's own file and on registers alone, whoever reads"}
    )
    value = fields.Float(
        allow_none=True,
        metadata={
            "description": "None where nobody but the firm tells of any tie or trade of it, and no open file does"
        },
    )
    worse = fields.Nested(TextSchema())
    better = fields.Nested(TextSchema())
    neighbours = fields.List(
        fields.Nested(FigureNeighbourSchema()),
        metadata={"description": f"The first {MOST_NEIGHBOURS} of those that the firm's own file names"},
    )
    others = fields.Integer(metadata={"description": "How many of those are left out"})


class FigureLeftOutSchema(Schema):
    """What the figures do not look at; the words are the same whether there is anything or not."""

    files = fields.Boolean(metadata={"description": "Whether more files were open than are followed for one answer"})
    note = fields.Nested(TextSchema())


class GraphFiguresSchema(Schema):
    """The figures of one firm's ties and trade, as of a day and as known at a time."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    figures = fields.List(fields.Nested(GraphFigureSchema()))
    left_out = fields.Nested(FigureLeftOutSchema())
