"""People at the portal: invited once, signed in by a password, signed out everywhere at once."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from chassis.data.database import Database
from gateway.identity import factor_rows, passwords, store
from gateway.identity.attempts import Attempts
from gateway.identity.roles import SERVICE
from gateway.identity.sessions import REFUSED, SignedIn, end_all, enter, open_session
from gateway.identity.tables import PersonRow, SessionRow
from gateway.signing_in import Event, Step

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")
INVITED_FOR = timedelta(hours=72)
# So many attempts in a window (`attempts.WINDOW`): at one login from one address or device, from one address, and at
# one login from all of them. A right password clears its login's counts. Who guesses elsewhere closes nobody's own
# device.
PER_LOGIN, PER_ADDRESS, PER_LOGIN_ANYWHERE = 10, 100, 100
DEVICE = re.compile(r"dev_[0-9a-f]{32}\.[0-9a-f]{64}")


class PersonExists(Conflict):
    """Somebody signs in by that login already."""


class People:
    """The register of people. A session that ends is refused by every process within a second."""

    def __init__(self, database: Database, pepper: bytes, required: Collection[str] = ()) -> None:
        """Ask people of the roles `required` for a second factor, and of the others who have one."""
        self._database = database
        self._attempts = Attempts(database, pepper)
        self._required = frozenset(required)

    def invite(self, login: str, client_id: str) -> str:
        """Add a person for a client and return a code, shown this once, with which they choose a password."""
        if not LOGIN.fullmatch(login):
            raise Invalid("A login has 3 to 64 of a-z, 0-9, `.`, `_`, `@`, `-`, and starts with a letter or digit.")
        with self._database.begin() as session:
            client = store.live_client(session, client_id)
            if client is None or client.role == SERVICE:
                raise NotFound(f"There is no live client {client_id} that a person could sign in for.")
            if session.scalar(select(PersonRow.id).where(PersonRow.login == login)):
                raise PersonExists("There is such a login. Invite it anew: python -m gateway.cli person reset LOGIN.")
            person = {"id": f"per_{secrets.token_hex(12)}", "login": login, "client": client_id}
            session.execute(insert(PersonRow), [{**person, "created_at": datetime.now(UTC)}])
            return self._invitation(session, str(person["id"]))

    def reset(self, login: str) -> str:
        """End a person's password and sessions and return a new code to choose a password with."""
        with self._database.begin() as session:
            person = self._without_password(session, login)
            end_all(session, person.id)
            return self._invitation(session, person.id)

    def reset_factors(self, login: str) -> str:
        """End a person's second factors, password and sessions and return a new code, as `reset` does.

        The password ends too: it alone must not be what a new factor is added with.
        """
        with self._database.begin() as session:
            person = self._without_password(session, login)
            factor_rows.lock(session, person.id)
            factor_rows.forget(session, person.id)
            factor_rows.note(session, person.id, "reset", datetime.now(UTC))
            end_all(session, person.id)
            return self._invitation(session, person.id)

    def record(self, login: str | None = None, most: int = 200) -> list[tuple[str, str, Event]]:
        """Return what happened to second factors as (login, client, event), the newest first."""
        with self._database.read() as session:
            return list(factor_rows.record(session, login, most))

    def disable(self, login: str) -> None:
        """End a person's account with all sessions and factors."""
        with self._database.begin() as session:
            person = self._of_login(session, login)
            person.disabled_at = person.disabled_at or datetime.now(UTC)
            person.invitation = None
            session.flush()
            factor_rows.forget(session, person.id)
            end_all(session, person.id)

    def listing(self) -> list[tuple[str, str, str, str]]:
        """Return (login, client, state, whether there is a second factor) of everybody."""
        with self._database.read() as session:
            rows = session.scalars(select(PersonRow).order_by(PersonRow.login)).all()
            return [
                (row.login, row.client, _state(row), factor_rows.TITLES[factor_rows.has_any(session, row.id)])
                for row in rows
            ]

    def accept(self, code: str, password: str, address: str) -> SignedIn | Step:
        """Take an invitation up with a password of one's own; the code opens nothing afterwards."""
        self._attempts.count("address:" + address, PER_ADDRESS)
        mark, now = self._attempts.mark("invitation:" + code), datetime.now(UTC)
        invited = (
            PersonRow.invitation == mark,
            PersonRow.invited_until > now,
            PersonRow.disabled_at.is_(None),
        )
        with self._database.read() as session:
            login = session.scalar(select(PersonRow.login).where(*invited))
        if login is None:
            raise Unauthenticated("This invitation is unknown, used or too old. Ask the operator for a new one.")
        digest = passwords.digest(password, login)
        with self._database.begin() as session:
            person = session.scalar(
                update(PersonRow)
                .where(*invited)
                .values(password=digest, invitation=None, invited_until=None)
                .returning(PersonRow.id)
            )
            if person is None:
                raise Unauthenticated("This invitation has just been used. Sign in with the password chosen then.")
            return enter(session, person, self._required)

    def sign_in(self, login: str, password: str, address: str, device: str = "") -> SignedIn | Step:
        """Return a new session, or the step before it.

        Raises `Unauthenticated`, the same for a wrong password and for nobody's login.

        `device` is what `new_device` gave to who signed in there before: it has counts of its own.
        """
        login = _login(login)
        counts = self._counts(login, address, device)
        for subject, most in counts.items():
            self._attempts.count(subject, most)
        with self._database.read() as session:
            person = session.execute(
                select(PersonRow.id, PersonRow.password).where(
                    PersonRow.login == login, PersonRow.disabled_at.is_(None)
                )
            ).one_or_none()
        if not passwords.matches(password, person.password if person else None) or person is None:
            raise Unauthenticated(REFUSED)
        with self._database.begin() as session:
            # Between the check and now the password may have been changed, or a factor added: only what was checked
            # opens, and who changes either meanwhile is waited for.
            factor_rows.lock(session, person.id)
            still = session.scalar(
                select(PersonRow.password).where(PersonRow.id == person.id, PersonRow.disabled_at.is_(None))
            )
            if still != person.password:
                raise Unauthenticated(REFUSED)
            self._attempts.clear(session, [subject for subject in counts if not subject.startswith("address:")])
            return enter(session, person.id, self._required)

    def new_device(self, login: str) -> str:
        """Return what a device keeps to be known again as one of this login's; it opens nothing."""
        device = f"dev_{secrets.token_hex(16)}"
        return f"{device}.{self._device_mark(_login(login), device)}"

    def knows(self, login: str, device: str) -> bool:
        """Tell whether a device is one of this login's."""
        if not DEVICE.fullmatch(device):
            return False
        name, _, mark = device.partition(".")
        return hmac.compare_digest(mark, self._device_mark(_login(login), name))

    def _counts(self, login: str, address: str, device: str) -> dict[str, int]:
        """Return what an attempt is counted against, and how many each may have."""
        if self.knows(login, device):
            return {f"device:{device}": PER_LOGIN}
        return {
            f"address:{address}": PER_ADDRESS,
            f"login:{login} {address}": PER_LOGIN,  # no login holds a space
            f"login:{login}": PER_LOGIN_ANYWHERE,
        }

    def _device_mark(self, login: str, device: str) -> str:
        return self._attempts.mark(f"device:{login}:{device}").hex()

    def change_password(self, person_id: str, current: str, new: str, session_id: str = "") -> SignedIn:
        """Change a person's own password, end all sessions and return a new one, opened by what this one was."""
        self._attempts.count("person:" + person_id, PER_LOGIN)
        with self._database.read() as session:
            person = session.get(PersonRow, person_id)
            login, stored = (person.login, person.password) if person else ("", None)
        if not passwords.matches(current, stored):
            raise Unauthenticated("The current password is not right.")
        digest = passwords.digest(new, login)
        with self._database.begin() as session:
            changed = session.scalar(
                update(PersonRow)
                .where(PersonRow.id == person_id, PersonRow.password == stored, PersonRow.disabled_at.is_(None))
                .values(password=digest)
                .returning(PersonRow.id)
            )
            if changed is None:
                raise Unauthenticated("The current password is not right.")
            self._attempts.clear(session, ["person:" + person_id])
            factor, proved_at = _proof(session, session_id)
            end_all(session, person_id)
            opened = open_session(session, person_id, factor, proved_at)
            # What was done in the session of before stays for another one to acknowledge.
            factor_rows.hand_on(session, person_id, session_id, opened.session)
            return opened

    def sign_out(self, session_id: str) -> int:
        """End a session and return the revision from which on no process lets it in: today's where it had ended."""
        with self._database.begin() as session:
            ended = session.scalar(
                update(SessionRow)
                .where(SessionRow.id == session_id, SessionRow.ended_at.is_(None))
                .values(ended_at=datetime.now(UTC))
                .returning(SessionRow.id)
            )
            return store.advance(session) if ended else store.revision(session)

    def _of_login(self, session: Session, login: str) -> PersonRow:
        person = session.scalar(select(PersonRow).where(PersonRow.login == login))
        if person is None:
            raise NotFound("There is no such login. See: python -m gateway.cli person list.")
        return person

    def _without_password(self, session: Session, login: str) -> PersonRow:
        person = self._of_login(session, login)
        if person.disabled_at:
            raise Invalid("This person's account has ended. Invite another login.")
        person.password = None
        session.flush()
        return person

    def _invitation(self, session: Session, person: str) -> str:
        code = f"inv_{secrets.token_hex(24)}"
        values: dict[str, Any] = {"invitation": self._attempts.mark("invitation:" + code)}
        values["invited_until"] = datetime.now(UTC) + INVITED_FOR
        session.execute(update(PersonRow).where(PersonRow.id == person).values(values))
        return code


def _login(text: str) -> str:
    """Return a login as it is stored; none for what is nobody's, and what a database cannot read."""
    login = text.strip().lower()
    return login if LOGIN.fullmatch(login) else ""


def _proof(session: Session, session_id: str) -> tuple[str | None, datetime | None]:
    """Return by which factor a session was opened, and when its person last proved to be there."""
    row = session.get(SessionRow, session_id)
    return (row.factor, row.proved_at) if row else (None, None)


def _state(row: PersonRow) -> str:
    if row.disabled_at:
        return "ended"
    return "active" if row.password else "invited"
