"""Adding optional blocks of figures to features that were read: those of ties, under a consent of their own.

A block holds nothing of the firm's own word, so its figures are the same in every reading of a file: with everything,
confirmed, fuller. A reading of which nothing is known gets none: nobody is scored on ties alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeAlias

from chassis.core.call import timed
from services.profile.book.context import Context
from services.profile.book.domain.moment import Facts
from services.profile.book.domain.permit import Permit
from services.profile.graph.domain.figures.declared import OFFERED, version
from services.profile.graph.usecases.tell_offered import open_offered, tell_offered
from services.profile.portrait.domain.features import VERSION
from services.profile.portrait.usecases.describe import digest
from services.profile.rights import dispute_store
from services.profile.rights.usecases.open_file import Reading

Values: TypeAlias = Mapping[str, float | None]


class Block(StrEnum):
    """A block of figures that is read beside the catalogue's features where it is asked for."""

    GRAPH = "graph"


FIGURES = tuple(each.name for each in OFFERED)
NOTHING: Values = dict.fromkeys(FIGURES)


def catalogue_with(blocks: Collection[Block]) -> str:
    """Return the version of what is read: the catalogue's, and that of each block."""
    return f"{VERSION}+graph-{version()}" if Block.GRAPH in blocks else VERSION


def names_of(blocks: Collection[Block]) -> tuple[str, ...]:
    """Return the names of the figures of blocks."""
    return FIGURES if Block.GRAPH in blocks else ()


def with_blocks(
    context: Context,
    readings: Sequence[tuple[str, Reading]],
    files: Permit,
    facts: Facts,
    bodies: Mapping[str, dict[str, Any]],
    blocks: Collection[Block],
) -> Mapping[str, dict[str, Any]]:
    """Return documents of open files with the figures of these blocks among the values of all their readings.

    Without a consent to read a firm's ties they are unknown there, as where nobody but the firm tells of any.
    """
    if Block.GRAPH not in blocks or not bodies:
        return bodies
    moment = replace(facts.moment, known_at=facts.known_at)
    with timed("ties"):
        permit = open_offered(context, readings, files)
        told = tell_offered(context, permit, moment)
        with context.database.read() as session:
            aside = dispute_store.disputed(dispute_store.marks(session, permit))
        # Only those whose ties are disputed have other figures without what is disputed.
        marked = permit.only({each.enterprise for each in aside})
        less = tell_offered(context, marked, replace(moment, without=aside)) if marked.enterprises else {}
    undisputed = {**told, **{name: less.get(name, NOTHING) for name in marked.enterprises}}
    return {name: _added(body, told.get(name, NOTHING), undisputed.get(name, NOTHING)) for name, body in bodies.items()}


def _added(body: dict[str, Any], figures: Values, undisputed: Values) -> dict[str, Any]:
    """Return a document with figures in each reading; with a view without what is disputed where that differs."""
    without = body["undisputed"]
    if without is None and undisputed != figures:
        without = _bare(body)
    return {
        **_read(body, body["as_of"], figures),
        "catalogue": catalogue_with([Block.GRAPH]),
        "undisputed": _read(without, body["as_of"], undisputed),
    }


def _bare(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the readings of a file as its view without what is disputed has them: nothing is supposed there."""
    confirmed = body["confirmed"]
    kept = ("depth", "values", "features_sha256")
    bare = None if confirmed is None else {name: confirmed[name] for name in kept}
    return {**{name: body[name] for name in kept}, "confirmed": bare}


def _read(one: dict[str, Any] | None, as_of: str, figures: Values) -> Any:
    """Return a reading, and those within it, with the figures among its values; its hash names them all."""
    if one is None:
        return None
    known = any(value is not None for value in one["values"].values())
    values = {**one["values"], **(figures if known else NOTHING)}
    sha256 = digest(values, as_of, catalogue_with([Block.GRAPH]))
    within = {name: _read(one[name], as_of, figures) for name in ("fuller", "confirmed") if name in one}
    return {**one, "values": values, "features_sha256": sha256, **within}
