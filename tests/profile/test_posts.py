"""A web process knows all posts without what is done there."""

from __future__ import annotations

from profile_house import House

from services.profile.jobs import all_handlers, handlers
from services.profile.posts import CLOCK, WORKED_OFF, posts


def test_every_kind_of_job_has_a_post(cottage: House) -> None:
    """What workers do and what readiness asks for are the same."""
    assert handlers(cottage.context).keys() == set(WORKED_OFF)
    assert set(posts()) == {kind.queue for kind in all_handlers(cottage.context)} | {CLOCK}
