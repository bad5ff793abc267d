"""What the suite answers about webhooks: endpoints, their secrets, and what was sent to them."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from smecredit.answers.basics import Text

DeliveryState = Literal["pending", "delivered", "failed"]


class Webhook(TypedDict):
    """Where you are told; `put_aside` says why nothing is sent to it."""

    id: str
    url: str
    events: list[str] | None
    enabled: bool
    put_aside: Literal["unanswered", "gone"] | None
    put_aside_at: str | None
    sequence: int
    failures: int
    due_at: str | None
    former_secret_until: str | None
    created_at: str


class NewWebhook(Webhook):
    """An endpoint with its new secret; None, and a note, where the same request was answered before."""

    secret: str | None
    note: Text | None


class Delivery(TypedDict):
    """One message to one endpoint and what came of it; the next attempt is not before `due_at`."""

    id: str
    endpoint: str
    sequence: int | None
    state: DeliveryState
    attempts: int
    due_at: str | None
    last_status: int | None
    last_error: str | None
    created_at: str
    delivered_at: str | None
    message: dict[str, Any]
