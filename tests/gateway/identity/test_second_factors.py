"""Signing in by two steps, with an app that makes codes and with recovery codes: the real gateway by its pages."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from kept_secrets import places_of
from pages_read import english
from second_factors import (
    ADDRESS,
    ORIGIN,
    PASSWORD,
    SITE,
    acknowledge,
    add_app,
    code_at,
    codes_on,
    decoded,
    inside,
    next_code,
    sealed_on,
    secret_on,
    show,
    sign_in,
)
from sqlalchemy import delete, select, update

from chassis.core.errors import TooManyRequests, Unauthenticated
from gateway.cli import main
from gateway.context import Context
from gateway.identity import factor_rows
from gateway.identity.factors import proving, recovery, totp
from gateway.identity.sessions import SignedIn
from gateway.identity.tables import AttemptRow, FactorEventRow, SessionRow, StepRow, TotpRow
from gateway.portal.session import COOKIE, STEP
from gateway.signing_in import PASSKEY, RECOVERY, TOTP, NotProven, Shown, Step, shown_by

MUST, MAY = "op.wang", "officer.li"
# RFC 6238 appendix B, SHA-1: the secret is the text 12345678901234567890; ours are the last six of its eight digits.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.fixture
def app(gateway: Callable[..., Flask]) -> Flask:
    """Return a gateway that asks operators for a second factor."""
    return gateway(second_factor_roles=frozenset({"operator"}), portal_url=SITE)


@pytest.fixture
def people(context: Context, key: Callable[..., str]) -> Context:
    """Return a gateway with an operator's person, who must have a second factor, and a bank's, who may."""
    key("operator-1", "operator")
    key("bank-1", "bank")
    for login, client_id in ((MUST, "operator-1"), (MAY, "bank-1")):
        context.people.accept(context.people.invite(login, client_id), PASSWORD, ADDRESS)
    return context


@pytest.fixture
def browser(app: Flask, people: Context) -> Callable[[], FlaskClient]:
    """Return a maker of browsers that nobody has signed in by."""
    return app.test_client


def changed(browser: Callable[[], FlaskClient], login: str = MAY) -> tuple[str, list[str]]:
    """Have a person sign in and add an app; return its secret and the recovery codes."""
    client = browser()
    sign_in(client, login)
    return add_app(client)


@pytest.mark.parametrize(("seconds", "digits"), RFC_VECTORS)
def test_codes_are_those_of_the_standard(seconds: int, digits: str) -> None:
    assert totp.step_of(RFC_SECRET, digits[-6:], float(seconds)) == seconds // 30


@given(st.integers(30, 1 << 33), st.integers(-5, 5))
def test_a_code_is_right_in_its_step_and_the_ones_beside_it(moment: int, away: int) -> None:
    """And in no other: where a later code happens to be the same, it counts as the later one."""
    code = code_of(moment + 150)
    found = totp.step_of(RFC_SECRET, code, float(moment + 150 + 30 * away))
    assert (found == (moment + 150) // 30) == (abs(away) <= 1) or code in others_near(moment, away)


def code_of(moment: int) -> str:
    return totp.pyotp.TOTP(RFC_SECRET).at(moment)


def others_near(moment: int, away: int) -> list[str]:
    here = moment + 150 + 30 * away
    return [code_of(here + 30 * by) for by in (-1, 0, 1) if by != -away]


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "-12345", "12345\u0000", "٢٨٧٠٨٢" * 9])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert totp.step_of(RFC_SECRET, typed, 59.0) is None


def test_a_recovery_code_is_typed_in_any_spelling() -> None:
    """Capitals, spaces, no dashes, full width, letters for the digits that they look like."""
    for code in recovery.new_codes():
        plain = code.replace("-", "")
        assert len(plain) == recovery.LENGTH
        other = code.upper().replace("-", " ").replace("0", "O").replace("1", "l")
        assert recovery.plain(other) == recovery.plain(code) == plain


def test_who_has_no_factor_and_need_not_is_inside_by_the_password(browser: Callable[[], FlaskClient]) -> None:
    client = browser()
    assert sign_in(client, MAY).headers["Location"] == "/portal/"
    assert inside(client)


def test_who_has_an_app_is_inside_by_its_code_and_not_before(browser: Callable[[], FlaskClient]) -> None:
    """And goes on to the page that was asked for."""
    secret, _ = changed(browser)
    client = browser()
    answer = sign_in(client, MAY, back="/portal/notices")
    assert answer.headers["Location"] == "/portal/second-step?back=/portal/notices"
    assert not inside(client)
    assert client.get_cookie(COOKIE, path="/portal") is None
    done = show(client, "totp", next_code(secret), back="/portal/notices")
    assert done.headers["Location"].startswith("/portal/factors?back=")  # the app was added in another session
    assert inside(client)
    assert client.get_cookie(STEP, path="/portal") is None


def test_a_person_is_told_what_happened_in_another_session_until_they_acknowledge_it(
    browser: Callable[[], FlaskClient],
) -> None:
    """Looking settles nothing; the button does, and the next sign-in goes where it was asked to."""
    _, codes = changed(browser)
    for code in codes[:2]:
        client = browser()
        sign_in(client, MAY)
        told = client.get(show(client, "recovery", code).headers["Location"]).text
        assert "请过目" in told
        assert "新</span> 已添加" in told
    assert acknowledge(client, told).status_code == 303
    assert "新</span>" not in client.get("/portal/factors").text


def test_who_has_acknowledged_everything_goes_on(browser: Callable[[], FlaskClient]) -> None:
    secret, _ = changed(browser)
    client = browser()
    sign_in(client, MAY)
    acknowledge(client, client.get(show(client, "totp", next_code(secret)).headers["Location"]).text)
    form = {"current": PASSWORD, "new": "the lamp burns until noon", "again": "the lamp burns until noon"}
    assert client.post("/portal/password", data=form, headers=ORIGIN).headers["Location"] == "/portal/"


def test_a_session_settles_nothing_that_was_done_in_it(browser: Callable[[], FlaskClient], people: Context) -> None:
    """Whoever came in by a stolen recovery code cannot hide that, nor by changing the password for a new session."""
    secret, codes = changed(browser)
    thief, owner = browser(), browser()
    sign_in(thief, MAY)
    show(thief, "recovery", codes[0])
    with people.database.read() as session:
        every = list(session.scalars(select(FactorEventRow.id)))
    thief.post("/portal/factors/acknowledge", data={"event": every}, headers=ORIGIN)
    new = "the lamp burns until noon"
    thief.post("/portal/password", data={"current": PASSWORD, "new": new, "again": new}, headers=ORIGIN)
    thief.post("/portal/factors/acknowledge", data={"event": every}, headers=ORIGIN)
    sign_in(owner, MAY, new)
    told = owner.get(show(owner, "totp", next_code(secret)).headers["Location"]).text
    assert "新</span> 使用了一个恢复码" in told
    assert "新</span> 已添加" not in told


def test_what_is_no_event_settles_nothing(browser: Callable[[], FlaskClient]) -> None:
    _, codes = changed(browser)
    client = browser()
    sign_in(client, MAY)
    show(client, "recovery", codes[0])
    form = {"event": ["fev_none", "é" * 5000, "' OR 1=1 --"]}
    assert client.post("/portal/factors/acknowledge", data=form, headers=ORIGIN).status_code == 303
    assert "新</span> 已添加" in client.get("/portal/factors").text


def test_a_session_settles_nothing_of_the_step_before_it(browser: Callable[[], FlaskClient]) -> None:
    """Whoever guessed until a code was right is not who is to know of the guesses."""
    _, codes = changed(browser)
    client, owner = browser(), browser()
    sign_in(client, MAY)
    for _ in range(proving.TOLD_AFTER):
        show(client, "totp", "000000")
    acknowledge(client, client.get(show(client, "recovery", codes[0]).headers["Location"]).text)
    sign_in(owner, MAY)
    told = owner.get(show(owner, "recovery", codes[1]).headers["Location"]).text
    assert "新</span> 密码正确后" in told


def test_nobody_acknowledges_for_another(browser: Callable[[], FlaskClient], people: Context) -> None:
    changed(browser)
    with people.database.read() as session:
        every = list(session.scalars(select(FactorEventRow.id)))
    other = browser()
    sign_in(other, MUST)
    add_app(other)
    other.post("/portal/factors/acknowledge", data={"event": every}, headers=ORIGIN)
    with people.database.read() as session:
        assert not session.scalars(select(FactorEventRow.seen_at).where(FactorEventRow.seen_at.is_not(None))).all()


def test_after_thirty_days_nothing_is_told_any_more(browser: Callable[[], FlaskClient], people: Context) -> None:
    secret, _ = changed(browser)
    with people.database.begin() as session:
        session.execute(update(FactorEventRow).values(at=datetime.now(UTC) - timedelta(days=31)))
    client = browser()
    sign_in(client, MAY)
    assert show(client, "totp", next_code(secret)).headers["Location"] == "/portal/"
    assert "已添加" in client.get("/portal/factors").text


def test_many_events_of_a_kind_hide_none_of_another(browser: Callable[[], FlaskClient], people: Context) -> None:
    changed(browser)
    with people.database.begin() as session:
        person = session.scalar(select(TotpRow.person))
        assert person is not None
        for _ in range(50):
            factor_rows.note(session, person, "codes", datetime.now(UTC), factor="recovery")
        shown = factor_rows.events(session, person, "", datetime.now(UTC))
    kinds = [each.kind for each in shown]
    assert (kinds.count("codes"), kinds.count("added")) == (20, 1)


def test_a_code_opens_once(browser: Callable[[], FlaskClient]) -> None:
    secret, _ = changed(browser)
    code = next_code(secret)
    first, second = browser(), browser()
    for client in (first, second):
        sign_in(client, MAY)
    assert show(first, "totp", code).status_code == 303
    again = show(second, "totp", code)
    assert again.status_code == 401
    assert "已用过" in again.text
    assert not inside(second)


def test_the_code_by_which_an_app_was_added_opens_nothing(browser: Callable[[], FlaskClient]) -> None:
    client = browser()
    sign_in(client, MAY)
    page = client.get("/portal/factors/app").text
    form = {"sealed": sealed_on(page), "code": code_at(secret_on(page))}
    assert client.post("/portal/factors/app", data=form, headers=ORIGIN).status_code == 200
    later = browser()
    sign_in(later, MAY)
    assert show(later, "totp", form["code"]).status_code == 401


def test_a_recovery_code_opens_once_and_the_person_is_told(browser: Callable[[], FlaskClient]) -> None:
    _, codes = changed(browser)
    assert len(set(codes)) == 10
    client = browser()
    sign_in(client, MAY)
    done = show(client, "recovery", codes[3].upper())
    page = client.get(done.headers["Location"]).text
    assert "使用了一个恢复码" in page
    assert "还有 9 个恢复码" in page
    other = browser()
    sign_in(other, MAY)
    assert show(other, "recovery", codes[3]).status_code == 401


def test_new_recovery_codes_end_those_of_before(browser: Callable[[], FlaskClient]) -> None:
    client = browser()
    sign_in(client, MAY)
    _, codes = add_app(client)
    anew = codes_on(client.post("/portal/factors/codes", headers=ORIGIN).text)
    assert len(set(anew) - set(codes)) == 10
    other = browser()
    sign_in(other, MAY)
    assert show(other, "recovery", codes[0]).status_code == 401
    assert show(other, "recovery", anew[0]).status_code == 303


def test_who_must_have_a_factor_is_led_to_add_one_and_to_nothing_else(browser: Callable[[], FlaskClient]) -> None:
    client = browser()
    sign_in(client, MUST)
    assert client.get("/portal/second-step").headers["Location"] == "/portal/first-factor"
    assert "请先添加" in client.get("/portal/first-factor").text
    assert not inside(client)
    _, codes = add_app(client)
    assert len(codes) == 10
    assert inside(client)


def test_an_invitation_is_no_way_round(browser: Callable[[], FlaskClient], people: Context) -> None:
    """Neither for who must add a factor, nor, after a reset of the password, for who has one."""
    client = browser()
    form = {"code": people.people.reset(MUST), "new": PASSWORD, "again": PASSWORD}
    assert "second-step" in client.post("/portal/invitation", data=form, headers=ORIGIN).headers["Location"]
    assert not inside(client)
    secret, _ = add_app(client)
    form["code"] = people.people.reset(MUST)
    later = browser()
    assert "second-step" in later.post("/portal/invitation", data=form, headers=ORIGIN).headers["Location"]
    assert not inside(later)
    assert show(later, "totp", next_code(secret)).status_code == 303


def test_a_session_by_the_password_alone_ends_when_its_role_needs_more(
    gateway: Callable[..., Flask], people: Context
) -> None:
    """At the restart with the setting, and not eight hours later."""
    before = gateway()
    client = before.test_client()
    sign_in(client, MUST)
    assert inside(client)
    cookie = client.get_cookie(COOKIE, path="/portal")
    assert cookie is not None
    after = gateway(second_factor_roles=frozenset({"operator"})).test_client()
    after.set_cookie(COOKIE, cookie.value, path="/portal")
    assert not inside(after)
    assert after.get("/portal/operations").status_code == 303


def test_the_last_factor_of_who_must_have_one_stays(browser: Callable[[], FlaskClient], people: Context) -> None:
    client = browser()
    sign_in(client, MUST)
    secret, _ = add_app(client)
    refused = client.post(f"/portal/factors/{factor_of(people)}/remove", headers=ORIGIN)
    assert refused.status_code == 409
    assert "请先添加另一种" in refused.text
    other = browser()
    sign_in(other, MUST)
    assert show(other, "totp", next_code(secret)).status_code == 303


def test_the_last_factor_of_who_need_not_have_one_goes_with_its_recovery_codes(
    browser: Callable[[], FlaskClient], people: Context
) -> None:
    client = browser()
    sign_in(client, MAY)
    _, codes = add_app(client)
    assert client.post(f"/portal/factors/{factor_of(people)}/remove", headers=ORIGIN).status_code == 303
    other = browser()
    told = other.get(sign_in(other, MAY).headers["Location"]).text
    assert "新</span> 已移除" in told, "who signs in by the password alone is told as well"
    secret, anew = add_app(client)
    assert len(set(anew) - set(codes)) == 10
    assert secret


def factor_of(context: Context) -> str:
    with context.database.read() as session:
        return str(session.scalar(select(TotpRow.id)))


def test_a_factor_that_is_added_ends_the_other_sessions(browser: Callable[[], FlaskClient]) -> None:
    one, other = browser(), browser()
    for client in (one, other):
        sign_in(client, MAY)
    add_app(one)
    assert inside(one)
    assert not inside(other)


@pytest.mark.parametrize("path", ["/portal/factors/app", "/portal/factors/passkey"])
def test_factors_are_changed_after_a_fresh_proof_alone(
    browser: Callable[[], FlaskClient], people: Context, path: str
) -> None:
    """After ten minutes a page leads to the proof, and a form changes nothing."""
    client = browser()
    sign_in(client, MAY)
    secret, _ = add_app(client)
    grow_old(people)
    assert client.get(path).headers["Location"] == f"/portal/factors/confirm?back={path}"
    for act in (f"/portal/factors/{factor_of(people)}/remove", "/portal/factors/codes", path):
        assert "/portal/factors/confirm" in client.post(act, headers=ORIGIN).headers["Location"]
    assert factor_of(people).startswith("otp_")
    form = {"kind": "totp", "shown": next_code(secret)}
    assert client.post("/portal/factors/confirm", data=form, headers=ORIGIN).status_code == 303
    assert client.post(f"/portal/factors/{factor_of(people)}/remove", headers=ORIGIN).status_code == 303


def test_who_has_no_factor_proves_to_be_there_by_the_password(
    browser: Callable[[], FlaskClient], people: Context
) -> None:
    client = browser()
    sign_in(client, MAY)
    grow_old(people)
    assert client.get("/portal/factors/app").status_code == 303
    wrong, right = ({"kind": "password", "shown": text} for text in ("wrong", PASSWORD))
    assert client.post("/portal/factors/confirm", data=wrong, headers=ORIGIN).status_code == 401
    assert client.post("/portal/factors/confirm", data=right, headers=ORIGIN).status_code == 303
    assert client.get("/portal/factors/app").status_code == 200


@pytest.mark.parametrize("where", ["/portal/factors/confirm", "/portal/second-step"])
def test_the_password_is_no_second_factor(browser: Callable[[], FlaskClient], people: Context, where: str) -> None:
    """Of who has one: neither to sign in nor to change it."""
    client = browser()
    sign_in(client, MAY)
    add_app(client)
    grow_old(people)
    if where == "/portal/second-step":
        sign_in(client, MAY)
    form = {"kind": "password", "shown": PASSWORD}
    assert client.post(where, data=form, headers=ORIGIN).status_code == 401


def grow_old(context: Context) -> None:
    with context.database.begin() as session:
        session.execute(update(SessionRow).values(proved_at=datetime.now(UTC) - timedelta(minutes=11)))


def test_wrong_codes_close_codes_for_a_while_and_nothing_else(browser: Callable[[], FlaskClient]) -> None:
    """Ten in a quarter of an hour, from wherever; the right code is refused then, a recovery code is not."""
    secret, codes = changed(browser)
    client = browser()
    sign_in(client, MAY)
    for _ in range(proving.MOST["totp"]):
        assert show(client, "totp", "000000").status_code == 401
    other = browser()
    sign_in(other, MAY)
    assert show(other, "totp", next_code(secret)).status_code == 429
    assert show(other, "recovery", codes[0]).status_code == 303
    told = other.get("/portal/factors?back=/portal/").text
    assert told.count("一天内五次或更多次被拒绝") == 1


def test_who_knows_the_password_shuts_the_owner_out_of_codes_alone(
    browser: Callable[[], FlaskClient], people: Context
) -> None:
    """Junk of every kind in a step of their own, up to where that is closed: the owner's recovery code opens."""
    _, codes = changed(browser)
    thief, owner = (people.people.sign_in(MAY, PASSWORD, ADDRESS) for _ in range(2))
    assert isinstance(thief, Step)
    assert isinstance(owner, Step)
    for kind in (TOTP, RECOVERY, PASSKEY):
        for _ in range(proving.MOST[kind]):
            with pytest.raises(NotProven):
                people.factors.complete(thief, shown_by(kind, "junk"))
        with pytest.raises(TooManyRequests):
            people.factors.complete(thief, shown_by(kind, "junk"))
    with pytest.raises(TooManyRequests):
        people.factors.complete(owner, shown_by(TOTP, "junk"))
    assert people.factors.complete(owner, Shown("recovery", codes[0])).factor == "recovery"


