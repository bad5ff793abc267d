"""How long things are kept, and what stays for ever: each service declares it in its `retention.toml`.

Every table of a service stands there once, under a policy or with the reason for which it stays: a contract test reads
the tables and fails for one that does not.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from chassis.core.moments import months_later

FILE = "retention.toml"
ANY = "any"


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in Chinese and in English."""

    zh: str
    en: str


class Stays(StrEnum):
    """Why the rows of a table are never removed."""

    STATE = "state"
    REGISTER = "register"
    HISTORY = "history"
    PROOF = "proof"

    @property
    def words(self) -> Words:
        """The reason, for people."""
        return REASONS[self]


REASONS: Mapping[Stays, Words] = {
    Stays.STATE: Words("现况：一事一行，随时更新，不会增长", "As things stand: a row a thing, written over"),
    Stays.REGISTER: Words(
        "登记：其他记录引用的主体与对象，终止后仍须可查", "Who and what there is or was: other rows name it"
    ),
    Stays.HISTORY: Words("历史：过去时点的答复由此重现，不可改写", "What answers about past moments are made from"),
    Stays.PROOF: Words(
        "凭证：账本的叶与节点，删除一个则全部证明失效；所涉主体到期遗忘",
        "The ledger's tree: without one leaf no proof holds; whose it was is forgotten",
    ),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept for so many months, of which subjects (`any` where it is of none), and by which law or policy.

    `tables` are those whose rows go under it, none where it is about files. The months count from when a thing was
    `since` (made, ended, departed).
    """

    key: str
    subject: str
    what: str
    sorts: tuple[str, ...]
    since: str
    months: int
    tables: tuple[str, ...]
    title: Words
    basis: Words

    def kept_from(self, today: date) -> date:
        """Return the first day still kept: what ended, was made or departed before it is removed."""
        return months_later(today, -self.months)


@dataclass(frozen=True, slots=True)
class Declared:
    """What a service declares: its version, its policies, and by table why it stays."""

    version: str
    policies: tuple[Policy, ...]
    stays: Mapping[str, Stays]

    def policy(self, key: str) -> Policy:
        """Return the policy of a key."""
        return next(each for each in self.policies if each.key == key)


@cache
def declared(package: str) -> Declared:
    """Return what `retention.toml` in a package declares."""
    told = tomllib.loads((files(package) / FILE).read_text("utf-8"))
    stays = {table: Stays(why) for table, why in told["stays"].items()}
    return Declared(str(told["version"]), tuple(map(_policy, told["policy"])), stays)


def _policy(each: Mapping[str, Any]) -> Policy:
    texts = {name: Words(*each[name]) for name in ("title", "basis")}
    rest = {"subject": ANY, "what": each["key"], **each}
    return Policy(**{**rest, **texts, "sorts": tuple(each.get("sorts", ())), "tables": tuple(each["tables"])})
