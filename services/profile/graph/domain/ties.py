"""Ties (关联): what one open file tells of the others that a firm is tied to, typed and dated.

Trade comes from invoices and payments of the file (`dealings`), the other kinds from its register. A tie says who tells
it and by which channel, and what of it only the firm itself says (ADR 28).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from services.profile.book.domain.relation import SEAL
from services.profile.standards.text import Text


class Kind(StrEnum):
    """What ties two: trade, shares, a person in charge, a guarantee, an address, a phone."""

    TRADE = "trade"
    EQUITY = "equity"
    PERSON = "person"
    GUARANTEE = "guarantee"
    ADDRESS = "address"
    PHONE = "phone"


TITLES: Mapping[Kind, Text] = MappingProxyType(
    {
        Kind.TRADE: Text("交易", "Trade"),
        Kind.EQUITY: Text("股权", "Shares"),
        Kind.PERSON: Text("任职", "A person in charge"),
        Kind.GUARANTEE: Text("担保", "A guarantee"),
        Kind.ADDRESS: Text("地址", "An address"),
        Kind.PHONE: Text("电话", "A phone"),
    }
)
# What a register says of a firm, by the kind of tie; capital ties it to nobody.
OF_RELATION: Mapping[str, Kind] = MappingProxyType(
    {
        "shareholder": Kind.EQUITY,
        "controller": Kind.EQUITY,
        "person-in-charge": Kind.PERSON,
        "guarantor": Kind.GUARANTEE,
        "address": Kind.ADDRESS,
        "phone": Kind.PHONE,
    }
)


# What a row of a register says, in this order; `channel` is that by which it came, `record` its name.
REGISTER = ("enterprise", "relation", "party", "share", "amount_fen", "since", "until", "channel", "record")


@dataclass(frozen=True, slots=True)
class Registered:
    """A tie that a register tells of a firm: `party` is an enterprise id or a keyed hash (`hash:…`).

    `record` is the name by which the firm disputes it; `sealed` tells that the party is a person, a place or a number,
    of which only a keyed hash is held.
    """

    firm: str
    kind: Kind
    relation: str
    party: str
    share: float | None
    amount_fen: int | None
    since: date | None
    until: date | None
    channel: str | None
    record: str | None
    sealed: bool

    @property
    def place(self) -> tuple[Any, ...]:
        """A total order, whatever the order of the rows."""
        return (self.firm, self.kind, self.relation, self.party, self.since or date.min, self.until or date.max)


def registered(rows: Iterable[Sequence[Any]], as_of: date) -> list[Registered]:
    """Return the ties that registers (rows of `REGISTER`) tell as of a day, in a total order."""
    found = [
        Registered(
            firm, OF_RELATION[sort], sort, party, share, fen, since, until, channel, record, party.startswith(SEAL)
        )
        for firm, sort, party, share, fen, since, until, channel, record in rows
        if sort in OF_RELATION and (since or as_of) <= as_of <= (until or as_of)
    ]
    return sorted(found, key=lambda tie: tie.place)
