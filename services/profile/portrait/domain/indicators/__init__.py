"""What payments, filings, public records, relations and the network of trade say of an enterprise."""

from __future__ import annotations

from services.profile.portrait.domain.indicators.catalogue import (
    FIGURES,
    INDICATORS,
    Edges,
    Trust,
    edges,
    network,
    own,
    whole,
)
from services.profile.portrait.domain.indicators.indicator import Indicator, Scale

__all__ = [
    "FIGURES",
    "INDICATORS",
    "Edges",
    "Indicator",
    "Scale",
    "Trust",
    "edges",
    "network",
    "own",
    "whole",
]
