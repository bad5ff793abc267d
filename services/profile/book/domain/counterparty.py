"""Whom a payment went to or came from: by the code that its source states, else by name, else by account.

A bank's statement names the other side and its account, and gives no credit code. A name is looked up among the firms
of the book and the partners that invoices name; an account that was told by code or name tells the lines that name
nobody. Where two firms fit, or an account speaks of two, nobody is told. Names are not held, and accounts as keyed
hashes only.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from services.profile.book.domain.party import named, party_of
from services.profile.standards.codes import USCC_FORM
from services.profile.standards.names import Resolved
from services.profile.standards.text import Text

# How a counterparty was recognised, and what is told of it.
MATCHES: Mapping[str, Text] = MappingProxyType(
    {
        "code": Text(zh="来源写明其代码", en="the source states its code"),
        "name": Text(zh="户名与一家企业的名称完全一致", en="the name is a firm's whole name"),
        "parts": Text(
            zh="户名与一家企业名称的各组成部分均不矛盾", en="no part of the name contradicts the name of one firm"
        ),
        "account": Text(zh="该账号此前已由代码或户名识别", en="its account was told by a code or a name before"),
        "own": Text(zh="本企业自己的账户", en="an account of the enterprise itself"),
        "unsure": Text(
            zh="户名或账号对应不止一家企业，未予认定",
            en="its name or its account fits more than one firm, so none is told",
        ),
    }
)
KNOWN_FIRM = frozenset({"code", "name", "parts"})
SEAL = "hash:"
# Account numbers have more digits than this; a shorter one is a part of one, and stars hide the rest.
SHORTEST_ACCOUNT = 9
HAN = re.compile(r"[\u3400-\u9fff]")
# Name and account in one cell: 甲公司 6222000000000001, or 6222000000000001/甲公司.
NAME_FIRST = re.compile(r"(?P<name>.*?\D)\s*(?P<account>[\d*]{4,})")
ACCOUNT_FIRST = re.compile(r"(?P<account>[\d*]{4,})\s*[/ ]\s*(?P<name>\D.*)")

Find = Callable[[str], Resolved]


@dataclass(frozen=True, slots=True)
class Line:
    """What lines of a statement say alike of the other side; `account` is a keyed hash."""

    enterprise: str
    code: str | None
    name: str | None
    account: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a line is told to be from or to (an enterprise id), and by what (`MATCHES`)."""

    party: str | None = None
    match: str | None = None
    candidates: tuple[str, ...] = ()


def line_of(enterprise: str, code: str | None, name: str | None, account: str | None, *, key: bytes) -> Line:
    """Return what a line says: a name in the place of a code is a name, and an account beside a name is one."""
    if code and HAN.search(code) and ":" not in code:
        code, name = None, name or code
    if name:
        split = NAME_FIRST.fullmatch(name) or ACCOUNT_FIRST.fullmatch(name)
        if split and account is None:
            name, account = split["name"], split["account"]
        if not HAN.search(name) and not re.search(r"[A-Za-z]{2}", name):
            name, account = None, account or name
    return Line(enterprise, code, name, sealed(number_of(account), key))


def number_of(account: str | None) -> str | None:
    """Return the digits of an account, None where they are no whole account number.

    >>> number_of("6222 0000 0000 0001"), number_of("1234****"), number_of("6222")
    ('6222000000000001', None, None)
    """
    text = "".join(unicodedata.normalize("NFKC", account or "").split()).replace("-", "").upper()
    return text if len(text) >= SHORTEST_ACCOUNT and re.fullmatch(r"[0-9A-Z]*\d{6}[0-9A-Z]*", text) else None


def sealed(account: str | None, key: bytes) -> str | None:
    """Return an account number as it is held: a keyed hash (HMAC-SHA256), the same however it is spaced."""
    return None if account is None else SEAL + hmac.digest(key, f"account\n{account}".encode(), "sha256").hex()[:32]


def told(lines: Sequence[Line], find: Find, earlier: Mapping[tuple[str, str], set[str]]) -> dict[Line, Told]:
    """Return whom each line is told to be from or to.

    `find` looks a name up; `earlier` gives, for an enterprise and an account, the parties of what is held already.
    """
    found = {line: _by_code_or_name(line, find) for line in lines}
    speaks: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for place, parties in earlier.items():
        speaks[place] |= parties
    for line, one in found.items():
        if line.account and (one.match in KNOWN_FIRM or one.match == "own"):
            speaks[line.enterprise, line.account].add(one.party or line.enterprise)
    return {line: _by_account(line, one, speaks) for line, one in found.items()}


def _by_code_or_name(line: Line, find: Find) -> Told:
    if line.code:
        return Told(None, "own") if named(line.code) == line.enterprise else Told(named(line.code), "code")
    if not line.name:
        return Told()
    one = find(line.name)
    if one.enterprise is None:
        return Told(None, "unsure" if one.candidates else None, one.candidates)
    if one.enterprise == line.enterprise:
        return Told(None, "own")
    whole = one.match is not None and set(one.match.parts.values()) == {"agree"}
    return Told(named(one.enterprise), "name" if whole else "parts")


def _by_account(line: Line, one: Told, speaks: Mapping[tuple[str, str], set[str]]) -> Told:
    """Let the account tell a line without a name, or choose between firms that a name fits; a code needs neither."""
    parties = speaks.get((line.enterprise, line.account), set()) if line.account else set()
    if not parties or one.match in {"code", "own"}:
        return one
    if len(parties) > 1:
        return Told(None, "unsure")
    [party] = parties
    if one.party:
        return one
    if line.name and party not in map(named, one.candidates):
        return one
    return Told(None, "own") if party == line.enterprise else Told(party, "account")


def warnings(rows: pl.DataFrame) -> tuple[str, ...]:
    """Return what is told of the payments whose other side is not known, by `party_match` and whether one is named."""
    unsure = rows.filter(pl.col("party_match") == "unsure").height
    unknown = rows.filter(pl.col("party_match").is_null() & pl.col("says_who")).height
    own = rows.filter(pl.col("party_match") == "own").height
    said = []
    if unsure:
        said.append(
            f"{unsure} payments: the name or the account fits more than one firm, so the counterparty is left open / "
            f"{unsure}笔收付款的户名或账号对应不止一家企业，未认定对方"
        )
    if unknown:
        said.append(
            f"{unknown} payments name a party that is neither in the book nor a partner that invoices name: their "
            f"counterparty is left open; import its invoices or its enterprise and send the statement again / "
            f"{unknown}笔收付款的对方不在账册或发票往来名单中，未认定对方；补充发票或企业后可重新导入流水"
        )
    if own:
        said.append(
            f"{own} payments are between the enterprise's own accounts and count for nobody / "
            f"{own}笔为本企业账户之间的划转，不计往来"
        )
    return tuple(said)


def named_parties(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the credit codes of invoices' partners, each with the names that the invoices give it (`party`, `name`).

    `rows` are checked invoices with `seller_name` or `buyer_name`. A partner without a credit code may be a person.
    """
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in ("seller_name", "buyer_name")]
    full = rows.with_columns(one for one in absent if one.meta.output_name() not in rows.columns)
    name = pl.when(pl.col("direction") == "sale").then("buyer_name").otherwise("seller_name")
    said = full.select(party=party_of(pl.col("counterparty")), name=name).unique(maintain_order=True)
    coded = pl.col("party").str.contains(f"^uscc:{USCC_FORM.pattern}$")
    return said.filter(coded & pl.col("name").str.contains(HAN.pattern))
