"""HTTP of supervision: classes, indices, screens of bidders, the record of a supplier."""

from __future__ import annotations
