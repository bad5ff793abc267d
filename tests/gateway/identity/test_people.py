"""People at the portal: invitation, password, session, and their ends; the real gateway over a real database."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from chassis.core.errors import Conflict, Invalid, NotFound, TooManyRequests, Unauthenticated
from chassis.data.database import Database
from gateway.cli import main
from gateway.context import Context
from gateway.identity import passwords, people, sessions
from gateway.identity.authority import Authority
from gateway.identity.people import People
from gateway.portal.session import COOKIE, DEVICE

ORIGIN = {"Origin": "http://localhost"}
PASSWORD, OTHER = "a ferry crosses at dawn", "the lamp burns until noon"
LOGIN, ADDRESS = "officer.li", "192.0.2.1"


@pytest.fixture
def register(context: Context, key: Callable[..., str]) -> People:
    """Return the register of people over a database that knows bank-1."""
    key("bank-1")
    return People(context.database, context.settings.pepper)


@pytest.fixture
def officer(register: People) -> People:
    """Return the register with one person who has chosen a password."""
    register.accept(register.invite(LOGIN, "bank-1"), PASSWORD, ADDRESS)
    return register


def sign_in(client: FlaskClient, login: str = LOGIN, password: str = PASSWORD) -> Any:
    return client.post("/portal/sign-in", data={"login": login, "password": password}, headers=ORIGIN)


def inside(client: FlaskClient) -> bool:
    """Tell whether a page of the bank opens: the services behind it are asked in the person's name."""
    return client.get("/portal/applicants").status_code != 303


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie(COOKIE, path="/portal")
    assert cookie is not None
    return cookie.value


def test_a_person_takes_an_invitation_up_and_is_inside(client: FlaskClient, register: People) -> None:
    form = {"code": register.invite(LOGIN, "bank-1"), "new": PASSWORD, "again": PASSWORD}
    answer = client.post("/portal/invitation", data=form, headers=ORIGIN)
    assert answer.status_code == 303
    assert inside(client)


def test_an_invitation_is_used_once(register: People) -> None:
    """Of eight who use it at once, one gets in."""
    code = register.invite(LOGIN, "bank-1")

    def take(_: int) -> bool:
        try:
            register.accept(code, PASSWORD, ADDRESS)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1


def test_an_invitation_ends_after_three_days(
    register: People, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "INVITED_FOR", timedelta(seconds=-1))
    code = register.invite(LOGIN, "bank-1")
    with pytest.raises(Unauthenticated):
        register.accept(code, PASSWORD, ADDRESS)


def test_nobody_has_a_password_before_choosing_one(register: People) -> None:
    """No default, no empty one."""
    register.invite(LOGIN, "bank-1")
    for guess in ("", LOGIN, "password"):
        with pytest.raises(Unauthenticated):
            register.sign_in(LOGIN, guess, ADDRESS)


@pytest.mark.parametrize("weak", ["short", "x" * 129, "ababababababab", f"my {LOGIN} password", "officer.li.2026"])
def test_a_weak_password_is_refused_and_keeps_the_invitation(register: People, weak: str) -> None:
    code = register.invite(LOGIN, "bank-1")
    with pytest.raises(Invalid):
        register.accept(code, weak, ADDRESS)
    register.accept(code, PASSWORD, ADDRESS)


def test_a_password_is_kept_as_argon2id_with_the_parameters_of_owasp(officer: People, context: Context) -> None:
    with context.database.read() as session:
        stored = session.scalar(sqlalchemy.text("SELECT password FROM people"))
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_code_and_the_login_of_attempts_are_not_in_the_database(
    register: People, context: Context, home: Path
) -> None:
    """A copy of the tables opens nothing and tells nobody's attempts."""
    code = register.invite(LOGIN, "bank-1")
    with pytest.raises(Unauthenticated):
        register.sign_in("canary-login", "x", "203.0.113.77")
    content = b"".join(file.read_bytes() for file in home.glob("gateway.db*"))
    for canary in (code, code.removeprefix("inv_"), "canary-login", "203.0.113.77"):
        assert canary.encode() not in content


def test_an_unknown_login_gets_the_same_answer(client: FlaskClient, officer: People) -> None:
    """Word for word, except for what was typed."""
    known, unknown = sign_in(client, password="wrong"), sign_in(client, login="nobody-here", password="wrong")
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert known.status_code == 401


