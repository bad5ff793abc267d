"""Ties between bidders that files and tender documents show: one controller, person, address, phone; who backs whom.

Two bidders are tied by a party that both their files name, or where one file names the other bidder. Persons, addresses
and phones are keyed hashes: they are found equal, never read, so that one name borne by two people is one party; how
many firms of the book name a party tells how much that weighs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import polars as pl

from services.profile.book.domain.relation import CROWD

c = pl.col
CONTROLLING_SHARE = 0.5  # 公司法 2023 Art. 265, half is taken in, as in the portrait
# A relation that ended shortly before is told, with its end: ending it for a tender must not hide it (ours).
TOLD_AFTER_DAYS = 365
# By which columns two tender documents are alike, and the sign of each.
DOCUMENT_SIGNS = ("prepared_by", "agent", "managers", "deposit_from")


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a file behind a tie: whose file, its name, what it says, from and until when, and by which import."""

    enterprise: str
    record: str
    relation: str
    since: date | None = None
    until: date | None = None
    import_id: str | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """Invoices between two bidders in the 24 months before a day, from both files, in fen."""

    invoices: int
    amount_fen: int
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Tie:
    """What ties two bidders, in the order of their ids; `crowd` firms of the book name the party that they share.

    A crowd is told from ten firms on only. `ended` tells that one of the relations is over.
    """

    kind: str
    one: str
    other: str
    records: tuple[Record, ...] = ()
    crowded: bool = False
    ended: bool = False
    trade: Trade | None = None
    said: str | None = None


def current(relations: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return relations that hold on a day or ended within the year before."""
    ended = c("until") < pl.lit(day) - pl.duration(days=TOLD_AFTER_DAYS)
    return relations.filter((c("since") <= day).fill_null(value=True) & ~ended.fill_null(value=False))


def of_files(
    relations: pl.DataFrame, names: Sequence[str], bidders: Collection[str], crowds: Mapping[str, int], day: date
) -> list[Tie]:
    """Return the ties that relations of the bidders' files show, in order; `names` are those of the rows' records."""
    wanted = frozenset(bidders)
    rows = relations.with_columns(pl.Series("name", names, dtype=pl.String))
    held = current(rows, day).sort("enterprise", "relation", "party", "name").to_dicts()
    mine = [row for row in held if row["enterprise"] in wanted and row["relation"] != "capital"]
    direct = [tie for row in mine if row["party"] in wanted and (tie := _direct(row, day))]
    by_party: dict[tuple[str, str], list[Mapping[str, object]]] = defaultdict(list)
    for row in mine:
        if row["party"] not in wanted:
            by_party[_sort(str(row["relation"])), str(row["party"])].append(row)
    shared = [
        tie
        for (_, party), each in sorted(by_party.items())
        for tie in _shared(each, crowds.get(party, 0) >= CROWD, day)
    ]
    return _merged([*direct, *shared])


def parties(relations: pl.DataFrame, bidders: Collection[str], day: date) -> list[str]:
    """Return the parties that more than one of the bidders name, of which the crowd is asked."""
    held = current(relations, day).filter(c("enterprise").is_in(sorted(bidders)), c("relation") != "capital")
    named = held.group_by("party").agg(firms=c("enterprise").n_unique())
    return named.filter(c("firms") > 1)["party"].sort().to_list()


def of_documents(documents: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Tie]:
    """Return the ties that the buyer's own words on tender documents show: one preparer, agent, manager, payer."""
    found = []
    for sign in DOCUMENT_SIGNS:
        said = {bidder: {_plain(each) for each in words.get(sign, ())} - {""} for bidder, words in documents.items()}
        for one, other in combinations(sorted(said), 2):
            if same := sorted(said[one] & said[other]):
                found.append(Tie(f"same-{sign.replace('_', '-')}", one, other, said="、".join(same)[:128]))
    return found


def of_trade(trade: Mapping[tuple[str, str], Trade]) -> list[Tie]:
    """Return the ties of those who trade with each other."""
    return [Tie("trade", *pair, trade=found) for pair, found in sorted(trade.items())]


def _sort(relation: str) -> str:
    return relation if relation in ("address", "phone", "guarantor") else "person"


def _strong(row: Mapping[str, object]) -> bool:
    share = row["share"]
    return row["relation"] != "shareholder" or (isinstance(share, float) and share >= CONTROLLING_SHARE)


def _direct(row: Mapping[str, object], day: date) -> Tie | None:
    one, other = str(row["enterprise"]), str(row["party"])
    if one == other:
        return None
    relation = str(row["relation"])
    kind = "guarantee" if relation == "guarantor" else "control" if _strong(row) else "share"
    return Tie(kind, min(one, other), max(one, other), (_record(row),), ended=_over(row, day))


def _shared(rows: Sequence[Mapping[str, object]], crowded: bool, day: date) -> list[Tie]:
    by_firm: dict[str, list[Mapping[str, object]]] = defaultdict(list)
    for row in rows:
        by_firm[str(row["enterprise"])].append(row)
    found = []
    for one, other in combinations(sorted(by_firm), 2):
        both = (_best(by_firm[one]), _best(by_firm[other]))
        records = tuple(_record(row) for row in both)
        over = any(_over(row, day) for row in both)
        found.append(Tie(_kind(*both), one, other, records, crowded=crowded, ended=over))
    return found


def _best(rows: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    """Return the row by which a firm is tied closest to a party."""
    order = ("controller", "person-in-charge", "shareholder")
    return min(rows, key=lambda row: (not _strong(row), *(row["relation"] != each for each in order), str(row["name"])))


def _kind(one: Mapping[str, object], other: Mapping[str, object]) -> str:
    relations = {str(one["relation"]), str(other["relation"])}
    if relations & {"address", "phone"}:
        return f"same-{relations.pop()}"
    if relations == {"guarantor"}:
        return "same-guarantor"
    if not (_strong(one) and _strong(other)):
        return "co-owned"
    return "same-person-in-charge" if relations == {"person-in-charge"} else "same-controller"


def _record(row: Mapping[str, object]) -> Record:
    since, until = row["since"], row["until"]
    days = (since if isinstance(since, date) else None, until if isinstance(until, date) else None)
    source = row["import_id"]
    return Record(
        str(row["enterprise"]), str(row["name"]), str(row["relation"]), *days, str(source) if source else None
    )


def _over(row: Mapping[str, object], day: date) -> bool:
    until = row["until"]
    return isinstance(until, date) and until < day


def _merged(ties: Sequence[Tie]) -> list[Tie]:
    """Return one tie a kind and pair with all its records; it is crowded or over where all that make it are."""
    found: dict[tuple[str, str, str], list[Tie]] = defaultdict(list)
    for tie in ties:
        found[tie.one, tie.other, tie.kind].append(tie)
    return [
        Tie(
            kind,
            one,
            other,
            tuple(dict.fromkeys(record for tie in each for record in tie.records)),
            crowded=all(tie.crowded for tie in each),
            ended=all(tie.ended for tie in each),
        )
        for (one, other, kind), each in sorted(found.items())
    ]


def _plain(word: str) -> str:
    return "".join(word.split()).casefold()
