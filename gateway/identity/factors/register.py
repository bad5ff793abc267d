"""The register of second factors: what a person has, and how it is added, shown, removed and recorded."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from chassis.core.sealing import Sealer
from chassis.data.database import Database
from gateway.identity import factor_rows, sessions
from gateway.identity.attempts import Attempts
from gateway.identity.factors import passkeys, recovery, sealed, totp
from gateway.identity.factors.passkeys import ADD, PROVE, Registered, Site
from gateway.identity.factors.proving import Proving, recovery_mark
from gateway.identity.sessions import SignedIn
from gateway.identity.tables import ClientRow, PasskeyRow, PersonRow, RecoveryCodeRow, SessionRow, TotpRow
from gateway.signing_in import (
    FRESH_FOR,
    PASSKEY,
    RECOVERY,
    TOTP,
    NewTotp,
    NotProven,
    Overview,
    Shown,
    Step,
    Ways,
)

MOST_PASSKEYS, LONGEST_NAME = 10, 60


class LastFactor(Conflict):
    """Somebody who must have a second factor would have none."""


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding a factor: a session where it was the step before one, and recovery codes with the first."""

    session: SignedIn | None
    codes: list[str]
    revision: int


@dataclass(frozen=True, slots=True)
class _Holder:
    """Who acts: the step or the session, its person, and whether they have just proved to be there."""

    id: str
    person: str
    login: str
    required: bool
    step: bool
    fresh: bool