@pytest.mark.parametrize("login", [LOGIN, "nobody-here", "in\x00valid", "", "invited.wang"])
def test_every_refusal_costs_one_hash(officer: People, monkeypatch: pytest.MonkeyPatch, login: str) -> None:
    """Time tells nothing: the same argon2id runs for a wrong password, an unknown login and an open invitation."""
    officer.invite("invited.wang", "bank-1")
    costs = []
    verify = passwords.HASHER.verify

    class Counting:
        def verify(self, stored: str, plain: str) -> bool:
            costs.append(stored.rsplit("$", 2)[0])
            return verify(stored, plain)

    monkeypatch.setattr(passwords, "HASHER", Counting())
    with pytest.raises(Unauthenticated):
        officer.sign_in(login, "wrong", ADDRESS)
    assert costs == ["$argon2id$v=19$m=19456,t=2,p=1"]


def test_the_log_in_makes_a_new_session_each_time(client: FlaskClient, officer: People) -> None:
    """A session that was planted before is not the one after (fixation)."""
    sign_in(client)
    planted = cookie_of(client)
    sign_in(client)
    assert cookie_of(client) != planted


def test_signing_out_ends_the_session_on_the_server(
    client: FlaskClient, gateway: Callable[..., Flask], officer: People
) -> None:
    """A copy of the cookie opens nothing, in this process and in another."""
    sign_in(client)
    copy = cookie_of(client)
    assert inside(client)
    client.post("/portal/sign-out", headers=ORIGIN)
    for thief in (client, gateway().test_client()):
        thief.set_cookie(COOKIE, copy, path="/portal")
        assert not inside(thief)


def test_a_changed_password_ends_the_other_sessions(gateway: Callable[..., Flask], officer: People) -> None:
    here, elsewhere = gateway().test_client(), gateway().test_client()
    sign_in(here)
    sign_in(elsewhere)
    form = {"current": PASSWORD, "new": OTHER, "again": OTHER}
    assert here.post("/portal/password", data=form, headers=ORIGIN).status_code == 303
    assert inside(here)
    assert not inside(elsewhere)
    assert sign_in(elsewhere).status_code == 401
    assert sign_in(elsewhere, password=OTHER).status_code == 303


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"current": "wrong"}, 401), ({"again": "differs"}, 422), ({"new": "short", "again": "short"}, 422)],
    ids=["wrong-current", "not-the-same", "weak"],
)
def test_a_password_is_changed_only_in_due_form(
    client: FlaskClient, officer: People, changes: dict[str, str], status: int
) -> None:
    sign_in(client)
    form = {"current": PASSWORD, "new": OTHER, "again": OTHER, **changes}
    assert client.post("/portal/password", data=form, headers=ORIGIN).status_code == status
    assert sign_in(client).status_code == 303


@pytest.mark.parametrize("end", ["disable", "reset"])
def test_the_operator_ends_a_persons_sessions(gateway: Callable[..., Flask], officer: People, end: str) -> None:
    client = gateway().test_client()
    sign_in(client)
    getattr(officer, end)(LOGIN)
    other = gateway().test_client()
    other.set_cookie(COOKIE, cookie_of(client), path="/portal")
    assert not inside(other)
    assert sign_in(other).status_code == 401


def test_a_client_that_ends_takes_its_people_along(client: FlaskClient, context: Context, officer: People) -> None:
    sign_in(client)
    context.clients.disable("bank-1")
    assert not inside(client)
    assert sign_in(client).status_code == 401


def test_a_session_ends_after_a_working_day(officer: People, context: Context) -> None:
    here = officer.sign_in(LOGIN, PASSWORD, ADDRESS)
    with context.database.read() as session:
        late = datetime.now(UTC) + timedelta(hours=8, seconds=1)
        assert sessions.live_session(session, here.session, late) is None


def test_who_guesses_at_a_login_closes_it_for_its_own_address_only(officer: People) -> None:
    """The person signs in from where they are, and so clears the count."""
    for _ in range(people.PER_LOGIN):
        with pytest.raises(Unauthenticated):
            officer.sign_in(LOGIN, "wrong", "192.0.2.9")
    with pytest.raises(TooManyRequests):
        officer.sign_in(LOGIN, PASSWORD, "192.0.2.9")
    assert officer.sign_in(LOGIN, PASSWORD, ADDRESS)


