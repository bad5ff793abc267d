"""The portrait: what the book says of an enterprise."""

from __future__ import annotations
