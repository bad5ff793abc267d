"""Rights: who may see a file, who saw it, and how it is put right."""

from __future__ import annotations