class SecondFactors:
    """The second factors of people. What is changed needs a fresh proof; the first one may be added in a step."""

    def __init__(
        self, database: Database, pepper: bytes, sealer: Sealer, site: Site | None, required: Collection[str] = ()
    ) -> None:
        """Seal secrets by `sealer`; passkeys hold at `site`, and people of the roles `required` must have a factor."""
        self._database = database
        self._pepper = pepper
        self._sealer = sealer
        self._site = site
        self._required = frozenset(required)
        self._attempts = Attempts(database, pepper)
        self._proving = Proving(database, pepper, sealer, site, self._attempts)

    def ways(self, by: Step | str) -> Ways:
        """Return by what the person of a step, or of a session by its id, can prove to be there."""
        with self._database.read() as session:
            here = self._holder(session, by)
            keys = _credentials(session, here.person)
            app = session.scalar(select(TotpRow.id).where(TotpRow.person == here.person)) is not None
            left = factor_rows.codes_left(session, here.person)
        none = not keys and not app
        asked = None
        if self._site and keys:
            challenge = passkeys.new_challenge(self._pepper, PROVE, here.id, time.time())
            asked = passkeys.authentication_options(self._site, keys, challenge)
        return Ways(asked, app, left, none and not here.step, none and here.step, self._site is not None)

    def complete(self, step: Step, shown: Shown) -> SignedIn:
        """Take the second step: exchange the first for a session, once; raise `NotProven`, `Unauthenticated`."""
        with self._database.read() as session:
            here = self._holder(session, step)
        if shown.kind not in (PASSKEY, TOTP, RECOVERY):
            raise NotProven("A second factor is asked for.")
        now = datetime.now(UTC)
        return self._proving.prove(
            here.person, here.id, shown, lambda session: sessions.take_step(session, step.id, shown.kind, now)
        )

    def confirm(self, session_id: str, shown: Shown) -> None:
        """Prove again to be there, so that factors may be changed for ten minutes; raise `NotProven`."""
        with self._database.read() as session:
            here = self._holder(session, session_id)

        def renew(session: Session) -> None:
            mine = update(SessionRow).where(SessionRow.id == session_id, SessionRow.ended_at.is_(None))
            if session.scalar(mine.values(proved_at=datetime.now(UTC)).returning(SessionRow.id)) is None:
                raise Unauthenticated("The session has ended. Sign in again.")

        self._proving.prove(here.person, here.id, shown, renew)

    def overview(self, session_id: str) -> Overview:
        """Return a person's factors and what happened to them; looking settles nothing."""
        with self._database.read() as session:
            here = self._holder(session, session_id)
            return Overview(
                factor_rows.listed(session, here.person),
                factor_rows.codes_left(session, here.person),
                here.required,
                here.fresh,
                self._site is not None,
                factor_rows.events(session, here.person, session_id, datetime.now(UTC)),
            )

    def fresh(self, session_id: str) -> bool:
        """Tell whether the person of a session has just proved to be there."""
        with self._database.read() as session:
            return self._holder(session, session_id).fresh

    def untold(self, session_id: str) -> bool:
        """Tell whether something happened to a person's factors elsewhere that they have not acknowledged."""
        with self._database.read() as session:
            here = self._holder(session, session_id)
            return factor_rows.untold(session, here.person, session_id, datetime.now(UTC))

    def acknowledge(self, session_id: str, events: Collection[str]) -> None:
        """Note that the person knows of these events, by their ids: those that happened in other sessions."""
        with self._database.begin() as session:
            here = self._holder(session, session_id)
            factor_rows.acknowledge(session, here.person, session_id, events, datetime.now(UTC))

    def begin_totp(self, by: Step | str) -> NewTotp:
        """Return the secret of an app to be added; it is kept nowhere: the form brings it back, sealed."""
        with self._database.read() as session:
            here = self._changing(session, by)
            if session.scalar(select(TotpRow.id).where(TotpRow.person == here.person)):
                raise Conflict(
                    "You have an app that makes codes. Remove it before you add another. "
                    "/ 您已添加验证器应用，请先移除再添加新的。"
                )
        return self._shown(here, totp.new_secret())

    def same_totp(self, by: Step | str, box: str) -> NewTotp:
        """Return the secret that a form has brought back, to be shown once more; raise `Invalid`."""
        with self._database.read() as session:
            here = self._changing(session, by)
        return self._shown(here, self._secret(here, box))

    def add_totp(self, by: Step | str, box: str, typed: str) -> Added:
        """Add an app by its first code, which is used up by that; raise `NotProven`, `Conflict`."""
        now = datetime.now(UTC)
        with self._database.begin() as session:
            here = self._changing(session, by)
            secret = self._secret(here, box)
            step = totp.step_of(secret, typed, now.timestamp())
            if step is None:
                raise NotProven("The code is not the app's. Look at the app again, and at your device's clock.")
            if session.scalar(select(TotpRow.id).where(TotpRow.person == here.person)):
                raise Conflict(
                    "You have an app that makes codes. Remove it before you add another. "
                    "/ 您已添加验证器应用，请先移除再添加新的。"
                )
            made = {"id": f"otp_{secrets.token_hex(12)}", "person": here.person, "step": step, "created_at": now}
            session.execute(insert(TotpRow), [{**made, "secret": self._sealer.seal(secret, str(made["id"]))}])
            return self._added(session, here, TOTP, None)

    def begin_passkey(self, by: Step | str) -> str:
        """Return what a browser is asked in order to make a passkey, as JSON."""
        site = self._offered()
        with self._database.read() as session:
            here = self._changing(session, by)
            known = _credentials(session, here.person)
        _refuse_more(known)
        challenge = passkeys.new_challenge(self._pepper, ADD, here.id, time.time())
        return passkeys.registration_options(site, here.person, here.login, known, challenge)

    def add_passkey(self, by: Step | str, answer: str, name: str) -> Added:
        """Add the passkey that a browser has made; raise `NotProven`, `Conflict`."""
        site = self._offered()
        with self._database.read() as session:
            here = self._changing(session, by)
        challenge = passkeys.take_challenge(self._database, self._pepper, ADD, here.id, answer, time.time())
        made = passkeys.registered(site, answer, challenge)
        name = "".join(letter for letter in name if letter.isprintable()).strip()[:LONGEST_NAME]
        try:
            with self._database.begin() as session:
                here = self._changing(session, by)
                _refuse_more(_credentials(session, here.person))
                name = name or f"{datetime.now(UTC):%Y-%m-%d}"
                _insert_passkey(session, here.person, made, name)
                return self._added(session, here, PASSKEY, name)
        except IntegrityError:
            raise Conflict(
                "This passkey is registered already. Use another device or key. "
                "/ 该通行密钥已登记，请使用其他设备或密钥。"
            ) from None

    def remove(self, session_id: str, factor: str) -> int:
        """Remove a factor and return the revision from which on all other sessions have ended.

        Raises `LastFactor` for the last of who must have one. Who has none left signs in by the password alone.
        """
        with self._database.begin() as session:
            here = self._changing(session, session_id)
            gone = factor_rows.remove(session, here.person, factor)
            if gone is None:
                raise NotFound("You have no such second factor. / 您没有该验证方式。")
            if not factor_rows.has_any(session, here.person):
                if here.required:
                    raise LastFactor(
                        "Your role needs a second factor. Add another one first, then remove this one. "
                        "/ 您的角色必须使用第二验证方式，请先添加另一种，再移除此项。"
                    )
                factor_rows.forget_codes(session, here.person)
            self._note(session, here, "removed", gone.kind, gone.name)
            return sessions.end_all(session, here.person, but=session_id)

    def renew_codes(self, session_id: str) -> list[str]:
        """Return ten new recovery codes, shown this once; those of before end."""
        with self._database.begin() as session:
            here = self._changing(session, session_id)
            if not factor_rows.has_any(session, here.person):
                raise Conflict(
                    "Recovery codes stand for a second factor. Add one first. "
                    "/ 恢复码用于代替第二验证方式，请先添加一种验证方式。"
                )
            self._note(session, here, "codes", RECOVERY, None)
            return self._codes(session, here.person)

    def _holder(self, session: Session, by: Step | str) -> _Holder:
        """Return who acts; raise `Unauthenticated` where the step or the session has ended."""
        now = datetime.now(UTC)
        if isinstance(by, Step):
            person, fresh = sessions.person_of_step(session, by.id, now), True
        else:
            here = sessions.live_session(session, by, now, self._required)
            if here is None:
                raise Unauthenticated("The session has ended. Sign in again.")
            person, fresh = here.person, here.proved_at is not None and here.proved_at > now - FRESH_FOR
        login, role = session.execute(
            select(PersonRow.login, ClientRow.role)
            .join(ClientRow, ClientRow.id == PersonRow.client)
            .where(PersonRow.id == person)
        ).one()
        name = by.id if isinstance(by, Step) else by
        return _Holder(name, person, login, role in self._required, isinstance(by, Step), fresh)

    def _changing(self, session: Session, by: Step | str) -> _Holder:
        """Return who changes factors, apart from every other change of theirs; raise where they may not.

        In a step only a first factor is added: who has one shows it.
        """
        factor_rows.lock(session, self._holder(session, by).person)
        here = self._holder(session, by)  # who waited may find that the session has ended meanwhile
        if here.step and factor_rows.has_any(session, here.person):
            raise Forbidden("Show the second factor that you have first. / 请先通过已有的第二验证方式验证。")
        if not here.fresh:
            raise Forbidden(
                "Prove once more that it is you, then change your second factors. "
                "/ 请再次验证身份，然后更改第二验证方式。"
            )
        return here

    def _added(self, session: Session, here: _Holder, kind: str, name: str | None) -> Added:
        opened = sessions.take_step(session, here.id, kind, datetime.now(UTC)) if here.step else None
        within = opened.session if opened else here.id
        self._note(session, replace(here, id=within), "added", kind, name)
        if opened is None:
            session.execute(update(SessionRow).where(SessionRow.id == within).values(factor=kind))
        revision = sessions.end_all(session, here.person, but=within)
        first = not session.scalar(select(RecoveryCodeRow.person).where(RecoveryCodeRow.person == here.person).limit(1))
        return Added(opened, self._codes(session, here.person) if first else [], revision)

    def _codes(self, session: Session, person: str) -> list[str]:
        factor_rows.forget_codes(session, person)
        made, now = recovery.new_codes(), datetime.now(UTC)
        rows = [{"digest": recovery_mark(self._attempts, person, code), "person": person} for code in made]
        session.execute(insert(RecoveryCodeRow), [{**row, "created_at": now} for row in rows])
        return made

    def _note(self, session: Session, here: _Holder, kind: str, factor: str, name: str | None) -> None:
        now = datetime.now(UTC)
        factor_rows.note(session, here.person, kind, now, factor=factor, name=name, within=here.id)

    def _shown(self, here: _Holder, secret: str) -> NewTotp:
        return NewTotp(secret, totp.address(secret, here.login), self._sealer.seal(secret, f"adding:{here.id}"))

    def _secret(self, here: _Holder, box: str) -> str:
        secret = sealed.opened(self._sealer, box, f"adding:{here.id}")
        if secret is None:
            raise Invalid(
                "This form is not of this sign-in. Open the page again and add the app anew. "
                "/ 该表单不属于本次登录，请重新打开页面并重新添加应用。"
            )
        return secret

    def _offered(self) -> Site:
        if self._site is None:
            raise Conflict(
                "Passkeys are not offered here: the operator has not said at which address the portal is known "
                "(GATEWAY_PORTAL_URL, with the name of a host). Use an app that makes codes. "
                "/ 运营方尚未设定门户地址，不能使用通行密钥，请使用验证器应用。"
            )
        return self._site


def _credentials(session: Session, person: str) -> list[bytes]:
    mine = select(PasskeyRow.credential).where(PasskeyRow.person == person)
    return list(session.scalars(mine.order_by(PasskeyRow.created_at, PasskeyRow.id)))


def _insert_passkey(session: Session, person: str, made: Registered, name: str) -> None:
    row = {"id": f"pas_{secrets.token_hex(12)}", "person": person, "credential": made.credential, "name": name}
    key = {"public_key": made.public_key, "sign_count": made.sign_count, "created_at": datetime.now(UTC)}
    session.execute(insert(PasskeyRow), [{**row, **key}])


def _refuse_more(known: list[bytes]) -> None:
    if len(known) >= MOST_PASSKEYS:
        raise Conflict(f"You have {MOST_PASSKEYS} passkeys. Remove one that you no longer use first.")
