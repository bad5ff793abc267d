"""What the suite answers about the figures of a firm's ties."""

from __future__ import annotations

from typing import Literal, TypedDict

from smecredit.answers.basics import Text
from smecredit.answers.corrections import Mark


class FigureNeighbour(TypedDict):
    """One whom a figure rests on: an enterprise, or a person as a keyed hash; by which tie, and what of it counts."""

    party: str
    tie: Literal["invests", "owns", "manages", "controls", "guarantees", "trades"]
    value: float


class GraphFigure(TypedDict):
    """One figure; `direction` is 1 where more of it is more risk, `hideable` that a firm could better it by silence."""

    name: str
    title: Text
    unit: Literal["count", "ratio", "fen"]
    block: str
    direction: Literal[-1, 1]
    hideable: bool
    own_file: bool
    value: float | None
    worse: Text
    better: Text
    neighbours: list[FigureNeighbour]
    others: int


class FigureLeftOut(TypedDict):
    """Whether more files were open than are followed, and what is never looked at."""

    files: bool
    note: Text


class GraphFigures(TypedDict):
    """The figures of one firm's ties and trade."""

    enterprise: str
    as_of: str
    known_at: str
    figures: list[GraphFigure]
    left_out: FigureLeftOut
    disputes: list[Mark]
