"""Giving a consent and taking it back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import rfc8785
from sqlalchemy.orm import Session

from chassis.core.errors import Forbidden
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import rfc3339
from services.profile.book.context import Context
from services.profile.rights import ledger_entries, tables
from services.profile.rights.domain.consent import (
    ConsentAlreadyRevoked,
    ConsentNotFound,
    Field,
    ImpossibleConsent,
    Purpose,
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an enterprise agrees to: who may read which parts of its file, for what, until when."""

    grantee: str
    purposes: tuple[Purpose, ...]
    fields: tuple[Field, ...]
    valid_until: date
    document_sha256: str | None = None
    as_of_from: date | None = None
    as_of_until: date | None = None
    most_reads_a_day: int | None = None
    most_reads_a_month: int | None = None


def grant(context: Context, session: Session, caller: Caller, given: Grant) -> tables.Consent:
    """Store a consent of the calling enterprise about itself."""
    now, today = context.now(), context.today()
    if caller.role != "enterprise" or caller.enterprise is None:
        raise Forbidden("Only an enterprise consents, about itself.", role=caller.role)
    if given.valid_until < today:
        raise ImpossibleConsent(f"valid_until {given.valid_until} has passed; give a day from today on.")
    if given.as_of_from and given.as_of_until and given.as_of_from > given.as_of_until:
        raise ImpossibleConsent("as_of_from lies after as_of_until, so it would open no day.")
    if given.grantee == caller.client:
        raise ImpossibleConsent("An enterprise reads its own file without a consent.")
    consent = tables.Consent(
        id=new_id("con"),
        enterprise=caller.enterprise,
        grantee=given.grantee,
        purposes=sorted(set(given.purposes)),
        fields=sorted(set(given.fields)),
        valid_from=today,
        valid_until=given.valid_until,
        document_sha256=given.document_sha256,
        created_at=now,
        revoked_at=None,
        as_of_from=given.as_of_from,
        as_of_until=given.as_of_until,
        most_reads_a_day=given.most_reads_a_day,
        most_reads_a_month=given.most_reads_a_month,
        signed_by=caller.client,
        signed_session=caller.sid,
        signed_person=caller.per,
    )
    terms = _terms(consent)
    consent.terms_sha256 = hashlib.sha256(rfc8785.dumps({**terms, "grantee": consent.grantee})).hexdigest()
    session.add(consent)
    # Few clients could be the grantee, and its document may be known: unsealed, their digests would tell who it is.
    sealed = {"document_sha256": terms.pop("document_sha256"), "terms_sha256": consent.terms_sha256}
    sealed |= {"session": caller.sid, "person": caller.per}
    facts = {"consent": consent.id, **terms}
    ledger_entries.enter(
        session, "consent-given", consent.enterprise, caller.client, facts, sealed, grantee=consent.grantee
    )
    return consent


def _terms(consent: tables.Consent) -> dict[str, Any]:
    """Return what is agreed to, in the form that is signed: names of nobody, dates as text."""
    days = {
        name: day and day.isoformat()
        for name in ("valid_from", "valid_until", "as_of_from", "as_of_until")
        for day in (getattr(consent, name),)
    }
    same = ("purposes", "fields", "document_sha256", "most_reads_a_day", "most_reads_a_month")
    return {**{name: getattr(consent, name) for name in same}, **days}


def find(session: Session, caller: Caller, consent_id: str) -> tables.Consent:
    """Return a consent to the enterprise that gave it or the client that holds it; to others there is none."""
    consent = session.get(tables.Consent, consent_id)
    if consent is None or not (caller.owns(consent.enterprise) or caller.client == consent.grantee):
        raise ConsentNotFound("There is no such consent of yours.", consent=consent_id)
    return consent


def revoke(context: Context, session: Session, caller: Caller, consent_id: str) -> tables.Consent:
    """End a consent at once; it stays on file with the moment it ended."""
    consent = session.get(tables.Consent, consent_id, with_for_update=True)
    if consent is None or not caller.owns(consent.enterprise):
        raise ConsentNotFound("There is no such consent of yours.", consent=consent_id)
    if consent.revoked_at is not None:
        raise ConsentAlreadyRevoked("This consent has ended already.", revoked_at=rfc3339(consent.revoked_at))
    consent.revoked_at = context.now()
    facts, sealed = {"consent": consent.id}, {"session": caller.sid, "person": caller.per}
    ledger_entries.enter(
        session, "consent-revoked", consent.enterprise, caller.client, facts, sealed, grantee=consent.grantee
    )
    return consent
