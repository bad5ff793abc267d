"""Rings (循环开票): invoices that run in a circle, about the same amount, in order of time, within so many days."""

from __future__ import annotations

from services.profile.graph.domain.rings.find import Found, can_close, find
from services.profile.graph.domain.rings.firms import BY_FIRM, by_firm
from services.profile.graph.domain.rings.invoices import hops_between
from services.profile.graph.domain.rings.limits import Limits, limits_on
from services.profile.graph.domain.rings.near import near
from services.profile.graph.domain.rings.shown import RINGS
from services.profile.graph.domain.rings.terms import EDGES, Budget, Terms

__all__ = [
    "BY_FIRM",
    "EDGES",
    "RINGS",
    "Budget",
    "Found",
    "Limits",
    "Terms",
    "by_firm",
    "can_close",
    "find",
    "hops_between",
    "limits_on",
    "near",
]
