"""The feature catalogue: what an enterprise's invoices say about it, as of a date and as known at a time."""

from __future__ import annotations

from services.profile.domain.features.catalogue import CATALOGUE, VERSION, compute, history
from services.profile.domain.features.depth import DEPTHS, THIN, depth_of
from services.profile.domain.features.feature import Feature, Text
from services.profile.domain.features.measures import NEEDS

__all__ = ["CATALOGUE", "DEPTHS", "NEEDS", "THIN", "VERSION", "Feature", "Text", "compute", "depth_of", "history"]
