"""Consents, disputes, repairs, measures, notices and retention as values."""

from __future__ import annotations
