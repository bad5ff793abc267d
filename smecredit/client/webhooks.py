"""Webhooks: where you want to be told what concerns you, and what was sent there."""

from __future__ import annotations

from collections.abc import Iterator

from smecredit.client.calls import Calls, Json, segment


class Webhooks(Calls):
    """Endpoints of yours and their signed messages; `smecredit.signature` checks one that has come."""

    def add_webhook(self, url: str) -> Json:
        """Have messages sent to a URL; the answer holds the secret that they are signed with."""
        return self._post(Json, "/v1/webhooks", {"url": url})

    def webhooks(self) -> Iterator[Json]:
        """Return your endpoints."""
        return self._pages(Json, "/v1/webhooks")

    def remove_webhook(self, endpoint: str) -> None:
        """Remove an endpoint, with what is still to be sent to it."""
        self._delete(f"/v1/webhooks/{segment(endpoint)}")

    def deliveries(self) -> Iterator[Json]:
        """Return what was sent to your endpoints and what came of it, newest first."""
        return self._pages(Json, "/v1/webhooks/deliveries")

    def replay_delivery(self, delivery: str) -> Json:
        """Have a message sent again, under the id that it had."""
        return self._post(Json, f"/v1/webhooks/deliveries/{segment(delivery)}/replay", {})
