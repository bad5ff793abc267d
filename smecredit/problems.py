"""What can go wrong between a client and the suite, in words that say what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Expected(Exception):
    """Something that can go wrong without a fault of ours; its text says what to do next."""


class Problem(Expected):
    """The suite refused (RFC 9457): `status`, `type`, `title`, `title_zh`, `detail`; `members` is the whole answer."""

    def __init__(self, status: int, members: Mapping[str, Any]) -> None:
        self.status = status
        self.members = dict(members)
        self.type = str(members.get("type", "about:blank"))
        self.title = str(members.get("title", f"HTTP {status}"))
        self.title_zh = str(members.get("title_zh", ""))
        self.detail = str(members.get("detail", ""))
        super().__init__(f"{self.title}: {self.detail}" if self.detail else self.title)

    @classmethod
    def of(cls, members: Mapping[str, Any] | None) -> Problem:
        """Return the problem that a failed job left behind."""
        members = members or {"title": "The job failed", "detail": "It left no reason; see the service's log."}
        return cls(int(members.get("status", 500)), members)


class Unreachable(Expected):
    """No suite answers at the address."""

    def __init__(self, url: str, cause: str) -> None:
        self.url = url
        super().__init__(
            f"no suite answers at {url} ({cause}). Start one with `smecredit up`, or name another with --url"
        )


class KeyMissing(Expected):
    """No API key is known for the identity that a command needs."""
