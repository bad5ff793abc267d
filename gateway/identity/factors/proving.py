"""Proving to be there: what a person shows is counted, judged, and used up in the transaction that it opens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict
from chassis.core.sealing import Sealer
from chassis.data.database import Database
from gateway.identity import factor_rows, passwords
from gateway.identity.attempts import Attempts
from gateway.identity.factors import passkeys, recovery, sealed, totp
from gateway.identity.factors.passkeys import PROVE, CountWentBack, Site
from gateway.identity.sessions import SignedIn
from gateway.identity.tables import PasskeyRow, PersonRow, RecoveryCodeRow, TotpRow
from gateway.signing_in import PASSKEY, RECOVERY, TOTP, NotProven, Shown

# Attempts in a quarter of an hour. Codes of an app are counted by person, from wherever: of six digits of which three
# are right at a time, ten leave who knows the password one chance in 350 a day. What cannot be guessed (120 bits, a
# signature) is counted by the step or the session in which it is shown, and so is the password, which somebody who has
# a session may guess: so whoever knows a password closes none of them for the person.
MOST = {TOTP: 10, RECOVERY: 10, PASSKEY: 30, "password": 10}
# So many refusals of a kind within a day, from wherever, are recorded and told: once a day and kind.
TOLD_AFTER, TOLD_WITHIN = 5, timedelta(days=1)
T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Proving:
    """Judges what a person shows. `site` is where passkeys hold, None where none can be used."""

    database: Database
    pepper: bytes
    sealer: Sealer
    site: Site | None
    attempts: Attempts

    def prove(self, person: str, holder: str, shown: Shown, then: Callable[[Session], T]) -> T:
        """Use up what was shown and do `then` with it, both or none; raise `NotProven`, `TooManyRequests`.

        `holder` is the step or the session in which it is shown.
        """
        subject = f"factor:{shown.kind}:{person if shown.kind == TOTP else holder}"
        self.attempts.count(subject, MOST[shown.kind])
        try:
            use = self._judged(person, holder, shown)
            with self.database.begin() as session:
                # Who changes or resets the password ends all sessions: one that is being opened waits for that.
                factor_rows.lock(session, person)
                use(session)
                self.attempts.clear(session, [subject])
                done = then(session)
                self._note_use(session, person, holder, shown.kind, done)
                return done
        except NotProven as refusal:
            self._note(person, holder, shown.kind, refusal)
            raise

    def _judged(self, person: str, holder: str, shown: Shown) -> Callable[[Session], None]:
        if shown.kind == PASSKEY:
            return self._by_passkey(person, holder, shown.text)
        if shown.kind == TOTP:
            return lambda session: self._by_code(session, person, shown.text)
        if shown.kind == RECOVERY:
            return lambda session: self._by_recovery_code(session, person, shown.text)
        return self._by_password(person, shown.text)

    def _by_code(self, session: Session, person: str, typed: str) -> None:
        row = session.scalar(select(TotpRow).where(TotpRow.person == person))
        secret = sealed.opened(self.sealer, row.secret, row.id) if row else None
        if row and secret is None:
            raise Conflict(
                "The secret of your app cannot be opened here. Use another way, or ask the operator to run "
                "`smecredit verify`, which says what to do. "
                "/ 此处无法读取您的验证器应用密钥，请换用其他方式，或请运营方运行 `smecredit verify`。"
            )
        step = totp.step_of(secret, typed, time.time()) if secret else None
        used = step is not None and session.scalar(
            update(TotpRow)
            .where(TotpRow.person == person, TotpRow.step < step)
            .values(step=step, used_at=datetime.now(UTC))
            .returning(TotpRow.id)
        )
        if not used:
            raise NotProven("The code is not right or was used before. Wait for the next one in the app.")

    def _by_recovery_code(self, session: Session, person: str, typed: str) -> None:
        used = session.scalar(
            update(RecoveryCodeRow)
            .where(
                RecoveryCodeRow.digest == recovery_mark(self.attempts, person, typed),
                RecoveryCodeRow.person == person,
                RecoveryCodeRow.used_at.is_(None),
            )
            .values(used_at=datetime.now(UTC))
            .returning(RecoveryCodeRow.person)
        )
        if used is None:
            raise NotProven("The recovery code is not right or was used before. Each is used once.")

    def _by_passkey(self, person: str, holder: str, answer: str) -> Callable[[Session], None]:
        if self.site is None:
            raise NotProven("Passkeys cannot be used here: the portal has no public address.")
        credential, now = passkeys.credential_of(answer), time.time()
        challenge = passkeys.take_challenge(self.database, self.pepper, PROVE, holder, answer, now)
        with self.database.read() as session:
            row = session.scalar(
                select(PasskeyRow).where(PasskeyRow.credential == credential, PasskeyRow.person == person)
            )
        if row is None:
            raise NotProven("This passkey is none of yours here. Use one that you have added.")
        try:
            count = passkeys.asserted(self.site, person, answer, challenge, row.public_key, row.sign_count)
        except CountWentBack:
            with self.database.begin() as session:
                told = {"factor": PASSKEY, "name": row.name, "within": holder}
                factor_rows.note(session, person, "count-back", datetime.now(UTC), **told)
            raise

        def use(session: Session) -> None:
            mine = update(PasskeyRow).where(PasskeyRow.id == row.id, PasskeyRow.sign_count == row.sign_count)
            values = {"sign_count": count, "used_at": datetime.now(UTC)}
            if session.scalar(mine.values(values).returning(PasskeyRow.id)) is None:
                raise NotProven("This passkey has just been used or removed elsewhere. Try again.")

        return use

    def _by_password(self, person: str, typed: str) -> Callable[[Session], None]:
        with self.database.read() as session:
            stored = session.scalar(select(PersonRow.password).where(PersonRow.id == person))
            only_way = not factor_rows.has_any(session, person)
        if not passwords.matches(typed, stored) or not only_way:
            raise NotProven("The password is not right.")

        def use(session: Session) -> None:
            still = session.scalar(select(PersonRow.password).where(PersonRow.id == person))
            if still != stored or factor_rows.has_any(session, person):
                raise NotProven("The password is not right.")

        return use

    def _note_use(self, session: Session, person: str, holder: str, kind: str, done: object) -> None:
        """Record a used recovery code; what was noted in a step is from now on of the session that it opened."""
        within = done.session if isinstance(done, SignedIn) else holder
        if within != holder:
            factor_rows.hand_on(session, person, holder, within)
        if kind == RECOVERY:
            factor_rows.note(session, person, "recovery-used", datetime.now(UTC), factor=RECOVERY, within=within)

    def _note(self, person: str, holder: str, kind: str, refusal: NotProven) -> None:
        """Have the log hear of a refusal; record the fifth of a day, which the person is told at the next sign-in."""
        number = self.attempts.count(f"refused:{kind}:{person}", window=TOLD_WITHIN)
        log.info("second-factor-refused", kind=kind, number=number, count_back=isinstance(refusal, CountWentBack))
        if number == TOLD_AFTER:
            with self.database.begin() as session:
                factor_rows.note(session, person, "refused", datetime.now(UTC), factor=kind, within=holder)


def recovery_mark(attempts: Attempts, person: str, code: str) -> bytes:
    """Return what is kept of a person's recovery code."""
    return attempts.mark(f"recovery:{person}:{recovery.plain(code)}")
