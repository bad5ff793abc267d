"""What of a second factor must happen once, on both databases: two workers over one register, many at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from filled_rows import fill
from second_factors import ADDRESS, PASSWORD, SITE, Authenticator
from sqlalchemy import func, select

from chassis.core.errors import Refused, TooManyRequests, Unauthenticated
from chassis.core.sealing import Sealer
from chassis.data import migrations
from chassis.data.database import Database
from gateway.identity import factor_rows
from gateway.identity.factors import proving
from gateway.identity.factors.passkeys import site_of
from gateway.identity.factors.register import LastFactor, SecondFactors
from gateway.identity.people import People
from gateway.identity.registry import Clients
from gateway.identity.sessions import SignedIn, end_all
from gateway.identity.store import Client
from gateway.identity.tables import PersonRow, RecoveryCodeRow, SessionRow, TotpRow
from gateway.signing_in import NotProven, Shown, Step

PEPPER, LOGIN, TIMES = b"a pepper", "op.wang", 8
ROLES = frozenset({"operator"})


class House:
    """Two workers over one database in which one person must have a second factor."""

    def __init__(self, url: str, folder: Path) -> None:
        sealer = Sealer((), folder / "gateway-secret-key")
        self.databases = [Database(url), Database(url)]
        migrations.upgrade(self.databases[0], "gateway")
        Clients(self.databases[0], PEPPER).add([Client("operator-1", "operator")])
        self.people = [People(each, PEPPER, ROLES) for each in self.databases]
        self.factors = [SecondFactors(each, PEPPER, sealer, site_of(SITE), ROLES) for each in self.databases]
        first = self.people[0].accept(self.people[0].invite(LOGIN, "operator-1"), PASSWORD, ADDRESS)
        assert isinstance(first, Step)
        new = self.factors[0].begin_totp(first)
        self.secret = new.secret
        added = self.factors[0].add_totp(first, new.sealed, self.code(0))
        assert added.session is not None
        self.session, self.codes = added.session.session, added.codes

    def code(self, seconds: float = 30) -> str:
        """Return what the phone shows so many seconds from now: by default the code after the one that was typed."""
        return pyotp.TOTP(self.secret).at(time.time() + seconds)

    def step(self) -> Step:
        """Return a first step."""
        made = self.people[0].sign_in(LOGIN, PASSWORD, ADDRESS)
        assert isinstance(made, Step)
        return made


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    made = House(database_url, tmp_path)
    yield made
    for each in made.databases:
        each.dispose()


def outcomes(act: Callable[[int], object], times: int = TIMES) -> list[type[Refused] | None]:
    """Return what each of so many acts at once was refused with."""

    def one(n: int) -> type[Refused] | None:
        try:
            act(n)
        except Refused as refusal:
            return type(refusal)
        return None

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@pytest.mark.parametrize("kind", ["totp", "recovery"])
def test_one_code_signs_one_in(house: House, kind: str) -> None:
    """Of eight who have taken the first step and type the same code at once."""
    steps = [house.step() for _ in range(TIMES)]
    shown = Shown("totp", house.code()) if kind == "totp" else Shown("recovery", house.codes[0])
    found = outcomes(lambda n: house.factors[n % 2].complete(steps[n], shown))
    assert (found.count(None), found.count(NotProven)) == (1, TIMES - 1)


def test_one_step_is_exchanged_once(house: House) -> None:
    """Eight recovery codes at once, each of them right, for one step: one session, and one code is used."""
    step = house.step()
    found = outcomes(lambda n: house.factors[n % 2].complete(step, Shown("recovery", house.codes[n])))
    assert (found.count(None), found.count(Unauthenticated)) == (1, TIMES - 1)
    with house.databases[0].read() as session:
        used = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.used_at.is_not(None))
        assert session.scalar(used) == 1
        live = select(func.count()).select_from(SessionRow).where(SessionRow.ended_at.is_(None))
        assert session.scalar(live) == 2


def test_one_answer_of_a_passkey_is_taken_once(house: House) -> None:
    authenticator = Authenticator()
    asked = house.factors[0].begin_passkey(house.session)
    house.factors[0].add_passkey(house.session, authenticator.create(asked), "")
    step = house.step()
    wanted = house.factors[1].ways(step).passkey
    assert wanted is not None
    answer = authenticator.get(wanted)
    found = outcomes(lambda n: house.factors[n % 2].complete(step, Shown("passkey", answer)))
    assert found.count(None) == 1
    assert set(found) <= {None, NotProven, Unauthenticated}, "used before, or the step was exchanged already"


def test_many_wrong_codes_at_once_are_no_way_round(house: House) -> None:
    steps = [house.step() for _ in range(4)]
    most = proving.MOST["totp"]
    found = outcomes(lambda n: house.factors[n % 2].complete(steps[n % 4], Shown("totp", "000000")), most + 6)
    assert (found.count(NotProven), found.count(TooManyRequests)) == (most, 6)


def test_junk_in_another_step_closes_no_passkey(house: House) -> None:
    """Whoever knows the password shows more of it than one step may; the owner's passkey opens."""
    authenticator = Authenticator()
    asked = house.factors[0].begin_passkey(house.session)
    house.factors[0].add_passkey(house.session, authenticator.create(asked), "")
    thief, owner, most = house.step(), house.step(), proving.MOST["passkey"]
    found = outcomes(lambda n: house.factors[n % 2].complete(thief, Shown("passkey", "junk")), most + 2)
    assert (found.count(NotProven), found.count(TooManyRequests)) == (most, 2)
    wanted = house.factors[1].ways(owner).passkey
    assert wanted is not None
    opened = house.factors[1].complete(owner, Shown("passkey", authenticator.get(wanted)))
    assert opened.factor == "passkey"


