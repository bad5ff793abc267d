"""What counts for a product: what somebody beside the firm confirms, or everything that the firm says too."""

from __future__ import annotations

from enum import StrEnum


class Counts(StrEnum):
    """By `confirmed`, the default, nothing that only the firm itself states opens a product or makes it cheaper."""

    CONFIRMED = "confirmed"
    EVERYTHING = "everything"
