"""The feature catalogue: what an enterprise's invoices say about it, as of a date and as known at a time."""

from __future__ import annotations

from services.profile.portrait.domain.features.aggregates import NEEDS
from services.profile.portrait.domain.features.catalogue import CATALOGUE, VERSION, compute, history
from services.profile.portrait.domain.features.depth import DEPTHS, THIN, depth_of
from services.profile.portrait.domain.features.feature import Feature

__all__ = ["CATALOGUE", "DEPTHS", "NEEDS", "THIN", "VERSION", "Feature", "compute", "depth_of", "history"]