def test_no_login_is_counted_as_another_one_at_an_address(register: People) -> None:
    """Whoever has the login `officer.li@192.0.2.1` has counts of their own."""
    here, theirs = register._counts(LOGIN, ADDRESS, ""), register._counts(f"{LOGIN}@{ADDRESS}", "192.0.2.2", "")
    assert not here.keys() & theirs.keys()


def test_a_known_device_is_closed_by_its_own_attempts_only(officer: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by its address, nor by many others; a device of another login, or a made-up one, is not known."""
    monkeypatch.setattr(people, "PER_LOGIN_ANYWHERE", 3)
    device = officer.new_device(f" {LOGIN.upper()} ")
    for _ in range(4):
        with pytest.raises((Unauthenticated, TooManyRequests)):
            officer.sign_in(LOGIN, "wrong", ADDRESS)
    assert officer.sign_in(LOGIN, PASSWORD, ADDRESS, device)
    for _ in range(4):
        with pytest.raises((Unauthenticated, TooManyRequests)):
            officer.sign_in(LOGIN, "wrong", ADDRESS)
    for other in (officer.new_device("somebody"), device[:-1] + "g", "dev_", "", "\ud800"):
        with pytest.raises(TooManyRequests):
            officer.sign_in(LOGIN, PASSWORD, ADDRESS, other)
    for _ in range(people.PER_LOGIN):
        with pytest.raises(Unauthenticated):
            officer.sign_in(LOGIN, "wrong", ADDRESS, device)
    with pytest.raises(TooManyRequests):
        officer.sign_in(LOGIN, PASSWORD, ADDRESS, device)


def test_a_browser_that_signed_in_is_known_again(client: FlaskClient, officer: People) -> None:
    """After the address was closed for everybody else; its cookie goes to the sign-in page alone."""
    first = sign_in(client)
    cookie = next(each for each in first.headers.getlist("Set-Cookie") if each.startswith(DEVICE))
    for part in ("HttpOnly", "SameSite=Strict", "Path=/portal/sign-in"):
        assert part in cookie
    stranger = client.application.test_client()
    for _ in range(people.PER_LOGIN):
        sign_in(stranger, password="wrong")
    assert (sign_in(stranger).status_code, sign_in(client).status_code) == (429, 303)


def test_guessing_at_one_login_stops_in_all_workers(
    settings: Any, officer: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count is in the database; from many addresses, over two registers, with the right password at the end."""
    monkeypatch.setattr(people, "PER_LOGIN_ANYWHERE", people.PER_LOGIN)
    workers = [officer, People(Database(settings.database_url), settings.pepper)]
    for n in range(people.PER_LOGIN):
        with pytest.raises(Unauthenticated):
            workers[n % 2].sign_in(LOGIN, "wrong", f"192.0.2.{n}")
    for worker in workers:
        with pytest.raises(TooManyRequests):
            worker.sign_in(LOGIN, PASSWORD, "198.51.100.1")


def test_guessing_at_a_login_that_nobody_has_stops_as_well(officer: People) -> None:
    """Else the refusal would tell which logins exist."""
    for _ in range(people.PER_LOGIN):
        with pytest.raises(Unauthenticated):
            officer.sign_in("nobody-here", "wrong", ADDRESS)
    with pytest.raises(TooManyRequests):
        officer.sign_in("nobody-here", "wrong", ADDRESS)


def test_guessing_from_one_address_stops(officer: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """One password at many logins; another address is not concerned."""
    monkeypatch.setattr(people, "PER_ADDRESS", 3)
    for n in range(3):
        with pytest.raises(Unauthenticated):
            officer.sign_in(f"login-{n}", "wrong", "192.0.2.9")
    with pytest.raises(TooManyRequests):
        officer.sign_in(LOGIN, PASSWORD, "192.0.2.9")
    assert officer.sign_in(LOGIN, PASSWORD, "192.0.2.10")


def test_many_guesses_at_once_are_no_way_round(officer: People) -> None:
    """An attempt is counted before it is judged."""

    def guess(_: int) -> bool:
        try:
            officer.sign_in(LOGIN, "wrong", ADDRESS)
        except TooManyRequests:
            return False
        except Unauthenticated:
            return True
        raise AssertionError("a wrong password opened")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(people.PER_LOGIN + 8))) == people.PER_LOGIN


