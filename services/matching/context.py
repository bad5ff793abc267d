"""What every use case of the matching service may reach: made once by the composition root."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from sqlalchemy.orm import Session

from chassis.core.engine import Engine, engine_of
from chassis.core.http import ServiceIdentity, Upstream
from chassis.core.sealing import Sealer
from chassis.core.signing import Signer, signer_of
from chassis.data import jobs
from chassis.data.database import Database
from services.matching import store
from services.matching.clients import PURPOSE, Profile, Scoring
from services.matching.domain.approval import Approval, fit
from services.matching.domain.eligibility import Shelf
from services.matching.domain.match import Guide
from services.matching.domain.product import Product, Used
from services.matching.settings import Settings

# What the ledger calls itself in its checkpoints.
LEDGER = "smecredit/matching"
APPROVAL_SECONDS = 30.0
# Features of a whole book take seconds, and only a batch waits for them: a request ends with its caller's patience.
LONGEST_CALL_SECONDS = 600.0


class Shelves:
    """The products in force, compiled once for each edition of the catalogue, each day, and what is used of them."""

    def __init__(self) -> None:
        self._key: tuple[store.Edition, date] | None = None
        self._products: list[Product] = []
        self._used: dict[str, Used] | None = None
        self._shelves: dict[bool, Shelf] = {}
        self._lock = threading.Lock()

    def on(self, session: Session, day: date, *, kind_matters: bool) -> Shelf:
        """Return the products to be asked on this day; `kind_matters` where a kind of financing is asked for."""
        key = (store.edition(session), day)
        with self._lock:
            if key != self._key:
                self._products, self._used = store.products_in_force(session, day), None
                self._key = key
            used = store.used(session, [product.id for product in self._products if product.scope.limited], day)
            if used != self._used:
                self._shelves = {
                    matters: Shelf(self._products, day, kind_matters=matters, used=used) for matters in (False, True)
                }
                self._used = used
            return self._shelves[kind_matters]


class Approvals:
    """How each bank decides, fitted anew within half a minute of an import."""

    def __init__(self) -> None:
        self._fitted = float("-inf")
        self._by_bank: dict[str, Approval] = {}
        self._lock = threading.Lock()

    def now(self, session: Session) -> Mapping[str, Approval]:
        """Return the models of the banks that have decisions enough, by client."""
        with self._lock:
            if time.monotonic() - self._fitted > APPROVAL_SECONDS:
                made = {bank: fit(*columns) for bank, columns in store.decisions(session).items()}
                self._by_bank = {bank: approval for bank, approval in made.items() if approval is not None}
                self._fitted = time.monotonic()
            return self._by_bank

    def forget(self) -> None:
        """Fit anew at the next match."""
        self._fitted = float("-inf")


@dataclass(frozen=True, slots=True)
class Context:
    """The service's collaborators; `identity` is asked for only in jobs, which act for the client that ordered them.

    `engine` does the parts of a large batch, in processes of its own or on other machines.
    """

    settings: Settings
    database: Database
    profile: Profile
    scoring: Scoring
    shelves: Shelves
    identity: Callable[[], ServiceIdentity]
    engine: Engine
    approvals: Approvals = field(default_factory=Approvals)

    @property
    def ledger_signer(self) -> Signer:
        """Signs the checkpoints of the ledger."""
        return signer_of(self.settings.ledger_keys, self.settings.ledger_key_file)

    @property
    def sealer(self) -> Sealer:
        """Seals and opens the secrets of webhooks."""
        return Sealer(self.settings.secret_keys, self.settings.secret_key_file)

    def guide(self, session: Session, headers: Mapping[str, str] | None = None) -> Guide:
        """Return what a match is told beside facts and products."""
        return Guide(self.profile.levers(headers), self.approvals.now(session))

    def acting_for(self, client: str) -> dict[str, str]:
        """Return the headers of a call made in a job for `client`."""
        return self.identity().headers(client, PURPOSE)


def make_context(settings: Settings) -> Context:
    """Return the service's collaborators, for the web process and the worker alike. Nothing connects yet."""
    return Context(
        settings=settings,
        database=Database(settings.database_url, jobs.limits(settings.queue_limits)),
        profile=Profile(Upstream("profile", settings.profile_url, timeout=LONGEST_CALL_SECONDS)),
        scoring=Scoring(Upstream("scoring", settings.scoring_url, timeout=LONGEST_CALL_SECONDS)),
        shelves=Shelves(),
        identity=cache(lambda: ServiceIdentity(settings.gateway_url, settings.own_key())),
        engine=engine_of(settings.engine),
    )
