"""The postman lives on whatever becomes of a message, keeps to the order, and no receiver holds up another's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from hook_receivers import Receiver, receiving
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import InternalError

from chassis.core import webhooks
from chassis.core.identity import Caller
from chassis.core.webhooks import PATIENCE_SECONDS
from chassis.data import clock, presence
from services.matching.context import Context
from services.matching.domain.endpoint import PAUSES
from services.matching.tables import WebhookDelivery, WebhookEndpoint
from services.matching.usecases import deliver, notify, send_next, tend_endpoint
from services.matching.usecases.deliver import FOR_UNPROVEN, PLACES, PLACES_OF_A_CLIENT, Postman, chosen
from services.matching.usecases.send_next import LEASE_SECONDS, Attempt, Due

Tokens = Callable[..., dict[str, str]]
LATER = timedelta(days=30)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as held:
        yield held


@pytest.fixture(autouse=True)
def without_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sender stay with an endpoint, however slow the machine is."""
    monkeypatch.setattr(deliver, "STRETCH_SECONDS", 600)


@pytest.fixture
def postman(here: Context) -> Postman:
    return Postman(here.database, here.sealer, private=True)


def wants(here: Context, client: str, receiver: Receiver, path: str, events: list[str] | None = None) -> str:
    """Add an endpoint of a client at a path of the receiver; return its id."""
    caller = Caller(client, "bank", frozenset())
    with here.database.begin() as session:
        url = receiver.url + path
        return tend_endpoint.register(session, caller, url, here.sealer, events=events, private=True)[0].id


def tell(here: Context, client: str, kind: str = "application.submit") -> None:
    with here.database.begin() as session:
        notify.enqueue(session, kind, {}, clients=[client])


def endpoint(here: Context, hook: str) -> WebhookEndpoint:
    with here.database.read() as session:
        return session.get_one(WebhookEndpoint, hook)


def messages(here: Context) -> list[WebhookDelivery]:
    with here.database.read() as session:
        return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.created_at)))


def change(here: Context, hook: str, **values: Any) -> None:
    with here.database.begin() as session:
        session.execute(update(WebhookEndpoint).where(WebhookEndpoint.id == hook).values(values))


