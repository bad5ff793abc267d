"""What supervision reads and works out: classes, indices, screens."""

from __future__ import annotations
