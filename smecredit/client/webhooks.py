"""Webhooks: where you are told what happens, by signed messages in order; what was sent, and sending it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smecredit.answers.webhooks import Delivery, DeliveryState, NewWebhook, Webhook
from smecredit.client.calls import Calls, segment

PLACE = "/v1/webhooks"


class Webhooks(Calls):
    """Your endpoints; messages are signed as Standard Webhooks 1.0.0 has it."""

    def add_webhook(self, url: str, events: Sequence[str] | None = None) -> NewWebhook:
        """Add an endpoint that is told these events (`application.*`, `notice.repaired`), or all.

        The secret is in this answer alone: keep it.
        """
        return self._post(NewWebhook, PLACE, {"url": url, "events": _listed(events)})

    def webhooks(self) -> Iterator[Webhook]:
        """Return your endpoints."""
        return self._pages(Webhook, PLACE)

    def remove_webhook(self, endpoint: str) -> None:
        """Remove an endpoint and what is still to be sent to it."""
        self._wire.call("DELETE", f"{PLACE}/{segment(endpoint)}")

    def change_webhook_events(self, endpoint: str, events: Sequence[str] | None) -> Webhook:
        """Say which events an endpoint is told from now on; None: all."""
        return self._put(Webhook, f"{PLACE}/{segment(endpoint)}/events", {"events": _listed(events)})

    def change_webhook_secret(self, endpoint: str, *, overlap_hours: int = 24) -> NewWebhook:
        """Order another secret; until the overlap ends messages are signed with the former one, too."""
        return self._post(NewWebhook, f"{PLACE}/{segment(endpoint)}/secret", {"overlap_hours": overlap_hours})

    def enable_webhook(self, endpoint: str) -> Webhook:
        """Have messages sent again to an endpoint that was put aside, or at once where it waits."""
        return self._post(Webhook, f"{PLACE}/{segment(endpoint)}/enable", {})

    def try_webhook(self, endpoint: str) -> Delivery:
        """Have a test message sent, in its turn; `webhook_deliveries` tells what came of it."""
        return self._post(Delivery, f"{PLACE}/{segment(endpoint)}/test", {})

    def webhook_deliveries(
        self, endpoint: str | None = None, *, state: DeliveryState | None = None
    ) -> Iterator[Delivery]:
        """Return what was sent and what came of it, newest first."""
        return self._pages(Delivery, f"{PLACE}/deliveries", endpoint=endpoint, state=state)

    def replay_webhook_delivery(self, delivery: str) -> Delivery:
        """Have a message sent again, under the id and in the place that it had."""
        return self._post(Delivery, f"{PLACE}/deliveries/{segment(delivery)}/replay", {})


def _listed(events: Sequence[str] | None) -> list[str] | None:
    return None if events is None else list(events)
