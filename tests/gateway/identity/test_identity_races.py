"""What must happen once, on both databases: several workers over one register."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.core.errors import Refused, TooManyRequests, Unauthenticated
from chassis.data import migrations
from chassis.data.database import Database
from gateway.identity import assertions, people
from gateway.identity.people import People
from gateway.identity.registry import Clients
from gateway.identity.store import Client

PEPPER, AUDIENCE, PASSWORD = b"a pepper", "https://credit.example/oauth/token", "a ferry crosses at dawn"


@pytest.fixture
def databases(database_url: str) -> list[Database]:
    """Return two workers' connections to one database that knows bank-1."""
    made = [Database(database_url), Database(database_url)]
    migrations.upgrade(made[0], "gateway")
    Clients(made[0], PEPPER).add([Client("bank-1", "bank")])
    return made


def outcomes(act: Callable[[int], object], times: int) -> list[type[Refused] | None]:
    """Return what each of so many acts at once was refused with."""

    def one(n: int) -> type[Refused] | None:
        try:
            act(n)
        except Refused as refusal:
            return type(refusal)
        return None

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(times)))


def test_one_assertion_opens_once(databases: list[Database]) -> None:
    pair = ECKey.generate_key("P-256")
    assertions.register(databases[0], "bank-1", pair.as_pem(private=False).decode())
    now = time.time()
    claims = {"iss": "bank-1", "sub": "bank-1", "aud": AUDIENCE, "exp": int(now) + 60, "jti": "once"}
    signed = jwt.encode({"alg": "ES256"}, claims, pair, algorithms=["ES256"])
    found = outcomes(lambda n: assertions.check(databases[n % 2], signed, AUDIENCE, now), 8)
    assert (found.count(None), found.count(Unauthenticated)) == (1, 7)


def test_one_invitation_opens_once(databases: list[Database]) -> None:
    workers = [People(database, PEPPER) for database in databases]
    code = workers[0].invite("officer.li", "bank-1")
    found = outcomes(lambda n: workers[n % 2].accept(code, PASSWORD, "192.0.2.1"), 8)
    assert (found.count(None), found.count(Unauthenticated)) == (1, 7)


def test_guesses_at_once_are_all_counted(databases: list[Database]) -> None:
    workers = [People(database, PEPPER) for database in databases]
    found = outcomes(lambda n: workers[n % 2].sign_in("officer.li", "wrong", "192.0.2.1"), people.PER_LOGIN + 6)
    assert (found.count(Unauthenticated), found.count(TooManyRequests)) == (people.PER_LOGIN, 6)


def test_two_live_public_keys_at_most(databases: list[Database]) -> None:
    """Of eight registrations at once two are taken."""
    pems = [ECKey.generate_key("P-256").as_pem(private=False).decode() for _ in range(8)]
    found = outcomes(lambda n: assertions.register(databases[n % 2], "bank-1", pems[n]), 8)
    assert (found.count(None), found.count(assertions.TooManyPublicKeys)) == (2, 6)


def test_two_live_api_keys_at_most(databases: list[Database]) -> None:
    """The first is the client's own; of eight more at once one is taken."""
    workers = [Clients(database, PEPPER) for database in databases]
    assert outcomes(lambda n: workers[n % 2].add_key("bank-1"), 8).count(None) == 1
