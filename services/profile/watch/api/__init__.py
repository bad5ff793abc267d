"""HTTP of the watch: signals, alerts, subscriptions."""

from __future__ import annotations