def test_slow_guessing_is_told_once_a_day(browser: Callable[[], FlaskClient], people: Context) -> None:
    """Four wrong codes, each long after the one before; the fifth of a day is told, those after it add nothing."""
    changed(browser)
    client = browser()
    sign_in(client, MAY)
    for n in range(12):
        assert show(client, "totp", "000000").status_code == 401
        with people.database.begin() as session:  # a quarter of an hour goes by, and the day goes on
            session.execute(delete(AttemptRow).where(AttemptRow.ends_at < datetime.now(UTC) + timedelta(hours=1)))
        with people.database.read() as session:
            told = session.scalars(select(FactorEventRow.kind).where(FactorEventRow.kind == "refused")).all()
        assert len(told) == (1 if n >= 4 else 0)


def test_pages_of_second_factors_have_no_english_word_that_is_not_a_name(browser: Callable[[], FlaskClient]) -> None:
    """Before there is a factor, with one, and on the way in."""
    must, may = browser(), browser()
    sign_in(must, MUST)
    found = {"/first-factor": must.get("/portal/first-factor").text}
    sign_in(may, MAY)
    names = ("factors", "factors/confirm", "factors/app", "factors/passkey")
    found |= {name: may.get(f"/portal/{name}").text for name in names}
    add_app(may)
    found |= {f"{name}, with one": may.get(f"/portal/{name}").text for name in names}
    again = browser()
    sign_in(again, MAY)
    found["second-step"] = again.get("/portal/second-step").text
    assert {name: said for name, page in found.items() if (said := set(english(page)) - {"JavaScript"})} == {}


