"""Secrets of before are sealed, keys change while the service works, and what no key opens is named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from chassis.core.identity import Caller
from chassis.core.sealing import Sealer
from services.matching.context import Context
from services.matching.tables import WebhookEndpoint
from services.matching.usecases.seal_secrets import seal_secrets, unreadable
from services.matching.usecases.tend_endpoint import change_secret, register

OWNER = Caller("bank-1", "bank", frozenset())


@pytest.fixture
def hook(here: Context) -> str:
    with here.database.begin() as session:
        return register(session, OWNER, "https://example.com/hook", here.sealer, private=False)[0].id


def row(here: Context, hook: str) -> WebhookEndpoint:
    with here.database.read() as session:
        return session.scalars(select(WebhookEndpoint).where(WebhookEndpoint.id == hook)).one()


def test_a_secret_of_before_there_were_seals_is_sealed(here: Context, hook: str) -> None:
    with here.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(secret="whsec_AAAA"))
    assert (seal_secrets(here.database, here.sealer), seal_secrets(here.database, here.sealer)) == (1, 0)
    assert here.sealer.open(row(here, hook).secret, hook) == "whsec_AAAA"


def test_a_new_key_seals_all_and_the_one_before_opens_what_is_sealed_meanwhile(here: Context, hook: str) -> None:
    """As another process does that has not yet read the new key; two changes later the first key is gone."""
    with here.database.begin() as session:
        _, secret = change_secret(session, OWNER, hook, here.sealer, timedelta(hours=1))
    first = here.settings.secret_key_file.read_text().split()[0]
    here.sealer.prepare_key()
    late = Sealer((first,), here.settings.secret_key_file).seal("whsec_late", hook)
    assert here.sealer.open(late, hook) == "whsec_late"
    assert seal_secrets(here.database, here.sealer) == 1
    assert here.sealer.is_newest(row(here, hook).secret)
    assert here.sealer.is_newest(row(here, hook).former_secret or "")
    here.sealer.prepare_key()
    assert first not in here.settings.secret_key_file.read_text()
    assert here.sealer.open(row(here, hook).secret, hook) == secret


def test_who_changes_keys_waits_for_who_does(here: Context) -> None:
    """Two at once: neither leaves out the key with which the other seals."""
    with ThreadPoolExecutor(1) as other:

        def change() -> None:
            with here.sealer.changing_keys():
                here.sealer.prepare_key()

        with here.sealer.changing_keys():
            first = here.sealer.seal("whsec_first", "hook_1")
            here.sealer.prepare_key()
            waiting = other.submit(change)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            assert here.sealer.open(first, "hook_1") == "whsec_first"
        waiting.result(60)
    assert not here.sealer.opens(first, "hook_1")


def test_what_no_key_opens_is_named_and_left(here: Context, hook: str) -> None:
    """A home that was restored with other keys."""
    before = row(here, hook).secret
    other = Sealer(("ab" * 32,), here.settings.secret_key_file)
    assert (seal_secrets(here.database, other), unreadable(here.database, other)) == (0, [hook])
    assert row(here, hook).secret == before
    assert unreadable(here.database, here.sealer) == []


def test_a_former_secret_is_forgotten_after_its_overlap(here: Context, hook: str) -> None:
    """Also where no message comes."""
    with here.database.begin() as session:
        change_secret(session, OWNER, hook, here.sealer, timedelta(hours=1))
    with here.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(former_until=datetime.now(UTC) - timedelta(seconds=1)))
    seal_secrets(here.database, here.sealer)
    assert (row(here, hook).former_secret, row(here, hook).former_until) == (None, None)


def test_keys_of_the_environment_come_before_the_home_s(here: Context, hook: str) -> None:
    """Production has none in its home."""
    settings = replace(here.settings, secret_keys=("cd" * 32,))
    sealed = replace(here, settings=settings).sealer.seal("whsec_x", hook)
    assert Sealer(("cd" * 32,), here.settings.home / "nothing").open(sealed, hook) == "whsec_x"
