"""Holding one source against another: an enterprise's cross-comparison as of a day, as known at a time."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from chassis.core.errors import NotFound
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked
from services.profile.book.usecases.gather import gather
from services.profile.portrait.domain import crosscheck
from services.profile.portrait.domain.crosscheck import Rule
from services.profile.portrait.usecases.baseline import finished_mentions, naming_firms
from services.profile.portrait.usecases.cross_check import material
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading


class RuleNotFound(NotFound):
    """No rule of cross-comparison has this key."""


@dataclass(frozen=True, slots=True)
class Compared:
    """All comparisons of one enterprise (`crosscheck.FINDINGS`), and the moment that they hold for."""

    file: OpenFile
    findings: pl.DataFrame


def compare(context: Context, reading: Reading, enterprise: str, asked: Asked, rule: str | None = None) -> Compared:
    """Return what the sources say of one enterprise, held against each other by one rule or by all.

    Of others' files those are read that may name it, as the last finished peers tell; all where there are none yet.
    """
    chosen = None if rule is None else [_rule(rule)]
    file = open_at(context, reading, enterprise, asked)
    held = finished_mentions(context, file.moment)
    near = None if held is None else naming_firms(context, file.moment, held, [enterprise])
    evidence = gather(context, file.facts.moment, file.permit)
    return Compared(file, crosscheck.check(material(context, file.facts.moment, file.permit, evidence, near), chosen))


def _rule(key: str) -> Rule:
    for rule in crosscheck.rules():
        if rule.key == key:
            return rule
    names = ", ".join(rule.key for rule in crosscheck.rules())
    raise RuleNotFound(f"There is no rule {key[:64]}; there are: {names}.", rule=key[:64])