def test_a_throttled_person_is_told_so_on_the_page(client: FlaskClient, officer: People) -> None:
    for _ in range(people.PER_LOGIN):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 429


@pytest.mark.parametrize("path", ["/portal/sign-in", "/portal/invitation", "/portal/password", "/portal/sign-out"])
def test_another_sites_form_changes_nothing(client: FlaskClient, officer: People, path: str) -> None:
    """CSRF at each way in and out, log-in included."""
    sign_in(client)
    form = {"login": LOGIN, "password": PASSWORD, "current": PASSWORD, "new": OTHER, "again": OTHER}
    assert client.post(path, data=form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert inside(client)


def test_the_services_are_told_the_session_and_the_person(context: Context, officer: People) -> None:
    """The claims `sid` and `per`, for a consent to keep."""
    here = officer.sign_in(LOGIN, PASSWORD, ADDRESS)
    authority: Authority = context.authority
    caller = authority.pass_of_person(here.session).caller
    assert (caller.client, caller.role, caller.sid, caller.per) == ("bank-1", "bank", here.session, here.person)


def test_a_known_session_id_is_no_way_in(client: FlaskClient, officer: People) -> None:
    """A consent shows it to others: without our signature it opens nothing."""
    here = officer.sign_in(LOGIN, PASSWORD, ADDRESS)
    client.set_cookie(COOKIE, here.session, path="/portal")
    assert not inside(client)


def test_logs_name_no_login_password_code_or_session(
    client: FlaskClient, register: People, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    code = register.invite(LOGIN, "bank-1")
    client.post("/portal/invitation", data={"code": code, "new": PASSWORD, "again": PASSWORD}, headers=ORIGIN)
    sign_in(client, password="a wrong canary")
    sign_in(client)
    said = caplog.text + "".join(capfd.readouterr())
    for canary in (LOGIN, PASSWORD, code, "a wrong canary", cookie_of(client), "ses_", "per_"):
        assert canary not in said


def test_a_person_needs_a_live_client_and_a_login_of_their_own(register: People, key: Callable[..., str]) -> None:
    key("matching", "service")
    register.invite(LOGIN, "bank-1")
    with pytest.raises(Conflict):
        register.invite(LOGIN, "bank-1")
    for client in ("matching", "nobody"):
        with pytest.raises(NotFound):
            register.invite("other.person", client)
    with pytest.raises(Invalid):
        register.invite("No Login", "bank-1")


def test_the_commands_bring_a_person_in_and_out(home: Path, client: FlaskClient, key: Callable[..., str]) -> None:
    key("bank-1")

    def run(*arguments: str) -> str:
        return CliRunner().invoke(main, ["person", *arguments]).output.strip()

    assert "person invite" in run("list")
    code = run("invite", LOGIN, "--client", "bank-1")
    assert re.fullmatch(r"inv_[0-9a-f]{48}", code)
    assert run("list") == f"{LOGIN}\tbank-1\tinvited\tno second factor"
    form = {"code": run("reset", LOGIN), "new": PASSWORD, "again": PASSWORD}
    assert client.post("/portal/invitation", data={**form, "code": code}, headers=ORIGIN).status_code == 401
    assert client.post("/portal/invitation", data=form, headers=ORIGIN).status_code == 303
    run("disable", LOGIN)
    assert run("list") == f"{LOGIN}\tbank-1\tended\tno second factor"
    assert sign_in(client).status_code == 401


@pytest.mark.parametrize("name", ["X-Forwarded-User", "X-Enterprise", "X-Client", "X-Role", "X-Remote-User"])
def test_a_header_makes_nobody(client: FlaskClient, name: str) -> None:
    """Who comes without proof stays outside, whatever a header says."""
    assert client.get("/v1/catalogue", headers={name: "operator-1"}).status_code == 401
    assert client.get("/portal/applicants", headers={name: "bank-1"}).status_code == 303
