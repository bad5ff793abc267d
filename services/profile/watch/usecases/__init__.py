"""What is done on watch: look, read signals, follow alerts, replay."""

from __future__ import annotations