def test_a_database_that_takes_no_writes_ends_no_postman(postman: Postman, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's standby: it looks again after a while."""
    monkeypatch.setattr(deliver, "POLL_SECONDS", 0)

    def refused(*_: object) -> None:
        raise InternalError("SELECT", {}, psycopg.errors.ReadOnlySqlTransaction("read-only"))

    monkeypatch.setattr(send_next, "due", refused)
    with ThreadPoolExecutor(1) as senders:
        postman._round(senders, {})


def test_an_endpoint_deleted_under_way_ends_nothing(
    client: FlaskClient, tokens: Tokens, here: Context, receiver: Receiver, postman: Postman
) -> None:
    """One client's DELETE while its message is being sent; the next client's is delivered all the same."""
    hook = wants(here, "bank-2", receiver, "/slow")
    wants(here, "bank-1", receiver, "/ok")
    owner = tokens(role="bank", client="bank-2", scopes="webhooks:write")
    deleted: list[int] = []
    receiver.during["/slow"] = lambda: deleted.append(client.delete(f"/v1/webhooks/{hook}", headers=owner).status_code)
    tell(here, "bank-2")
    tell(here, "bank-1")
    assert postman.deliver_due() == 2
    assert deleted == [204]
    assert (len(receiver.got["/slow"]), len(receiver.got["/ok"])) == (1, 1)


def test_a_deletion_waits_for_what_is_being_told(here: Context, receiver: Receiver) -> None:
    """It breaks no move of an application whose messages are not yet committed."""
    hook = wants(here, "bank-1", receiver, "/ok")

    def remove() -> None:
        with here.database.begin() as session:
            tend_endpoint.remove(session, Caller("bank-1", "bank", frozenset()), hook)

    deletion = threading.Thread(target=remove)
    with here.database.begin() as session:
        notify.enqueue(session, "application.submit", {}, clients=["bank-1"])
        deletion.start()
        deletion.join(1)
    deletion.join(60)
    assert (deletion.is_alive(), messages(here)) == (False, [])


def test_a_message_that_vanishes_under_way_is_nobody_s_error(
    here: Context, receiver: Receiver, postman: Postman
) -> None:
    """The endpoint is free again at once, and the next message goes."""
    hook = wants(here, "bank-1", receiver, "/ok")

    def vanish() -> None:
        with here.database.begin() as session:
            session.execute(delete(WebhookDelivery))

    receiver.during["/ok"] = vanish
    tell(here, "bank-1")
    assert (postman.deliver_due(), endpoint(here, hook).holder) == (1, None)
    del receiver.during["/ok"]
    tell(here, "bank-1")
    assert (postman.deliver_due(), receiver.sequences("/ok")) == (1, [1, 2])


def test_a_slow_receiver_delays_nobody(here: Context, receiver: Receiver, postman: Postman) -> None:
    """While one holds its message, all of the other's arrive, in their order; the slow one's next waits its turn."""
    wants(here, "bank-2", receiver, "/slow")
    wants(here, "bank-1", receiver, "/ok")
    released = threading.Event()
    receiver.during["/slow"] = lambda: released.wait(60)
    for _ in range(3):
        tell(here, "bank-2")
        tell(here, "bank-1")
    under_way: dict[Any, Any] = {}
    with ThreadPoolExecutor(PLACES) as senders:
        for _ in range(200):
            postman._round(senders, under_way)
            if len(receiver.got["/ok"]) == 3:
                break
        held = (receiver.sequences("/ok"), receiver.sequences("/slow"))
        released.set()
        for _ in range(200):
            postman._round(senders, under_way)
            if len(receiver.got["/slow"]) == 3:
                break
    assert held == ([1, 2, 3], [])
    assert receiver.sequences("/slow") == [1, 2, 3]


def test_messages_of_an_endpoint_wait_for_the_one_before(here: Context, receiver: Receiver, postman: Postman) -> None:
    """What fails goes first when it is tried again; none overtakes it, and numbers have no gap."""
    wants(here, "bank-1", receiver, "/hook")
    receiver.status["/hook"] = 500
    for _ in range(3):
        tell(here, "bank-1")
    assert (postman.deliver_due(), postman.deliver_due()) == (1, 0)
    receiver.status["/hook"] = 204
    assert postman.deliver_due(datetime.now(UTC) + LATER) == 3
    assert receiver.sequences("/hook") == [1, 1, 2, 3]
    assert [row.attempts for row in messages(here)] == [2, 1, 1]


def test_what_is_held_by_one_postman_no_other_sends(here: Context, receiver: Receiver) -> None:
    """Two at once, on two hosts: each message comes once, and never two to one endpoint at the same time."""
    wants(here, "bank-1", receiver, "/hook")
    for _ in range(6):
        tell(here, "bank-1")
    inside, most = threading.Semaphore(1), []
    receiver.during["/hook"] = lambda: most.append(inside.acquire(blocking=False)) or inside.release()
    both = [Postman(here.database, here.sealer, private=True) for _ in range(2)]
    for number, each in enumerate(both):
        each._holder = f"postman-{number}"
    with ThreadPoolExecutor(2) as hosts:
        attempts = sum(hosts.map(lambda each: each.deliver_due(), both))
    assert (attempts, receiver.sequences("/hook")) == (6, [1, 2, 3, 4, 5, 6])
    assert all(most)


def test_a_lease_outlasts_the_longest_attempt() -> None:
    """So that nothing is sent twice while its first attempt is under way."""
    assert LEASE_SECONDS >= 3 * PATIENCE_SECONDS


def test_what_a_dead_postman_held_is_free_at_once(here: Context, receiver: Receiver, postman: Postman) -> None:
    """The crew says who died; its message is sent again under its id."""
    hook = wants(here, "bank-1", receiver, "/hook")
    tell(here, "bank-1")
    with here.database.begin() as session:
        (first,) = send_next.begin(session, [hook], "dead")
    assert postman.deliver_due() == 0
    postman.hand_back("dead")
    assert postman.deliver_due() == 1
    assert receiver.got["/hook"][0].headers["webhook-id"] == first.letter.id


def test_what_a_process_held_that_is_no_more_is_free_at_the_next_start(
    here: Context, receiver: Receiver, postman: Postman
) -> None:
    """Of this machine, where nobody saw it die; what a process holds that runs, or was just heard of, stays its own."""
    names, silent = ("gone", "runs", "heard"), datetime.now(UTC) - timedelta(seconds=presence.LATE_SECONDS + 1)
    hooks = {name: wants(here, "bank-1", receiver, f"/{name}") for name in names}
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    tell(here, "bank-1")
    for name, pid, beats in (("gone", ended.pid, silent), ("runs", os.getpid(), silent), ("heard", ended.pid, None)):
        presence.beat(here.database, name, "deliveries")
        with here.database.begin() as session:
            told = {"pid": pid} | ({"beat_at": beats} if beats else {})
            session.execute(update(presence.TABLE).where(presence.TABLE.c.name == name).values(told))
            assert len(send_next.begin(session, [hooks[name]], name)) == 1
    postman._free_the_dead()
    assert [endpoint(here, hooks[name]).holder for name in names] == [None, "runs", "heard"]


def test_what_a_sender_does_not_catch_ends_the_process(
    here: Context, receiver: Receiver, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crew stands in another; a postman that goes on with dead senders would look well."""
    wants(here, "bank-1", receiver, "/hook")
    tell(here, "bank-1")

    def broken(_: object, errand: object) -> None:
        raise SystemError(errand)

    def rounds() -> None:
        under_way: dict[Any, Any] = {}
        with ThreadPoolExecutor(1) as senders:
            for _ in range(100):
                postman._round(senders, under_way)

    monkeypatch.setattr(Postman, "_send", broken)
    with pytest.raises(SystemError):
        rounds()


def test_an_exception_over_one_message_holds_up_no_other(
    here: Context, receiver: Receiver, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks while it is noted: the next endpoint is told, and the message goes again after the lease."""
    bad = wants(here, "bank-1", receiver, "/bad")
    wants(here, "bank-2", receiver, "/good")
    followed = send_next.follow

    def broken(session: Any, attempts: list[Attempt], holder: str) -> Any:
        if any(each.parcel.endpoint == bad for each in attempts):
            raise ValueError("a fault of ours")
        return followed(session, attempts, holder)

    monkeypatch.setattr(send_next, "follow", broken)
    tell(here, "bank-1")
    tell(here, "bank-2")
    assert postman.deliver_due() == 2
    assert receiver.sequences("/good") == [1]
    monkeypatch.undo()
    change(here, bad, leased_until=datetime.now(UTC) - timedelta(seconds=1))
    assert postman.deliver_due() == 1
    assert receiver.sequences("/bad") == [1, 1]


def test_a_message_that_cannot_be_read_holds_up_no_other(here: Context, receiver: Receiver, postman: Postman) -> None:
    """Its endpoint is looked at again later, and not in every round."""
    bad = wants(here, "bank-1", receiver, "/bad")
    wants(here, "bank-2", receiver, "/good")
    tell(here, "bank-1")
    tell(here, "bank-2")
    with here.database.begin() as session:
        session.execute(update(WebhookDelivery).where(WebhookDelivery.endpoint == bad).values(body=b"{broken"))
    assert postman.deliver_due() == 1
    assert (receiver.sequences("/good"), receiver.got["/bad"]) == ([1], [])
    due_at = endpoint(here, bad).due_at
    assert due_at is not None
    assert due_at > datetime.now(UTC)


def test_what_came_while_the_database_could_not_be_written_is_written_down_later(
    here: Context, receiver: Receiver, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came, so it is not sent again."""
    wants(here, "bank-1", receiver, "/hook")
    tell(here, "bank-1")
    followed, refusals = send_next.follow, [InternalError("", {}, psycopg.errors.ReadOnlySqlTransaction("read-only"))]

    def refused_once(*parts: Any, **more: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return followed(*parts, **more)

    monkeypatch.setattr(send_next, "follow", refused_once)
    under_way: dict[Any, Any] = {}
    with ThreadPoolExecutor(1) as senders:
        for _ in range(200):
            postman._round(senders, under_way)
            if messages(here)[0].state == "delivered":
                break
    assert (receiver.sequences("/hook"), messages(here)[0].attempts, refusals) == ([1], 1, [])


def test_who_lost_its_lease_changes_nothing_of_the_endpoint(here: Context, receiver: Receiver) -> None:
    """It was held up for longer than the lease; what it delivered is delivered all the same."""
    hook = wants(here, "bank-1", receiver, "/hook")
    tell(here, "bank-1")
    with here.database.begin() as session:
        (parcel,) = send_next.begin(session, [hook], "slow")
    change(here, hook, holder="other")
    with here.database.begin() as session:
        attempt = Attempt(parcel, webhooks.Outcome(204), datetime.now(UTC), more=True)
        assert send_next.follow(session, [attempt], "slow") == []
    assert (endpoint(here, hook).holder, messages(here)[0].state) == ("other", "delivered")


def test_a_message_that_cannot_be_sent_waits_longer_each_time(
    here: Context, receiver: Receiver, postman: Postman
) -> None:
    """A fault of ours is an attempt like any other: it is not tried in every round for ever."""
    hook = wants(here, "bank-1", receiver, "/ok")
    change(here, hook, url="http://地址.example")
    tell(here, "bank-1")
    assert (postman.deliver_due(), postman.deliver_due()) == (1, 0)
    (row,) = messages(here)
    assert (row.state, row.attempts, row.last_error) == ("pending", 1, "it could not be sent")
    due_at = endpoint(here, hook).due_at
    assert due_at is not None
    assert due_at > datetime.now(UTC)


def test_moments_are_the_database_s(here: Context, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose clock is an hour ahead neither puts its messages behind others' nor stretches an overlap."""
    if here.database.engine.dialect.name == "sqlite":
        pytest.skip("the file's clock is the host's")

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Ahead:
            return cls.fromtimestamp(time.time() + 3600, tz)

    hook = wants(here, "bank-1", receiver, "/hook")
    for module in (notify, tend_endpoint, clock):
        monkeypatch.setattr(module, "datetime", Ahead, raising=False)
    tell(here, "bank-1")
    with here.database.begin() as session:
        owner = Caller("bank-1", "bank", frozenset())
        row, _ = tend_endpoint.change_secret(session, owner, hook, here.sealer, timedelta(hours=1))
        until = row.former_until
    assert until is not None
    soon = datetime.now(UTC) + timedelta(minutes=5)
    assert messages(here)[0].created_at < soon
    assert until < soon + timedelta(hours=1)


def test_a_secret_that_no_key_opens_is_no_failure_of_the_receiver(
    here: Context, receiver: Receiver, postman: Postman
) -> None:
    """It is not put aside for ours; as soon as its client has ordered another secret, that alone signs what waited."""
    hook = wants(here, "bank-1", receiver, "/hook")
    change(here, hook, secret="sealed:1:x")
    tell(here, "bank-1")
    assert (postman.deliver_due(), postman.deliver_due()) == (1, 0)
    assert (endpoint(here, hook).failures, messages(here)[0].attempts) == (0, 0)
    with here.database.begin() as session:
        owner = Caller("bank-1", "bank", frozenset())
        _, secret = tend_endpoint.change_secret(session, owner, hook, here.sealer, timedelta(hours=1))
    assert (postman.deliver_due(), endpoint(here, hook).former_secret) == (1, None)
    (got,) = receiver.got["/hook"]
    webhooks.verify(secret, got.headers, got.body, datetime.now(UTC))


def test_a_former_secret_that_no_key_opens_holds_up_nothing(
    here: Context, receiver: Receiver, postman: Postman
) -> None:
    """The newest signs alone."""
    hook = wants(here, "bank-1", receiver, "/hook")
    change(here, hook, former_secret="sealed:1:x", former_until=datetime.now(UTC) + timedelta(hours=1))
    tell(here, "bank-1")
    assert (postman.deliver_due(), receiver.sequences("/hook")) == (1, [1])


def test_an_endpoint_that_fails_for_days_is_put_aside_and_its_client_told(
    here: Context, receiver: Receiver, postman: Postman
) -> None:
    """At its other endpoints, whatever those want; what there is to tell waits, and goes in order then."""
    hook = wants(here, "bank-1", receiver, "/broken")
    wants(here, "bank-1", receiver, "/other", ["notice.*"])
    wants(here, "bank-2", receiver, "/nobody-s")
    receiver.status["/broken"] = 503
    tell(here, "bank-1")
    now = datetime.now(UTC)
    for wait in (0, *PAUSES):
        now += timedelta(seconds=wait, minutes=1)
        postman.deliver_due(now)
    tell(here, "bank-1")
    assert endpoint(here, hook).put_aside == "unanswered"
    assert (postman.deliver_due(now + LATER), postman.deliver_due(now + LATER)) == (1, 0)
    assert [b'"endpoint.put-aside"' in each.body for each in receiver.got["/other"]] == [True]
    assert receiver.got["/nobody-s"] == []
    receiver.status["/broken"] = 204
    with here.database.begin() as session:
        tend_endpoint.enable(session, Caller("bank-1", "bank", frozenset()), hook)
    assert postman.deliver_due() == 2
    assert receiver.sequences("/broken")[-2:] == [1, 2]


def test_an_endpoint_hears_what_it_wants(here: Context, receiver: Receiver, postman: Postman) -> None:
    """And its numbers count what it is told, so that what it does not want leaves no gap."""
    wants(here, "bank-1", receiver, "/some", ["application.offer", "notice.*"])
    for kind in ("application.submit", "application.offer", "notice.repaired", "application.offer"):
        tell(here, "bank-1", kind)
    assert postman.deliver_due() == 3
    assert receiver.sequences("/some") == [1, 2, 3]


def test_a_secret_that_is_changed_signs_beside_the_former_until_its_end(
    here: Context, receiver: Receiver, postman: Postman
) -> None:
    """The newest first; afterwards alone."""
    owner = Caller("bank-1", "bank", frozenset())
    with here.database.begin() as session:
        row, first = tend_endpoint.register(session, owner, receiver.url + "/hook", here.sealer, private=True)
        hook = row.id
    with here.database.begin() as session:
        _, second = tend_endpoint.change_secret(session, owner, hook, here.sealer, timedelta(hours=1))
    tell(here, "bank-1")
    postman.deliver_due()
    change(here, hook, former_until=datetime.now(UTC) - timedelta(seconds=1))
    tell(here, "bank-1")
    postman.deliver_due()
    during, after = receiver.got["/hook"]
    for secret in (first, second):
        webhooks.verify(secret, during.headers, during.body, datetime.now(UTC))
    webhooks.verify(second, after.headers, after.body, datetime.now(UTC))
    with pytest.raises(webhooks.SignatureWrong):
        webhooks.verify(first, after.headers, after.body, datetime.now(UTC))
    assert endpoint(here, hook).former_secret is None


def test_endpoints_with_a_backlog_take_turns(here: Context, receiver: Receiver) -> None:
    """Who was served last comes last, whatever its id: with more of them than places all get one."""
    first, second = sorted(wants(here, "bank-1", receiver, f"/{n}") for n in range(2))
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    for hook in (first, second):
        change(here, hook, created_at=long_ago, delivered_at=long_ago, due_at=long_ago)
    tell(here, "bank-1")
    tell(here, "bank-1")
    with here.database.begin() as session:
        (parcel,) = send_next.begin(session, [first], "postman")
        attempt = Attempt(parcel, webhooks.Outcome(204), datetime.now(UTC), more=False)
        assert send_next.follow(session, [attempt], "postman") == []
    with here.database.read() as session:
        assert [each.id for each in send_next.due(session)] == [second, first]


def test_an_endpoint_that_is_enabled_is_not_proven_by_that(here: Context, receiver: Receiver) -> None:
    """Its own client says so; it counts as one that answers when it has answered."""
    hook = wants(here, "bank-1", receiver, "/hook")
    tell(here, "bank-1")
    change(here, hook, failures=13, delivered_at=datetime.now(UTC), put_aside="unanswered")
    with here.database.begin() as session:
        tend_endpoint.enable(session, Caller("bank-1", "bank", frozenset()), hook)
    with here.database.read() as session:
        assert send_next.due(session) == [Due(hook, "bank-1", proven=False)]


ENDPOINTS = st.lists(
    st.builds(Due, st.integers(0, 400).map(str), st.sampled_from("abcdef"), st.booleans()),
    unique_by=lambda each: each.id,
    max_size=300,
)


@given(waiting=ENDPOINTS, split=st.integers(0, 300))
def test_places_are_shared_out_within_their_bounds(waiting: list[Due], split: int) -> None:
    """One an endpoint, ten a client, half for those that take what they are sent, no more than there are."""
    under_way = chosen(waiting[:split], [])
    whole = [*under_way, *chosen(waiting, under_way)]
    assert len({each.id for each in whole}) == len(whole) <= PLACES
    assert all(sum(each.client == name for each in whole) <= PLACES_OF_A_CLIENT for name in "abcdef")
    assert sum(not each.proven for each in whole) <= FOR_UNPROVEN


def test_no_number_of_silent_endpoints_takes_the_place_of_one_that_answers() -> None:
    """Forty clients with ten silent ones each, and one with one that took its last message: it comes at once."""
    silent = [Due(f"s{n}", f"client-{n // 10}", proven=False) for n in range(400)]
    under_way = chosen(silent, [])
    good = Due("good", "bank", proven=True)
    assert good in chosen([*silent, good], under_way)


def test_clients_with_the_fewest_under_way_come_first() -> None:
    """Who has ten waiting does not come ten times before who has one."""
    many = [Due(f"m{n}", f"many-{n // 10}", proven=True) for n in range(200)]
    few = [Due(f"f{n}", f"few-{n}", proven=True) for n in range(20)]
    assert set(few) <= set(chosen([*many, *few], []))
