"""The feature catalogue: what an enterprise's invoices say about it, as of a date and as known at a time."""

from .catalogue import CATALOGUE, VERSION, compute, history
from .depth import DEPTHS, THIN, depth_of
from .feature import Feature, Text
from .measures import NEEDS

__all__ = ["CATALOGUE", "DEPTHS", "NEEDS", "THIN", "VERSION", "Feature", "Text", "compute", "depth_of", "history"]
