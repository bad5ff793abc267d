"""Retention periods by subject and kind of record, as `retention.toml` declares them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from services.profile.standards.days import months_later
from services.profile.standards.text import Text

# Registered by the market authority (9) as a sole trader (2, 个体工商户): a person, to whom Art. 16 applies.
SOLE_TRADER_CODE = "uscc:92"
ANY, ENTERPRISE, SOLE_TRADER = "any", "enterprise", "sole-trader"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept for so many months, of which subjects."""

    key: str
    subject: str
    what: str
    sorts: tuple[str, ...]
    since: str
    months: int
    title: Text
    basis: Text

    def concerns(self, enterprise: str) -> bool:
        """Tell whether the policy holds for this enterprise."""
        return self.subject in (ANY, subject_of(enterprise))

    def kept_from(self, today: date) -> date:
        """Return the first day still kept: what ended, was made or departed before it is shredded."""
        return months_later(today, -self.months)


def subject_of(enterprise: str) -> str:
    """Return the kind of subject that an enterprise is, by its credit code; a masked code counts as a firm's.

    >>> subject_of("uscc:92350100M000100Y43"), subject_of("uscc:91350100M000100Y43"), subject_of("local:E17")
    ('sole-trader', 'enterprise', 'enterprise')
    """
    return SOLE_TRADER if enterprise.startswith(SOLE_TRADER_CODE) else ENTERPRISE


@cache
def policies() -> tuple[Policy, ...]:
    """Return every policy."""
    return tuple(_policy(each) for each in _declared()["policy"])


def policies_on(what: str) -> list[Policy]:
    """Return the policies on one kind of data."""
    return [each for each in policies() if each.what == what]


def version() -> str:
    """Return the version of the policies; the ledger's entry about a shredding names it."""
    return str(_declared()["version"])


def _policy(each: Mapping[str, Any]) -> Policy:
    texts = {name: Text(*each[name]) for name in ("title", "basis")}
    return Policy(**{**each, **texts, "sorts": tuple(each["sorts"])})


@cache
def _declared() -> Mapping[str, Any]:
    return tomllib.loads((files(__package__) / "retention.toml").read_text("utf-8"))
