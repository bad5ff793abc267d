"""The watch: what changes, and who is told."""

from __future__ import annotations
