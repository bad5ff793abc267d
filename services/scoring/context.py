"""What every use case of the scoring service may reach: made once by the composition root."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chassis.core.http import ServiceIdentity, Upstream
from chassis.core.signing import Signer, signer_of
from chassis.data import jobs
from chassis.data.database import Database
from chassis.data.files import Files, files_at
from services.scoring.clients import Profile
from services.scoring.domain.errors import ModelNotFound
from services.scoring.ml import artefact
from services.scoring.ml.scorer import Scorer
from services.scoring.settings import Settings

PACKAGE = "services.scoring"
# What the ledger calls itself in its checkpoints.
LEDGER = "smecredit/scoring"
ONE_SECONDS, MANY_SECONDS = 10.0, 600.0


class Shelf:
    """The trained models, loaded once each: a version never changes, so it never needs to be read again."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._loaded: dict[str, Scorer] = {}
        self._lock = threading.Lock()

    def __getitem__(self, version: str) -> Scorer:
        """Return a version, loading it at its first use."""
        scorer = self._loaded.get(version)
        return scorer if scorer is not None else self._load(version)

    def keep(self, version: str, folder: Path) -> None:
        """Keep what a training has made of a version, its artefact last: a version that is there is there whole.

        Raises `VersionTaken` where another artefact has the version.
        """
        made = sorted(
            (path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.name == artefact.FILE
        )
        for path in made:
            name, fixed = f"{version}/{path.relative_to(folder).as_posix()}", path.name == artefact.FILE
            try:
                with self.files.writing(name, again=not fixed) as file:
                    file.write(path.read_bytes())
            except FileExistsError:
                raise artefact.taken(version) from None

    def _load(self, version: str) -> Scorer:
        with self._lock:
            if version not in self._loaded:
                try:
                    body = self.files.read(f"{version}/{artefact.FILE}")
                    self._loaded[version] = Scorer(*artefact.parsed(version, body))
                except FileNotFoundError:
                    raise ModelNotFound(
                        f"The file of model {version} is missing among this service's models; restore it from "
                        "the backup, or train and promote a new model."
                    ) from None
            return self._loaded[version]


@dataclass(frozen=True, slots=True)
class Context:
    """The service's collaborators; `identity` is asked for only in jobs, which act for the client that ordered them."""

    settings: Settings
    database: Database
    profile: Profile
    shelf: Shelf
    identity: Callable[[], ServiceIdentity]

    @property
    def signer(self) -> Signer:
        """Signs the receipts of scores."""
        return signer_of(self.settings.receipt_keys, self.settings.receipt_key_file)

    @property
    def ledger_signer(self) -> Signer:
        """Signs the checkpoints of the ledger."""
        return signer_of(self.settings.ledger_keys, self.settings.ledger_key_file)

    def acting_for(self, client: str, purpose: str) -> dict[str, str]:
        """Return the headers of a call made in a job for `client`."""
        return self.identity().headers(client, purpose)


def make_context(settings: Settings) -> Context:
    """Return the service's collaborators, for the web process and the worker alike. Nothing connects yet."""
    return Context(
        settings=settings,
        database=Database(settings.database_url, jobs.limits(settings.queue_limits)),
        profile=Profile(
            one=Upstream("profile", settings.profile_url, timeout=ONE_SECONDS),
            many=Upstream("profile", settings.profile_url, timeout=MANY_SECONDS),
        ),
        shelf=Shelf(files_at(settings.models, settings.scratch)),
        identity=cache(lambda: ServiceIdentity(settings.gateway_url, settings.own_key())),
    )
