"""How often a client may ask: one quota per role as data, told in every answer (RateLimit header fields, draft-11)."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from chassis.core.errors import TooManyRequests
from chassis.core.settings import SettingsError

FORM = re.compile(r"(?P<name>[a-z-]+)=(?P<requests>\d+)/(?P<seconds>\d+)")
ADDRESS, FAILURES = "address", "failures"
CLEAR_EVERY_SECONDS = 1.0
# The RateLimit headers of one answer.
Standing = tuple[tuple[str, str], ...]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in a window of so many seconds."""

    requests: int
    seconds: int


# Generous to work that is paid for, tight where nobody is known. One process counts for itself unless REDIS_URL
# makes the count common; GATEWAY_RATE_LIMITS="bank=6000/60,enterprise=60/60" replaces single lines.
DEFAULT_QUOTAS: Mapping[str, Quota] = {
    "bank": Quota(60_000, 60),
    "platform": Quota(30_000, 60),
    "buyer": Quota(6_000, 60),
    "source": Quota(30_000, 60),
    "operator": Quota(30_000, 60),
    "service": Quota(60_000, 60),
    "enterprise": Quota(1_200, 60),
    ADDRESS: Quota(1_200, 60),  # pages that need no key
    FAILURES: Quota(60, 60),  # keys and passwords that were wrong
}


class QuotaUsedUp(TooManyRequests):
    """A quota is used up; `headers` say until when."""

    def __init__(self, detail: str, headers: Standing, **members: Any) -> None:
        super().__init__(detail, **members)
        self.headers = headers


class Counts(MemoryStorage):
    """Counts in memory; counting clears what has expired, once a second.

    The library starts a thread for that whenever none is there: up to a hundred a second under load.
    """

    def __init__(self) -> None:
        super().__init__()
        self._counting = threading.Lock()
        self._cleared = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count; the first of a window sets its end."""
        now = time.time()
        with self._counting:
            if now > self._cleared + CLEAR_EVERY_SECONDS:
                self._clear(now)
            if self.expirations.get(key, 0) <= now:
                self.storage[key], self.expirations[key] = 0, now + expiry
            self.storage[key] += amount
            return self.storage[key]

    def get(self, key: str) -> int:
        """Return what was counted in the window that is under way."""
        return self.storage.get(key, 0) if self.expirations.get(key, 0) > time.time() else 0

    def _clear(self, now: float) -> None:
        for key in [key for key, end in self.expirations.items() if end <= now]:
            del self.storage[key], self.expirations[key]
        self._cleared = now


class Limits:
    """Counts requests in fixed windows, in memory or in a Redis that all gateways share.

    A Redis that does not answer must not close the door: each process then counts for itself.
    """

    def __init__(self, quotas: Mapping[str, Quota], redis_url: str | None = None) -> None:
        self._items: dict[str, RateLimitItem] = {
            name: RateLimitItemPerSecond(quota.requests, quota.seconds, namespace="gateway")
            for name, quota in quotas.items()
        }
        self._policies = {name: f'"{name}";q={quota.requests};w={quota.seconds}' for name, quota in quotas.items()}
        self._own = FixedWindowRateLimiter(Counts())
        self._shared = (
            FixedWindowRateLimiter(storage_from_string(redis_url, wrap_exceptions=True, socket_timeout=0.2))
            if redis_url
            else None
        )

    def take(self, policy: str, key: str) -> Standing:
        """Count one request and return the headers that tell what is left; raise `QuotaUsedUp` beyond the quota."""
        within, left, seconds = self._count(policy, key)
        headers = self._headers(policy, left, seconds)
        if not within:
            raise self._exceeded(policy, seconds, headers)
        return headers

    def refuse_when_used_up(self, policy: str, key: str) -> None:
        """Raise `QuotaUsedUp` where nothing is left, counting nothing."""
        item = self._items[policy]
        if not self._own.test(item, policy, key):
            reset = self._own.get_window_stats(item, policy, key).reset_time
            seconds = _seconds_until(reset)
            raise self._exceeded(policy, seconds, self._headers(policy, 0, seconds))

    def note(self, policy: str, key: str) -> None:
        """Count one occurrence in this process, say of a wrong key."""
        self._own.hit(self._items[policy], policy, key)

    def _count(self, policy: str, key: str) -> tuple[bool, int, int]:
        item = self._items[policy]
        if self._shared:
            try:
                return _count(self._shared, item, policy, key)
            except StorageError as error:
                log.warning("limits-not-shared", error=type(error.storage_error).__name__)
        return _count(self._own, item, policy, key)

    def _headers(self, policy: str, left: int, seconds: int) -> Standing:
        return (("RateLimit-Policy", self._policies[policy]), ("RateLimit", f'"{policy}";r={left};t={seconds}'))

    def _exceeded(self, policy: str, seconds: int, headers: Standing) -> QuotaUsedUp:
        item = self._items[policy]
        return QuotaUsedUp(
            f"The quota {policy} of {item.amount} requests in {item.multiples} s is used up. Wait {seconds} s and ask "
            "again, or use a batch route for many firms.",
            headers,
            violated_policies=[policy],
            retry_after=seconds,
        )


def read_quotas(text: str) -> dict[str, Quota]:
    """Read `bank=6000/60,enterprise=60/60`; raise `SettingsError` for what is not of that form."""
    quotas = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = FORM.fullmatch(part)
        if not match or match["name"] not in DEFAULT_QUOTAS or 0 in (int(match["requests"]), int(match["seconds"])):
            raise SettingsError(
                "The settings cannot be used:\n  GATEWAY_RATE_LIMITS: write ROLE=REQUESTS/SECONDS,… with a role of "
                f"{', '.join(DEFAULT_QUOTAS)} and numbers above 0."
            )
        quotas[match["name"]] = Quota(int(match["requests"]), int(match["seconds"]))
    return quotas


def _count(limiter: FixedWindowRateLimiter, item: RateLimitItem, policy: str, key: str) -> tuple[bool, int, int]:
    within = limiter.hit(item, policy, key)
    stats = limiter.get_window_stats(item, policy, key)
    return within, stats.remaining, _seconds_until(stats.reset_time)


def _seconds_until(moment: float) -> int:
    return max(1, int(moment - time.time() + 0.999))
