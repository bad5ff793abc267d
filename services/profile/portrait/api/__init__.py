"""HTTP of the portrait: features, dimensions, cross-checks, late payments, the records behind a figure."""

from __future__ import annotations
