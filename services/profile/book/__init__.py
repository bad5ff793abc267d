"""The book: what came in, and what is known of whom at a moment."""

from __future__ import annotations
