"""All tables of this service, for migrations: each wing declares its own."""

from __future__ import annotations

from services.profile.base import Base
from services.profile.book import tables as book
from services.profile.graph import tables as graph
from services.profile.portrait import tables as portrait
from services.profile.rights import tables as rights
from services.profile.supervision import tables as supervision
from services.profile.watch import tables as watch

__all__ = ["Base", "book", "graph", "portrait", "rights", "supervision", "watch"]
