"""The suite's Python client: one method per route, typed answers, no hidden state."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast
from urllib.parse import quote

from urllib3.filepost import encode_multipart_formdata

from smecredit.answers import (
    Book,
    Channel,
    Consent,
    Dispute,
    Enterprise,
    Evaluation,
    Import,
    ImportKind,
    Job,
    Log,
    Match,
    Measure,
    MeasureTerms,
    Model,
    Notice,
    Portrait,
    Progress,
    Purpose,
    RecordKind,
    Repair,
    Score,
)
from smecredit.client.wire import Answer, Wire
from smecredit.problems import Problem

DEFAULT_URL = "http://127.0.0.1:8000"
OnProgress = Callable[[int, int | None], None]
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5  # seconds between two looks at a job


@dataclass(frozen=True, slots=True)
class Table:
    """A Parquet table as it came; its headers say As-Of, Known-At, Catalogue, Withheld, Model-Version."""

    body: bytes
    headers: Mapping[str, str]


class Client:
    """A client of one suite with one API key.

    Dates are `datetime.date`, moments aware `datetime`, money whole fen. Safe to share between threads. Raises
    `smecredit.Problem` where the suite refuses and `smecredit.Unreachable` where it does not answer.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        connections: int = 16,
        retries: int = 3,
    ) -> None:
        self._wire = Wire(url, api_key, timeout=timeout, connections=connections, retries=retries)

    def with_key(self, api_key: str) -> Client:
        """The same suite and the same kept connections with another key."""
        other = object.__new__(Client)
        other._wire = self._wire.with_key(api_key)
        return other

    def signing(self, client_id: str, private_key: bytes, *, endpoint: str | None = None) -> Client:
        """The same suite as a client that signs for itself and shares no secret (`private_key_jwt`).

        `private_key` is a PEM of a P-256 key whose public half the operator registered; `endpoint` the public address
        of `/oauth/token` where it is not below this client's own.
        """
        other = object.__new__(Client)
        other._wire = self._wire.signing(client_id, private_key, endpoint)
        return other

    def __enter__(self) -> Self:
        """Use the client in a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()

    # What the suite holds

    def book(self) -> Book:
        """The date up to which the suite knows business, and how much it holds."""
        return cast("Book", self._get("/v1/book"))

    def catalogue(self) -> dict[str, Any]:
        """The features: names, titles, units, directions."""
        return cast("dict[str, Any]", self._get("/v1/catalogue"))

    def import_file(
        self,
        kind: ImportKind,
        file: Path,
        *,
        on_sent: OnProgress | None = None,
        connector: str | None = None,
        enterprise: str | None = None,
        channel: Channel | None = None,
    ) -> Import:
        """Hand in a file and return its import, which goes on in the background: see `wait_import`.

        `connector` names the source's own layout (see `connectors`), `enterprise` the one that all rows are about
        where the file does not say, `channel` the lawful way by which the data came.
        """
        size = file.stat().st_size
        with file.open("rb") as opened:
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            body = cast("IO[bytes]", _Reading(opened, size, on_sent)) if on_sent else opened
            about = {"connector": connector, "enterprise": enterprise, "channel": channel}
            query = {"kind": kind, "filename": file.name} | {name: value for name, value in about.items() if value}
            return cast(
                "Import", self._wire.call("POST", "/v1/imports", body=body, query=query, headers=headers).json()
            )

    def add_records(
        self, enterprise: str, kind: RecordKind, records: Sequence[Mapping[str, Any]], *, channel: Channel | None = None
    ) -> Import:
        """Send up to a thousand records of a firm, all or none, and return their import: see `wait_import`."""
        path = f"/v1/enterprises/{_segment(enterprise)}/{kind}"
        query = {"channel": channel} if channel else {}
        return cast("Import", self._wire.call("POST", path, value={"records": list(records)}, query=query).json())

    def connectors(self) -> list[dict[str, Any]]:
        """The layouts of sources that are understood as they are."""
        return cast("list[dict[str, Any]]", self._get("/v1/connectors")["items"])

    def get_import(self, import_id: str) -> Import:
        """An import and its counts."""
        return cast("Import", self._get(f"/v1/imports/{_segment(import_id)}"))

    def imports(self) -> Iterator[Import]:
        """All imports, newest first."""
        return cast("Iterator[Import]", self._pages("/v1/imports"))

    def rejects(self, import_id: str) -> str:
        """The rejected rows of an import as CSV: line, column, value, reason."""
        return self._wire.call("GET", f"/v1/imports/{_segment(import_id)}/rejects").body.decode()

    def wait_import(self, import_id: str, on_progress: OnProgress | None = None) -> Import:
        """Wait until an import is done and return it; raise `Problem` where it failed."""
        return cast("Import", self._wait(lambda: self.get_import(import_id), on_progress))

    # Enterprises

    def enterprises(self) -> Iterator[Enterprise]:
        """The enterprises that this client may know of."""
        return cast("Iterator[Enterprise]", self._pages("/v1/enterprises"))

    def enterprise(self, enterprise: str) -> Enterprise:
        """Who a firm is."""
        return cast("Enterprise", self._get(f"/v1/enterprises/{_segment(enterprise)}"))

    def put_enterprise(self, enterprise: str, facts: Mapping[str, Any]) -> Enterprise:
        """Write a firm's master data."""
        return cast("Enterprise", self._wire.call("PUT", f"/v1/enterprises/{_segment(enterprise)}", value=facts).json())

    def portrait(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> Portrait:
        """A firm's credit portrait."""
        path = f"/v1/enterprises/{_segment(enterprise)}/portrait"
        return cast("Portrait", self._get(path, purpose=purpose, as_of=_iso(as_of), known_at=_iso(known_at)))

    def features(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> dict[str, Any]:
        """A firm's features with their hash."""
        path = f"/v1/enterprises/{_segment(enterprise)}/features"
        return cast("dict[str, Any]", self._get(path, purpose=purpose, as_of=_iso(as_of), known_at=_iso(known_at)))

    def feature_set(
        self,
        enterprises: Sequence[str] | None = None,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        outcomes: bool = False,
        purpose: Purpose = "model-training",
    ) -> Table:
        """Features of many firms (None: all that have consented) as Parquet."""
        value = {**_moments(as_of, known_at), "enterprises": _listed(enterprises), "outcomes": outcomes}
        answer = self._post("/v1/feature-sets", value, purpose=purpose)
        return Table(answer.body, answer.headers)

    # Consent

    def grant_consent(  # noqa: PLR0913 - one parameter a term
        self,
        grantee: str,
        purposes: Sequence[Purpose],
        *,
        valid_until: date,
        fields: Sequence[str] = ("features", "portrait", "score"),
        as_of_from: date | None = None,
        as_of_until: date | None = None,
        most_reads_a_day: int | None = None,
        most_reads_a_month: int | None = None,
    ) -> Consent:
        """As an enterprise: let a client read this enterprise's own file for these purposes.

        `as_of_from` and `as_of_until` are the first and last day as of which it may; the limits count new looks into
        the file, by day and by calendar month of UTC. None leaves a term open.
        """
        value: dict[str, Any] = {
            "grantee": grantee,
            "purposes": list(purposes),
            "fields": list(fields),
            "valid_until": valid_until.isoformat(),
        }
        terms = {
            "as_of_from": _iso(as_of_from),
            "as_of_until": _iso(as_of_until),
            "most_reads_a_day": most_reads_a_day,
            "most_reads_a_month": most_reads_a_month,
        }
        value |= {name: term for name, term in terms.items() if term is not None}
        return cast("Consent", self._post("/v1/consents", value).json())

    def consents(self) -> Iterator[Consent]:
        """The consents that this client gave or was given."""
        return cast("Iterator[Consent]", self._pages("/v1/consents"))

    def revoke_consent(self, consent_id: str) -> Consent:
        """As an enterprise: end a consent at once."""
        return cast("Consent", self._post(f"/v1/consents/{_segment(consent_id)}/revoke", {}).json())

    def accesses(self, enterprise: str) -> Iterator[dict[str, Any]]:
        """Who read a firm's file, when, why, under which consent."""
        return self._pages(f"/v1/enterprises/{_segment(enterprise)}/accesses")

    # Disputes, repairs, notices

    def evidence(self, enterprise: str, feature: str, *, purpose: Purpose | None = None) -> Iterator[dict[str, Any]]:
        """The records behind a figure, newest first; `name` is how a dispute or a repair names one."""
        path = f"/v1/enterprises/{_segment(enterprise)}/evidence"
        return self._pages(path, purpose=purpose, feature=feature)

    def dispute(self, item: Mapping[str, str], reason: str, statement: str) -> Dispute:
        """As an enterprise: dispute an item of your own file; from now on every read of it is marked.

        `item` is `{"kind", "record"}` as `evidence` lists it, or `{"kind": "enterprise", "field"}`. Readers see the
        statement.
        """
        value = {"item": dict(item), "reason": reason, "statement": statement}
        return cast("Dispute", self._post("/v1/disputes", value).json())

    def disputes(self, *, state: str | None = None) -> Iterator[Dispute]:
        """An enterprise's own disputes, or all for an operator; newest first."""
        query = {"state": state} if state else {}
        return cast("Iterator[Dispute]", self._pages("/v1/disputes", **query))

    def withdraw_dispute(self, dispute_id: str) -> Dispute:
        """As an enterprise: take a dispute back."""
        return cast("Dispute", self._post(f"/v1/disputes/{_segment(dispute_id)}/withdraw", {}).json())

    def decide_dispute(self, dispute_id: str, decision: str, reply: str, *, correction: str | None = None) -> Dispute:
        """As the operator: decide a dispute (corrected, confirmed, unresolved) and answer it in writing.

        A correction is `removed` or `restated`; it is told to everybody who read the file in the last twelve months.
        """
        value = {"decision": decision, "reply": reply, "correction": correction}
        return cast("Dispute", self._post(f"/v1/disputes/{_segment(dispute_id)}/decision", value).json())

    def repair(self, enterprise: str, record: str, *, decided_on: date, authority: str, document: str) -> Repair:
        """As the operator or a source: a public record was repaired; it leaves display, sharing and use at once.

        `record` is the number of its document, or its name (`rec_…`).
        """
        named = "record" if record.startswith("rec_") else "number"
        value = {"enterprise": enterprise, named: record, "decided_on": decided_on.isoformat()}
        return cast("Repair", self._post("/v1/repairs", {**value, "authority": authority, "document": document}).json())

    def repairs(self) -> Iterator[Repair]:
        """An enterprise's own repairs, a source's, or all for an operator; newest first."""
        return cast("Iterator[Repair]", self._pages("/v1/repairs"))

    def notices(self, *, open_only: bool = False) -> Iterator[Notice]:
        """What this client has to be told: corrections, repairs, terms of disputes; newest first."""
        query = {"open": "true"} if open_only else {}
        return cast("Iterator[Notice]", self._pages("/v1/notices", **query))

    def acknowledge_notice(self, notice_id: str) -> Notice:
        """Acknowledge a notice."""
        return cast("Notice", self._post(f"/v1/notices/{_segment(notice_id)}/acknowledge", {}).json())

    def retention(self) -> dict[str, Any]:
        """How long what is kept of whom, and by which law or policy."""
        return cast("dict[str, Any]", self._get("/v1/retention"))

    # Joint incentives and restrictions

    def measure_bases(self) -> dict[str, Any]:
        """The legal bases of measures (`items`) and what measures may do (`codes`)."""
        return cast("dict[str, Any]", self._get("/v1/measure-bases"))

    def set_measure(self, terms: MeasureTerms) -> Measure:
        """As the operator: set a measure that an authority has decided, from its first to its last day.

        `basis` is a key and `scope` codes of `measure_bases`; `record` is the number of a public record of the
        enterprise, with whose repair the measure ends. Days are ISO dates.
        """
        return cast("Measure", self._post("/v1/measures", dict(terms)).json())

    def end_measure(self, measure_id: str, reason: str) -> Measure:
        """As the operator: end a measure at once, before its last day."""
        return cast("Measure", self._post(f"/v1/measures/{_segment(measure_id)}/end", {"reason": reason}).json())

    def measures(self, *, planned: bool = False) -> Iterator[Measure]:
        """As the operator: all measures in force, and those that are to begin if `planned`."""
        query = {"planned": "true"} if planned else {}
        return cast("Iterator[Measure]", self._pages("/v1/measures", **query))

    def measures_of(self, enterprise: str, *, ended: bool = False, purpose: Purpose | None = None) -> Iterator[Measure]:
        """A firm's measures in force; for the firm itself also those that are over if `ended`."""
        query = {"ended": "true"} if ended else {}
        path = f"/v1/enterprises/{_segment(enterprise)}/measures"
        return cast("Iterator[Measure]", self._pages(path, purpose=purpose, **query))

    # Scores

    def score(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> Score:
        """Score a firm, with reasons; the score is stored."""
        value = {"enterprise": enterprise, **_moments(as_of, known_at)}
        return cast("Score", self._post("/v1/scores", value, purpose=purpose).json())

    def get_score(self, score_id: str) -> Score:
        """A stored score."""
        return cast("Score", self._get(f"/v1/scores/{_segment(score_id)}"))

    def recourse(
        self,
        score_id: str,
        *,
        grade: str | None = None,
        score: int | None = None,
        rules: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """The cheapest certified changes that reach a grade, a score or rules `{feature, op, value}`."""
        named = {"grade": grade, "score": score, "rules": list(rules) or None}
        target = {name: value for name, value in named.items() if value is not None}
        path = f"/v1/scores/{_segment(score_id)}/recourse"
        return cast("dict[str, Any]", self._post(path, {"target": target}).json())

    def receipt(self, score_id: str) -> dict[str, Any]:
        """The signed receipt of a stored score."""
        return cast("dict[str, Any]", self._get(f"/v1/scores/{_segment(score_id)}/receipt"))

    def score_proof(self, score_id: str) -> dict[str, Any]:
        """That the score ledger holds a score: a bundle that `smecredit.ledger.bundle` verifies offline."""
        return cast("dict[str, Any]", self._get(f"/v1/scores/{_segment(score_id)}/ledger-proof"))

    def receipt_keys(self) -> list[dict[str, Any]]:
        """The public keys that receipts are verified with (RFC 8037)."""
        return cast("list[dict[str, Any]]", self._get("/v1/receipt-keys")["keys"])

    def verify_receipt(self, receipt: Mapping[str, Any]) -> dict[str, Any]:
        """Whether a receipt is signed and its score comes out again, and where it differs."""
        return cast("dict[str, Any]", self._post("/v1/receipt-verifications", receipt).json())

    def ledger_keys(self, log: Log = "ledger") -> dict[str, Any]:
        """The public keys of a ledger's checkpoints; keep them."""
        return cast("dict[str, Any]", self._get(f"/v1/{log}/keys"))

    def ledger_bundle(self, log: Log = "ledger", *, kept: str | None = None) -> dict[str, Any]:
        """Every entry of a ledger that concerns you, with its proof against one signed checkpoint.

        `kept` is the note of a checkpoint from before: the bundle then proves that the ledger continues it. Verify it
        with `smecredit.ledger.bundle`, offline.
        """
        now = self._get(f"/v1/{log}/checkpoint")
        entries = list(self._pages(f"/v1/{log}/entries", size=str(now["size"])))
        found = {"checkpoint": now["note"], "entries": entries}
        if kept is not None:
            old = int(kept.split("\n")[1])
            sizes = {"old": str(old), "new": str(now["size"])}
            found["consistency"] = self._get(f"/v1/{log}/proofs/consistency", **sizes)["proof"] if old else []
        return found

    def override(self, score_id: str, *, grade: str, reason: str, note: str) -> dict[str, Any]:
        """Give a score another grade; it stands beside the model's."""
        value = {"grade": grade, "reason": reason, "note": note}
        return cast("dict[str, Any]", self._post(f"/v1/scores/{_segment(score_id)}/override", value).json())

    def scores_of(self, enterprise: str) -> Iterator[Score]:
        """A firm's stored scores, newest first."""
        return cast("Iterator[Score]", self._pages(f"/v1/enterprises/{_segment(enterprise)}/scores"))

    def score_batch(
        self,
        enterprises: Sequence[str] | None = None,
        *,
        as_of: date | None = None,
        purpose: Purpose = "credit-assessment",
        on_progress: OnProgress | None = None,
    ) -> list[dict[str, Any]]:
        """Score many firms (None: all that have consented); an entry has a score, or a `problem`."""
        value = {"enterprises": _listed(enterprises), **_moments(as_of, None)}
        return self._batch("/v1/score-batches", value, purpose, on_progress)

    def report_outcome(self, enterprise: str, *, defaulted: bool, observed_on: date) -> dict[str, Any]:
        """Tell what became of a loan."""
        value = {"enterprise": enterprise, "defaulted": defaulted, "observed_on": observed_on.isoformat()}
        return cast("dict[str, Any]", self._post("/v1/outcomes", value).json())

    # Models

    def train(self, *, promote: bool = False, as_of: date | None = None, seed: int | None = None) -> Model:
        """Order a new model from all firms with outcomes: see `wait_model`."""
        value = {"promote": promote, **_moments(as_of, None), **({} if seed is None else {"seed": seed})}
        return cast("Model", self._post("/v1/models", value, purpose="model-training").json())

    def model(self, version: str) -> Model:
        """A model version with its card."""
        return cast("Model", self._get(f"/v1/models/{_segment(version)}"))

    def models(self) -> Iterator[Model]:
        """All model versions."""
        return cast("Iterator[Model]", self._pages("/v1/models"))

    def approve(self, version: str, *, note: str | None = None) -> Model:
        """Approve a model that somebody else trained; one ordered with `promote` then serves."""
        return cast("Model", self._post(f"/v1/models/{_segment(version)}/approve", {"note": note}).json())

    def roll_back(self, version: str, *, note: str | None = None) -> Model:
        """Take the serving model out of service; return the one that served before and serves again."""
        return cast("Model", self._post(f"/v1/models/{_segment(version)}/rollback", {"note": note}).json())

    def promote(self, version: str) -> Model:
        """Let an approved model serve from now on."""
        return cast("Model", self._post(f"/v1/models/{_segment(version)}/promote", {}).json())

    def drift(
        self, model: str | None = None, *, since: date | None = None, until: date | None = None
    ) -> dict[str, Any]:
        """How a model fares (None: the serving one): population, back-test, vintages, migrations, overrides."""
        return cast("dict[str, Any]", self._get("/v1/drift", model=model, since=_iso(since), until=_iso(until)))

    def wait_model(self, version: str, on_progress: OnProgress | None = None) -> Model:
        """Wait until a model is trained and return it; raise `Problem` where training failed."""
        pause = FIRST_PAUSE
        while (model := self.model(version))["state"] == "training":
            _tell(on_progress, model.get("progress"))
            pause = _sleep(pause)
        if model["state"] == "failed":
            raise Problem.of(model.get("problem"))
        return model

    def evaluate_book(
        self, *, folds: int, repeats: int, as_of: date | None = None, on_progress: OnProgress | None = None
    ) -> dict[str, Any]:
        """Evaluate the pipeline on the suite's own firms with outcomes."""
        value = {"folds": folds, "repeats": repeats, **_moments(as_of, None)}
        answer = self._post("/v1/evaluations", value, purpose="model-training")
        return self._evaluated(answer, on_progress)

    def evaluate_table(
        self,
        table: Path,
        *,
        label: str,
        drop: Sequence[str] = (),
        holdout: Path | None = None,
        folds: int = 5,
        repeats: int = 10,
        on_progress: OnProgress | None = None,
    ) -> dict[str, Any]:
        """Evaluate the pipeline on a table of your own (CSV or Parquet)."""
        parts: list[tuple[str, Any]] = [("table", (table.name, table.read_bytes(), "application/octet-stream"))]
        if holdout:
            parts.append(("holdout", (holdout.name, holdout.read_bytes(), "application/octet-stream")))
        parts += [("label", label), ("folds", str(folds)), ("repeats", str(repeats))]
        parts += [("drop", column) for column in drop]
        body, content_type = encode_multipart_formdata(parts)
        answer = self._wire.call("POST", "/v1/evaluations", body=body, headers={"Content-Type": content_type})
        return self._evaluated(answer, on_progress)

    # Products and matches

    def products(self) -> Iterator[dict[str, Any]]:
        """The product catalogue."""
        return self._pages("/v1/products")

    def add_product(self, product: Mapping[str, Any]) -> dict[str, Any]:
        """Add a bank product."""
        return cast("dict[str, Any]", self._post("/v1/products", product).json())

    def put_product(self, product: Mapping[str, Any]) -> dict[str, Any]:
        """Publish a product, or its next version where it differs from the newest; the same again changes nothing."""
        path = f"/v1/products/{_segment(product['id'])}"
        return cast("dict[str, Any]", self._wire.call("PUT", path, value=product).json())

    def match(
        self,
        enterprise: str,
        *,
        amount_fen: int,
        months: int,
        kind: str | None = None,
        as_of: date | None = None,
        purpose: Purpose = "financing-match",
    ) -> Match:
        """Find the products that fit a need: a soft check."""
        value = {"enterprise": enterprise, "need": _need(amount_fen, months, kind), **_moments(as_of, None)}
        return cast("Match", self._post("/v1/matches", value, purpose=purpose).json())

    def get_match(self, match_id: str) -> Match:
        """A stored match."""
        return cast("Match", self._get(f"/v1/matches/{_segment(match_id)}"))

    def match_batch(
        self,
        enterprises: Sequence[str] | None = None,
        *,
        amount_fen: int,
        months: int,
        purpose: Purpose = "financing-match",
        on_progress: OnProgress | None = None,
    ) -> list[dict[str, Any]]:
        """Match many firms for one need; an entry has offers and refusals, or a `problem`."""
        value = {"enterprises": _listed(enterprises), "need": _need(amount_fen, months, None)}
        return self._batch("/v1/match-batches", value, purpose, on_progress)

    # Plans

    def import_churn(self, curves: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Import your bank's churn curves: `[{"grades": [...], "points": [{"rate", "churn"}...]}...]`."""
        return cast("dict[str, Any]", self._post("/v1/churn-curves", {"curves": list(curves)}).json())

    def allocate(self, order: Mapping[str, Any], *, on_progress: OnProgress | None = None) -> dict[str, Any]:
        """Divide a budget over firms (see `POST /v1/allocations`) and return the plan with its proof."""
        return self._plan("/v1/allocations", order, on_progress)

    def assign(self, order: Mapping[str, Any], *, on_progress: OnProgress | None = None) -> dict[str, Any]:
        """Assign products to many firms at once (see `POST /v1/assignments`)."""
        return self._plan("/v1/assignments", order, on_progress)

    # Clients

    def create_clients(self, clients: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """As an operator: make clients; each answer holds the key, shown this once."""
        return cast("list[dict[str, Any]]", self._post("/v1/clients", list(clients)).json())

    # How it is done

    def _get(self, path: str, *, purpose: str | None = None, **query: str | None) -> Any:
        return self._wire.call("GET", path, query=query, headers=_purpose(purpose)).json()

    def _post(self, path: str, value: Any, *, purpose: str | None = None) -> Answer:
        return self._wire.call("POST", path, value=value, headers=_purpose(purpose))

    def _pages(self, path: str, *, purpose: str | None = None, **query: str) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            asked = {"limit": 100, "cursor": cursor, **query}
            page = self._wire.call("GET", path, query=asked, headers=_purpose(purpose)).json()
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return

    def _batch(self, path: str, value: Any, purpose: str, on_progress: OnProgress | None) -> list[dict[str, Any]]:
        job = self._post(path, value, purpose=purpose).json()
        place = f"{path}/{_segment(job['id'])}"
        self._wait(lambda: self._get(place), on_progress)
        return self._wire.call("GET", f"{place}/results").lines()

    def _plan(self, path: str, order: Mapping[str, Any], on_progress: OnProgress | None) -> dict[str, Any]:
        place = f"{path}/{_segment(self._post(path, dict(order), purpose='financing-match').json()['id'])}"
        # Reading a finished plan is a read of each firm's file, so that its purpose is named.
        done = cast("dict[str, Any]", self._wait(lambda: self._get(place, purpose="financing-match"), on_progress))
        return cast("dict[str, Any]", done["result"])

    def _evaluated(self, answer: Answer, on_progress: OnProgress | None) -> dict[str, Any]:
        evaluation = answer.json()
        place = f"/v1/evaluations/{_segment(evaluation['id'])}"
        done = cast("Evaluation", self._wait(lambda: self._get(place), on_progress))
        return done["result"] or {}

    def _wait(self, look: Callable[[], Any], on_progress: OnProgress | None) -> Job:
        pause = FIRST_PAUSE
        while (job := cast("Job", look()))["state"] in ("queued", "running"):
            _tell(on_progress, job.get("progress"))
            pause = _sleep(pause)
        if job["state"] == "failed":
            raise Problem.of(job.get("problem"))
        _tell(on_progress, job.get("progress"))
        return job


class _Reading:
    """A file that tells how much of it has been read; it can be rewound for a retry."""

    def __init__(self, file: IO[bytes], size: int, on_sent: OnProgress) -> None:
        self._file, self._size, self._on_sent = file, size, on_sent

    def read(self, amount: int = -1) -> bytes:
        """The next bytes."""
        data = self._file.read(amount)
        self._on_sent(self._file.tell(), self._size)
        return data

    def tell(self) -> int:
        """Where the file stands."""
        return self._file.tell()

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere in the file."""
        return self._file.seek(place, whence)


def _tell(on_progress: OnProgress | None, progress: Progress | None) -> None:
    """Report progress where someone listens."""
    if on_progress and progress:
        on_progress(progress["done"], progress["total"])


def _sleep(pause: float) -> float:
    """Wait a little and return the next, longer pause."""
    time.sleep(pause)
    return min(pause * 1.5, LONGEST_PAUSE)


def _segment(text: str) -> str:
    """An id as one segment of a path."""
    return quote(text, safe=":")


def _purpose(purpose: str | None) -> dict[str, str]:
    """The header that names why someone else's file is read."""
    return {"Purpose": purpose} if purpose else {}


def _iso(moment: date | None) -> str | None:
    """A date or moment on the wire."""
    return moment.isoformat() if moment else None


def _moments(as_of: date | None, known_at: datetime | None) -> dict[str, str]:
    """The two times of a question, where given."""
    given = {"as_of": _iso(as_of), "known_at": _iso(known_at)}
    return {name: text for name, text in given.items() if text}


def _listed(enterprises: Iterable[str] | None) -> list[str] | None:
    """The firms asked for, None for all."""
    return None if enterprises is None else list(enterprises)


def _need(amount_fen: int, months: int, kind: str | None) -> dict[str, Any]:
    """A financing need on the wire."""
    return {"amount_fen": amount_fen, "months": months, **({"kind": kind} if kind else {})}
