"""The gateway's tables: who may come in, and with which keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.data import jobs, schedule
from chassis.data.database import TYPES, metadata


class Base(DeclarativeBase):
    """What the tables of this service share."""

    metadata = metadata()
    type_annotation_map = TYPES


jobs.declare(Base.metadata)
schedule.declare(Base.metadata)


class ClientRow(Base):
    """A client: a bank, a firm, a platform, a data source, an operator or a service of ours."""

    __tablename__ = "clients"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    enterprise: Mapped[str | None] = mapped_column(String(128))
    name: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class KeyRow(Base):
    """A key of a client: its public id and the digest of its text, never the text."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    client: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class RevisionRow(Base):
    """One row that counts the changes to clients and keys: what every process asks to learn of a revocation."""

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]


class PublicKeyRow(Base):
    """A public key that a client signs its assertions with; its id is the key's thumbprint (RFC 7638)."""

    __tablename__ = "public_keys"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    client: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id"), index=True)
    pem: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class UsedAssertionRow(Base):
    """An assertion that gave a token: the digest of its client and `jti`, kept until it has expired anyway."""

    __tablename__ = "used_assertions"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PersonRow(Base):
    """Somebody who signs in to the portal for a client; no name is kept, only what they sign in with."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    client: Mapped[str] = mapped_column(String(64), ForeignKey("clients.id"), index=True)
    password: Mapped[str | None] = mapped_column(String(200))
    invitation: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    invited_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class SessionRow(Base):
    """A person's session; kept after its end, since a consent may name it as its grantor's signature."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # By which second factor it was opened, None by the password alone; when its person last proved to be there.
    factor: Mapped[str | None] = mapped_column(String(16))
    proved_at: Mapped[datetime | None]


class StepRow(Base):
    """The first of two steps of signing in: the password was right, a second factor is still to be shown.

    It is no session and stands in no table of sessions, so that nothing takes it for one.
    """

    __tablename__ = "sign_in_steps"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PasskeyRow(Base):
    """A passkey of a person: the public key (COSE) and how often its authenticator says that it was used."""

    __tablename__ = "passkeys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), ForeignKey("people.id"), index=True)
    credential: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class TotpRow(Base):
    """An app that makes codes by the time: its secret, sealed, and the step of time of the last code that was used."""

    __tablename__ = "totp"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), ForeignKey("people.id"), unique=True)
    secret: Mapped[str] = mapped_column(Text)
    step: Mapped[int]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCodeRow(Base):
    """A code for who has lost their factors: its digest under the pepper, never the text; used once."""

    __tablename__ = "recovery_codes"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class FactorEventRow(Base):
    """What happened to a person's second factors: the operator's record, and what the person is told at sign-in.

    `session` is the one in which it was done, or the step before it, None where it was not done by somebody signing in
    or signed in. `seen_at` is when the person acknowledged it in another session.
    """

    __tablename__ = "factor_events"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), ForeignKey("people.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    factor: Mapped[str | None] = mapped_column(String(16))
    name: Mapped[str | None] = mapped_column(String(60))
    session: Mapped[str | None] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime | None]


class KeySessionRow(Base):
    """A session at the portal that an API key opened; it signs nothing, and ends with its key."""

    __tablename__ = "key_sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(16), ForeignKey("api_keys.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AttemptRow(Base):
    """How many attempts to sign in, or refusals, there were until `ends_at`: of a login, person, step or address.

    `digest` is that of the login, person, step or address under the pepper; the table names nobody.
    """

    __tablename__ = "attempts"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    number: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)
