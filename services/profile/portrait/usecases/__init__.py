"""What is read: features, portraits, cross-checks, late payments, lineage."""

from __future__ import annotations
