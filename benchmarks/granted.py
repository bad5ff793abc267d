"""Who sends the files of measurements: a source that is granted whatever it sends, as an operator would grant it."""

from __future__ import annotations

from chassis.core.identity import Caller
from services.profile.book import source_grant_store
from services.profile.book.context import Context
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.columns import KINDS
from services.profile.book.usecases.grant_source import Terms, grant

SOURCE = Caller("bench", "source", frozenset())


def grant_source(context: Context) -> None:
    """Grant the source every kind by every channel, where it has no grant yet."""
    with context.database.begin() as session:
        if not source_grant_store.live(session, SOURCE.client, context.today()):
            grant(context, session, "bench", Terms(SOURCE.client, list(KINDS), list(Channel), "For measuring only."))
