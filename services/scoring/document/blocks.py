"""What a section of the document consists of, before it is HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or some; `open` marks what was not measured, not declared or not given."""

    text: str
    open: bool = False
    kind: str = field(default="paragraph", init=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    rows: Sequence[tuple[str, str]]
    kind: str = field(default="facts", init=False)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; figures stand right from the column `figures` on."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: int = 1
    caption: str = ""
    kind: str = field(default="table", init=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG document of the model's page, with its caption."""

    name: str
    caption: str
    kind: str = field(default="picture", init=False)


Block: TypeAlias = Paragraph | Facts | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part of the document."""

    title: str
    blocks: Sequence[Block]
