"""The unit of a batch: some firms' facts, matched with one shelf, in any process of any machine.

A unit reads no database. What is made of it is kept under its number and `made_from`, the digest of all that its lines
follow from: a batch that is begun anew does only what is not there yet, and lines of other products never stand beside
them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import polars as pl

from chassis.core.engine.code import code_version
from services.matching import documents, store
from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts, Need
from services.matching.domain.match import Guide, match_all

LINES = 250


@dataclass(frozen=True, slots=True)
class Terms:
    """What all firms of a batch are matched with."""

    shelf: Shelf
    need: Need
    guide: Guide

    def digest(self) -> bytes:
        """Return what stands for all of this, and for the code that matches: other terms have another."""
        told = (code_version(), self.shelf.stock, self.need, self.guide)
        return sha256(repr(told).encode()).digest()


@dataclass(frozen=True, slots=True)
class Stretch:
    """The firms of one part of a batch."""

    number: int
    facts: Facts
    made_from: str

    def __str__(self) -> str:
        """Return a name that is nobody's."""
        return f"part {self.number}"


def stretches(facts: Facts, terms: Terms, length: int = LINES) -> list[Stretch]:
    """Divide the firms into units of at most so many, in their order."""
    digest, parts = terms.digest(), range(0, len(facts), length)
    cut = (facts.slice(start, length) for start in parts)
    return [Stretch(number, part, _made_from(digest, part)) for number, part in enumerate(cut)]


def match_stretch(terms: Terms, stretch: Stretch) -> store.Lines:
    """Match the firms of a unit; return their lines."""
    matches = match_all(terms.shelf, stretch.facts, terms.need, terms.guide)
    return store.packed(
        [match.enterprise for match in matches],
        (documents.match(stretch.facts, match, terms.need) for match in matches),
    )


def _made_from(terms: bytes, facts: Facts) -> str:
    """Return the digest of the terms and of everything that is known of the firms.

    But for what they dispute: no line holds that, and whoever reads a line is told what is disputed then.
    """
    digest = sha256(terms)
    for table in _tables(facts):
        digest.update(table)
    beside: Sequence[object] = (facts.as_of, facts.known_at, facts.catalogue, facts.model, facts.problem, facts.counts)
    digest.update(repr((beside, facts.evidence, facts.counted, facts.overlay)).encode())
    return digest.hexdigest()


def _tables(facts: Facts) -> Iterator[bytes]:
    for frame in (facts.frame, facts.whole):
        if frame is not None:
            yield _bytes(frame)


def _bytes(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.rechunk().write_ipc(file)
    return file.getvalue()
