"""What one gateway is composed of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.core.sealing import Sealer
from chassis.data.database import Database
from gateway.door.admission import Admission
from gateway.door.backends import Backend
from gateway.door.limits import Limits
from gateway.identity.authority import Authority
from gateway.identity.factors.passkeys import site_of
from gateway.identity.factors.register import SecondFactors
from gateway.identity.people import People
from gateway.identity.registry import Clients
from gateway.identity.tokens import signer
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The collaborators of one gateway."""

    settings: Settings
    database: Database
    authority: Authority
    admission: Admission
    clients: Clients
    people: People
    factors: SecondFactors
    backends: Mapping[str, Backend]


def make_context(settings: Settings) -> Context:
    """Join the collaborators. The signing key is made here at the first start."""
    database = Database(settings.database_url)
    required = settings.second_factor_roles
    authority = Authority(database, signer(settings.signing_key), settings.pepper, required=required)
    return Context(
        settings=settings,
        database=database,
        authority=authority,
        admission=Admission(
            authority, Limits(settings.quotas, settings.redis_url), settings.issuer, settings.bound_roles
        ),
        clients=Clients(database, settings.pepper, authority),
        people=People(database, settings.pepper, required),
        factors=SecondFactors(
            database,
            settings.pepper,
            Sealer(settings.secret_keys, settings.secret_key_file),
            site_of(settings.portal_url),
            required,
        ),
        backends={name: Backend(name, url) for name, url in settings.backends.items()},
    )
