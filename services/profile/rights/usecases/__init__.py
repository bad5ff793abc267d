"""What is done with rights: open a file, grant, dispute, repair, set a measure, shred."""

from __future__ import annotations