def test_a_step_is_taken_once_and_ends_after_ten_minutes(browser: Callable[[], FlaskClient], people: Context) -> None:
    secret, codes = changed(browser)
    client = browser()
    sign_in(client, MAY)
    step = client.get_cookie(STEP, path="/portal")
    assert step is not None
    assert show(client, "totp", next_code(secret)).status_code == 303
    thief = browser()
    thief.set_cookie(STEP, step.value, path="/portal")
    assert show(thief, "recovery", codes[0]).headers["Location"].startswith("/portal/sign-in")
    late = browser()
    sign_in(late, MAY)
    with people.database.begin() as session:
        session.execute(update(StepRow).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert show(late, "recovery", codes[0]).headers["Location"].startswith("/portal/sign-in")
    last = browser()
    sign_in(last, MAY)
    assert show(last, "recovery", codes[0]).status_code == 303, "what proved nothing used no code up"


def test_who_signs_out_between_the_steps_leaves_none_behind(browser: Callable[[], FlaskClient]) -> None:
    """On a machine that many use, whoever comes next adds no factor to the person's account."""
    client = browser()
    sign_in(client, MUST)
    assert client.get("/portal/first-factor").status_code == 200
    client.post("/portal/sign-out", headers=ORIGIN)
    assert client.get("/portal/first-factor").status_code in {303, 401}


def test_the_list_of_people_says_who_has_no_second_factor(browser: Callable[[], FlaskClient], people: Context) -> None:
    client = browser()
    sign_in(client, MAY)
    add_app(client)
    assert [(row[0], row[3]) for row in people.people.listing()] == [
        (MAY, "second factor"),
        (MUST, "no second factor"),
    ]


def test_a_step_and_a_session_are_not_read_as_one_another(browser: Callable[[], FlaskClient]) -> None:
    changed(browser)
    client = browser()
    sign_in(client, MAY)
    step = client.get_cookie(STEP, path="/portal")
    assert step is not None
    assert "HttpOnly" not in step.value
    forged = browser()
    forged.set_cookie(COOKIE, step.value, path="/portal")
    assert not inside(forged)
    forged.set_cookie(STEP, "stp_1", path="/portal")
    assert forged.get("/portal/second-step").headers["Location"].startswith("/portal/sign-in")


def test_a_half_session_opens_nothing(browser: Callable[[], FlaskClient], app: Flask) -> None:
    """Every route of the portal, from the map: what needs a visitor leads to the way in, also for who must add one."""
    changed(browser)
    open_to_all = {"entry_home", "entry_sign_in", "entry_invitation", "entry_language", "entry_sign_out", "static"}
    steps = {MAY: {"entry_second_step"}, MUST: {"entry_second_step", "factors_first", "factors_app", "factors_passkey"}}
    for login, own in steps.items():
        halfway = browser()
        sign_in(halfway, login)
        step = halfway.get_cookie(STEP, path="/portal")
        assert step is not None
        for rule, method, path in walk(app):
            client = browser()
            client.set_cookie(STEP, step.value, path="/portal")
            answer = client.open(path, method=method, headers=ORIGIN)
            answer.close()  # the address has places for so many answers that are under way
            name = rule.endpoint.removeprefix("portal.")
            if name in open_to_all or name in own or rule.endpoint == "portal.nowhere":
                continue
            if (name, answer.text) == ("notices_count", ""):
                continue  # what every page asks in passing tells nobody anything
            led = answer.status_code in {303, 403} and "portal/factors?" not in answer.headers.get("Location", "")
            assert led, (login, method, path, answer.status_code)
            assert client.get_cookie(COOKIE, path="/portal") is None


def walk(app: Flask) -> list[tuple[Any, str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("portal.") and rule.endpoint != "portal.static":
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<{name}>", "x").replace(f"<path:{name}>", "x")
            found += [(rule, method, path) for method in sorted((rule.methods or set()) & {"GET", "POST"})]
    return found


def test_who_has_a_factor_adds_none_in_the_first_step(browser: Callable[[], FlaskClient]) -> None:
    """With the password alone nobody adds a factor beside the one that there is."""
    changed(browser)
    client = browser()
    sign_in(client, MAY)
    for path in ("/portal/factors/app", "/portal/factors/passkey"):
        assert client.get(path).status_code == 403
        assert client.post(path, data={"sealed": "x", "code": "1"}, headers=ORIGIN).status_code == 403
    assert not inside(client)


def test_the_secret_in_a_form_is_its_sign_ins_own(browser: Callable[[], FlaskClient]) -> None:
    """A box of another session, or a bent one, is none."""
    one, other = browser(), browser()
    sign_in(one, MAY)
    sign_in(other, MUST)
    page = one.get("/portal/factors/app").text
    form = {"sealed": sealed_on(page), "code": code_at(secret_on(page))}
    assert other.post("/portal/factors/app", data=form, headers=ORIGIN).status_code == 400
    assert one.post("/portal/factors/app", data={**form, "sealed": "bent"}, headers=ORIGIN).status_code == 400
    assert one.post("/portal/factors/app", data=form, headers=ORIGIN).status_code == 200


def test_a_wrong_first_code_shows_the_same_secret_again(browser: Callable[[], FlaskClient]) -> None:
    client = browser()
    sign_in(client, MAY)
    page = client.get("/portal/factors/app").text
    answer = client.post("/portal/factors/app", data={"sealed": sealed_on(page), "code": "000000"}, headers=ORIGIN)
    assert answer.status_code == 422
    assert secret_on(answer.text) == secret_on(page)


def test_the_picture_breaks_no_policy(browser: Callable[[], FlaskClient]) -> None:
    """It is drawn by attributes: neither a style nor a script stands in the page."""
    client = browser()
    sign_in(client, MAY)
    page = client.get("/portal/factors/app").text
    assert "<svg" in page
    assert "style=" not in page
    assert "<style" not in page


def test_a_changed_password_keeps_the_proof_of_its_session(browser: Callable[[], FlaskClient]) -> None:
    client = browser()
    sign_in(client, MUST)
    add_app(client)
    form = {"current": PASSWORD, "new": "the lamp burns until noon", "again": "the lamp burns until noon"}
    assert client.post("/portal/password", data=form, headers=ORIGIN).status_code == 303
    assert inside(client)


def test_who_came_with_a_key_has_no_second_factor(client: FlaskClient, key: Callable[..., str]) -> None:
    """Keys act as ever, whatever is asked of people."""
    text = key("operator-7", "operator")
    assert client.post("/portal/sign-in", data={"key": text}, headers=ORIGIN).headers["Location"] == "/portal/"
    for path in ("/portal/factors", "/portal/factors/app", "/portal/factors/passkey", "/portal/factors/confirm"):
        assert client.get(path).status_code == 403
    assert client.get("/v1/catalogue", headers={"Authorization": f"Bearer {text}"}).status_code == 200


def test_the_operator_resets_factors_and_the_person_is_told(
    browser: Callable[[], FlaskClient], people: Context
) -> None:
    """Password and sessions end with them: what is handed over is a new invitation."""
    client = browser()
    sign_in(client, MAY)
    add_app(client)
    code = CliRunner().invoke(main, ["person", "reset-factors", MAY]).output.strip()
    assert code.startswith("inv_")
    assert not inside(client)
    assert sign_in(browser(), MAY).status_code == 401
    record = CliRunner().invoke(main, ["person", "factors", MAY]).output
    assert [line.split("\t")[1:4] for line in record.splitlines()] == [
        [MAY, "bank-1", "reset"],
        [MAY, "bank-1", "added"],
    ]
    fresh = browser()
    form = {"code": code, "new": PASSWORD, "again": PASSWORD}
    told = fresh.get(fresh.post("/portal/invitation", data=form, headers=ORIGIN).headers["Location"]).text
    assert "新</span> 运营方重置了" in told


def test_without_a_record_the_command_says_so(people: Context) -> None:
    assert "Nothing yet" in CliRunner().invoke(main, ["person", "factors"]).output


def test_a_person_who_ends_leaves_no_factor(browser: Callable[[], FlaskClient], people: Context) -> None:
    changed(browser)
    people.people.disable(MAY)
    assert factor_of(people) == "None"


def test_no_secret_of_a_factor_is_kept_in_clear(browser: Callable[[], FlaskClient], people: Context) -> None:
    secret, codes = changed(browser)
    assert places_of([secret, *codes, codes[0].replace("-", "")], people.database, people.settings.home) == []


def test_logs_name_no_secret_code_or_person(
    browser: Callable[[], FlaskClient], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secret, codes = changed(browser)
    client = browser()
    sign_in(client, MAY)
    code = next_code(secret)
    show(client, "totp", "000000")
    show(client, "recovery", "wrong-canary")
    show(client, "totp", code)
    said = caplog.text + "".join(capfd.readouterr())
    for canary in (secret, codes[0], code, "wrong-canary", "per_", "ses_", "stp_", MAY):
        assert canary not in said


def test_a_new_key_seals_all_secrets_anew(browser: Callable[[], FlaskClient], people: Context) -> None:
    """With `reseal new-key`; a code opens as before, and without any key `verify` names what is closed."""
    secret, _ = changed(browser)
    before = sealed_in(people)
    assert '"sealed":1,"unreadable":[]' in CliRunner().invoke(main, ["reseal", "new-key"]).output
    assert sealed_in(people) != before
    client = browser()
    sign_in(client, MAY)
    assert show(client, "totp", next_code(secret)).status_code == 303
    people.settings.secret_key_file.write_text("ab" * 32)
    assert "no key opens it" in CliRunner().invoke(main, ["verify"]).output
    other = browser()
    sign_in(other, MAY)
    assert show(other, "totp", next_code(secret)).status_code == 409


def sealed_in(context: Context) -> str:
    with context.database.read() as session:
        return str(session.scalar(select(TotpRow.secret)))


def test_services_are_told_what_a_person_has_shown(browser: Callable[[], FlaskClient], people: Context) -> None:
    """In the claim `amr` (RFC 8176): a consent that is signed in a session has it as its evidence."""
    alone = people.people.sign_in(MAY, PASSWORD, ADDRESS)
    assert isinstance(alone, SignedIn)
    assert shown_in(people, alone) == ["pwd"]
    secret, _ = changed(browser)
    step = people.people.sign_in(MAY, PASSWORD, ADDRESS)
    assert isinstance(step, Step)
    opened = people.factors.complete(step, Shown("totp", next_code(secret)))
    assert shown_in(people, opened) == ["pwd", "otp", "mfa"]


def shown_in(context: Context, here: SignedIn) -> list[str]:
    token = context.authority.pass_of_person(here.session).authorization.split()[1]
    return list(json.loads(decoded(token.split(".")[1]))["amr"])


def test_no_pass_is_given_to_a_step(browser: Callable[[], FlaskClient], people: Context) -> None:
    """What a step is named by opens no session at the register either."""
    changed(browser)
    step = people.people.sign_in(MAY, PASSWORD, ADDRESS)
    with pytest.raises(Unauthenticated):
        people.authority.pass_of_person(getattr(step, "id", ""))
