"""What ties an enterprise to others: owners, the persons in charge, guarantors, addresses, phones; and its capital.

Enterprise, sort of relation, party and first day make one relation; its share, sum and last day may change. A party
that is no enterprise (a person, an address, a phone) is held as a keyed hash only: it can be found equal, not read.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import polars as pl

from services.profile.book.domain.bods.shape import REASONS
from services.profile.book.domain.dataset import ENTERPRISE, Column, Dataset, RowRule
from services.profile.standards.addresses import located
from services.profile.standards.codes import NotAnEnterpriseId, enterprise_id
from services.profile.standards.spelling import identifier

RELATIONS = MappingProxyType(
    dict.fromkeys(("股东", "发起人", "出资人", "投资人", "合伙人", "shareholder"), "shareholder")
    | dict.fromkeys(("实际控制人", "controller"), "controller")
    | dict.fromkeys(("法定代表人", "负责人", "执行事务合伙人", "经营者", "person-in-charge"), "person-in-charge")
    | dict.fromkeys(("担保人", "保证人", "担保", "guarantor"), "guarantor")
    | dict.fromkeys(("注册地址", "经营地址", "住所", "经营场所", "地址", "address"), "address")
    | dict.fromkeys(("联系电话", "手机", "电话", "phone"), "phone")
    | dict.fromkeys(("注册资本", "capital"), "capital")
    | dict.fromkeys(("所有人未指明", "unspecified"), "unspecified")
)

DATASET = Dataset(
    name="relations",
    columns=(
        Column("relation", "choice", ("关系类型", "关系", "relation"), choices=RELATIONS, english="Sort of relation"),
        ENTERPRISE,
        Column("party", "party", ("关联方", "关联方代号", "姓名或名称", "关联方名称", "party"), english="Party"),
        Column(
            "share", "share", ("持股比例", "出资比例", "比例", "share"), required=False, filled=False, english="Share"
        ),
        Column(
            "amount_fen",
            "money",
            ("金额", "认缴出资额", "担保金额", "amount"),
            required=False,
            filled=False,
            english="Capital, contribution or guaranteed sum",
        ),
        Column("since", "date", ("起始日期", "since"), required=False, filled=False, english="Since"),
        Column("until", "day", ("终止日期", "until"), required=False, filled=False, english="Until"),
    ),
    identity=("enterprise", "relation", "party", "since"),
    day="since",
    rules=(
        RowRule("until", pl.col("until") < pl.col("since"), "before its start / 终止日期早于起始日期"),
        RowRule("amount_fen", pl.col("amount_fen") < 0, "below zero / 金额不能为负"),
    ),
)
SCHEMA, IDENTITY, CONTENT = DATASET.schema, DATASET.identity, DATASET.content
# Whose party may be an enterprise; in all other relations it is a person, a place or a number.
OF_ENTERPRISES = ("shareholder", "controller", "guarantor", "capital")
# A party that so many firms of the book name is a registration agent's, a park's, or a common name's (ours, 2026-11).
CROWD = 10
PLACES = MappingProxyType({"address": "address", "phone": "phone"})
SEAL = "hash:"
# A party as this book has shown it comes back as it is: it names nobody, and another book's is equal to nothing here.
SEALED = re.compile(rf"{SEAL}[0-9a-f]{{32}}")
# 18 digits with a day of birth in the middle: a person's number, though one in some hundreds passes as a firm's code.
PERSON_NUMBER = re.compile(r"\d{6}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx]")


def sealed(rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
    """Return relations whose parties are enterprise ids or keyed hashes (HMAC-SHA256); names do not go on from here.

    The same person, place or number gives the same hash under one key, however it is spaced or spelled.
    """
    pairs = rows.select("relation", "party").unique()
    kept = [_held(sort, party, key) for sort, party in pairs.rows()]
    hashes = pairs.with_columns(pl.Series("held", kept, dtype=pl.String))
    joined = rows.join(hashes, on=["relation", "party"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("held").alias("party")).drop("held")


def by_name(rows: pl.DataFrame, firms: tuple[tuple[str, str], ...], key: bytes) -> pl.DataFrame:
    """Return relations in which a holder told by its name alone is the one of these firms (id, name) that bears it.

    A register publishes holders that are firms by their names, which are held as keyed hashes like those of persons;
    `by_name` tells which rows they are.
    """
    found = _by_seal(firms, key)
    told = pl.col("relation").is_in(OF_ENTERPRISES) & pl.col("party").is_in(list(found))
    firm = pl.col("party").replace_strict(found, default=None, return_dtype=pl.String)
    return rows.with_columns(party=pl.when(told).then(firm).otherwise("party"), by_name=told)


@lru_cache(maxsize=8)
def _by_seal(firms: tuple[tuple[str, str], ...], key: bytes) -> Mapping[str, str]:
    """Return the firms by the keyed hash of their name; none where two bear it."""
    seals = [(_held("shareholder", name, key), firm) for firm, name in firms]
    borne = Counter(seal for seal, _ in seals)
    return {seal: firm for seal, firm in seals if borne[seal] == 1 and seal.startswith(SEAL)}


def _held(relation: str, party: str, key: bytes) -> str:
    # Why no owner is named is a word of a code list; anything else in its place may be a name.
    if SEALED.fullmatch(party) or (relation == "unspecified" and party in REASONS):
        return party
    if relation in OF_ENTERPRISES and (known := _enterprise(party)):
        return known
    sort = PLACES.get(relation, "person")
    text = located(party) if sort == "address" else "".join(unicodedata.normalize("NFKC", party).split()).casefold()
    if sort == "phone":
        text = re.sub(r"^(?:\+|00)?86(?=\d{9,})", "", re.sub(r"[-()]", "", text))
    return SEAL + hmac.digest(key, f"{sort}\n{text}".encode(), "sha256").hex()[:32]


def _enterprise(party: str) -> str | None:
    """Return the id where the party is written as one: with its scheme, or as a valid credit code."""
    party = identifier(party)
    bare = ":" not in party
    if bare and (len(party) != 18 or PERSON_NUMBER.fullmatch(party)):
        return None
    try:
        return enterprise_id(party)
    except NotAnEnterpriseId:
        return None