def test_of_two_factors_removed_at_once_one_stays(house: House) -> None:
    """Each would be the last but one by itself."""
    for _ in range(3):
        asked = house.factors[0].begin_passkey(house.session)
        house.factors[0].add_passkey(house.session, Authenticator().create(asked), "")
        ids = [each.id for each in house.factors[0].overview(house.session).factors]
        found = outcomes(lambda n, ids=ids: house.factors[n].remove(house.session, ids[n]), 2)  # type: ignore[misc]
        assert sorted(str(each) for each in found) == sorted([str(None), str(LastFactor)])


def test_one_app_is_added_once(house: House) -> None:
    """A form that is sent twice makes one app, and one set of recovery codes."""
    login = "op.li"
    step = house.people[0].accept(house.people[0].invite(login, "operator-1"), PASSWORD, ADDRESS)
    assert isinstance(step, Step)
    new = house.factors[0].begin_totp(step)
    code = pyotp.TOTP(new.secret).at(time.time())
    found = outcomes(lambda n: house.factors[n % 2].add_totp(step, new.sealed, code))
    assert found.count(None) == 1
    with house.databases[0].read() as session:
        person = session.scalar(select(PersonRow.id).where(PersonRow.login == login))
        assert person is not None
        assert factor_rows.codes_left(session, person) == 10
        assert len(factor_rows.listed(session, person)) == 1


def test_who_signs_in_while_a_factor_is_added_is_asked_for_it(house: House) -> None:
    """The sign-in waits for the change: no session by the password alone slips in beside it."""
    Clients(house.databases[0], PEPPER).add([Client("bank-1", "bank")])
    house.people[0].accept(house.people[0].invite("officer.li", "bank-1"), PASSWORD, ADDRESS)
    with ThreadPoolExecutor(1) as pool:
        with house.databases[0].begin() as session:
            person = session.scalar(select(PersonRow.id).where(PersonRow.login == "officer.li"))
            assert person is not None
            factor_rows.lock(session, person)
            entering = pool.submit(house.people[1].sign_in, "officer.li", PASSWORD, ADDRESS)
            time.sleep(0.5)
            fill(session, TotpRow, datetime.now(UTC), person=person)
        assert isinstance(entering.result(), Step)


def test_a_session_that_ends_meanwhile_adds_nothing(house: House) -> None:
    """The change waits for whoever ends all sessions, and then is none: it is judged after the wait."""
    Clients(house.databases[0], PEPPER).add([Client("bank-1", "bank")])
    opened = house.people[0].accept(house.people[0].invite("officer.li", "bank-1"), PASSWORD, ADDRESS)
    assert isinstance(opened, SignedIn)
    new = house.factors[1].begin_totp(opened.session)
    code = pyotp.TOTP(new.secret).at(time.time())
    with ThreadPoolExecutor(1) as pool:
        with house.databases[0].begin() as session:
            factor_rows.lock(session, opened.person)
            adding = pool.submit(house.factors[1].add_totp, opened.session, new.sealed, code)
            time.sleep(0.5)
            end_all(session, opened.person)
        with pytest.raises(Unauthenticated):
            adding.result()
    with house.databases[0].read() as session:
        assert factor_rows.listed(session, opened.person) == []


def test_a_step_that_ends_meanwhile_opens_nothing(house: House) -> None:
    """The second step waits for a reset under way, so no session outlives it; the recovery code is not used up."""
    step = house.step()
    with ThreadPoolExecutor(1) as pool:
        with house.databases[0].begin() as session:
            person = session.scalar(select(PersonRow.id).where(PersonRow.login == LOGIN))
            assert person is not None
            factor_rows.lock(session, person)
            entering = pool.submit(house.factors[1].complete, step, Shown("recovery", house.codes[0]))
            time.sleep(0.5)
            end_all(session, person)
        with pytest.raises(Unauthenticated):
            entering.result()
    with house.databases[0].read() as session:
        assert factor_rows.codes_left(session, person) == 10


def test_a_session_that_ends_meanwhile_is_not_renewed(house: House) -> None:
    """And what was shown in it is not used up."""
    with ThreadPoolExecutor(1) as pool:
        with house.databases[0].begin() as session:
            person = session.scalar(select(PersonRow.id).where(PersonRow.login == LOGIN))
            assert person is not None
            factor_rows.lock(session, person)
            proving_again = pool.submit(house.factors[1].confirm, house.session, Shown("recovery", house.codes[0]))
            time.sleep(0.5)
            end_all(session, person)
        with pytest.raises(Unauthenticated):
            proving_again.result()
    with house.databases[0].read() as session:
        assert factor_rows.codes_left(session, person) == 10


def test_a_step_ends_with_a_reset(house: House) -> None:
    """Whoever has taken the first step with the password of before takes no second one."""
    step = house.step()
    house.people[1].reset(LOGIN)
    with pytest.raises(Unauthenticated, match="Sign in again"):
        house.factors[0].complete(step, Shown("totp", house.code()))


def test_a_session_of_two_steps_says_by_what_it_was_opened(house: House) -> None:
    opened = house.factors[0].complete(house.step(), Shown("recovery", house.codes[0]))
    assert isinstance(opened, SignedIn)
    assert opened.factor == "recovery"
