"""A proposal as the declaration of a connector: what is saved when the sender confirms it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import polars as pl

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.dataset import Column
from services.profile.book.domain.proposal.propose import IN, MADE, OUT, SIDE, Proposal, Weighed
from services.profile.book.domain.proposal.values import MINUS, Sample, date_form, meant, sample
from services.profile.book.domain.titles import shown


def declaration(proposal: Proposal, frame: pl.DataFrame, today: date) -> dict[str, Any]:
    """Return what a connector of this mapping declares, leaving out every column that nothing is taken for."""
    own = {column.name: column for column in KINDS[proposal.kind].columns}
    taken = {one.taken.column: one for one in proposal.columns if one.taken}
    samples = {name: sample(frame[one.name]) for name, one in taken.items() if name in own}
    split = _split(taken, samples, own)
    divided = {split["amount"]} if "signed" in split else set()
    columns = {one.title: name for name, one in taken.items() if name in own and name not in divided}
    found: dict[str, Any] = {
        "ignored": [one.title for one in proposal.columns if not one.taken and shown(one.title)],
        "dates": dict(_dates(own, samples, today)),
        "values": dict(_words(own, samples)),
        "split": split,
        "made": [name for name in proposal.missing if name in MADE],
    }
    return {"kind": proposal.kind, "columns": columns, **{key: value for key, value in found.items() if value}}


def _split(taken: Mapping[str, Weighed], samples: Mapping[str, Sample], own: Mapping[str, Column]) -> dict[str, Any]:
    """Return how an amount is divided: in two columns, or by its sign where nothing else tells which way it went."""
    halves = {side: f"amount_fen{SIDE}{side}" for side in (IN, OUT)}
    both = {"amount": "amount_fen", "by": "direction"}
    if set(halves.values()) <= set(taken):
        return {**both, "titles": {side: taken[name].title for side, name in halves.items()}}
    amount = samples.get("amount_fen")
    untold = amount is not None and "direction" in own and "direction" not in taken
    if amount is None or not untold or not amount.distinct.str.contains(MINUS).any():
        return {}
    return {**both, "signed": [taken["amount_fen"].title]}


def _dates(own: Mapping[str, Column], samples: Mapping[str, Sample], today: date) -> Iterator[tuple[str, str]]:
    for name, found in samples.items():
        if own[name].reads in {"date", "day"} and (form := date_form(own[name], found, today)):
            yield name, form


def _words(own: Mapping[str, Column], samples: Mapping[str, Sample]) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the words of a column's values that are not known but hold one that is, beside all that are."""
    for name, found in samples.items():
        choices = own[name].choices or {}
        guessed = {word: ours for word in found.distinct if word not in choices and (ours := meant(word, choices))}
        if choices and guessed:
            yield name, {**choices, **guessed}
