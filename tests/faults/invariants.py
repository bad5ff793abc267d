"""What must hold after any fault: one set of questions, each asked of the suite itself, its databases and its files.

Counts add up; the book is the lake and both are what was received; ledgers prove that they only grew; nothing that was
acknowledged is gone; nothing was done twice; and readiness tells the truth.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from faults.books import Books
from faults.door import Act, GaveUp
from faults.load import BANK, SOURCE, Load, Postbox, Sent
from faults.stage import NeverWell, Stage

from smecredit import ledger

How = Literal["lost", "doubled", "silent"]
OURS = ("/problems/job-crashed", "/problems/job-killed")
DONE_SECONDS = 240.0
# Each table with rows that the load makes, in the database of which service.
COUNTED = {"imports": "profile", "consents": "profile", "scores": "scoring", "applications": "matching"}
LOGS = ("ledger", "score-ledger", "agreement-ledger")


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold: what was lost, came twice, or went wrong in silence."""

    how: How
    what: str


class Asked:
    """The questions of one stage under one load; what was asked before is the ground of what is asked next."""

    def __init__(self, stage: Stage, load: Load, box: Postbox) -> None:
        self._stage, self._load, self._box, self._door = stage, load, box, load.door
        self._books = Books(stage)
        self.seconds: dict[str, float] = {}  # that each step took when it was asked last
        self._kept: dict[str, str] = {}
        self._seen: Counter[str] = Counter()
        self._before = self._counted()
        self._book_before = self._door.read(SOURCE, "/v1/book")["invoices"]
        self._messages_before = self._deliveries()
        list(self._ledgers())

    def ask(self) -> list[Broken]:
        """Wait until everybody has an answer and the suite is well, and return what does not hold."""
        self.seconds.clear()
        began = time.monotonic()
        with self._load.still():
            self.seconds["still"] = time.monotonic() - began
            try:
                self.seconds["well"] = self._stage.wait_well()
            except NeverWell as error:
                return [Broken("silent", f"it did not come back by itself: {error}")]
            return self.questions()

    def settled(self) -> None:
        """Wait until no worker has anything left to do; raise `NeverWell` where that does not come."""
        query = "SELECT count(*) FROM jobs WHERE state = 'running' OR state = 'queued' AND due_at IS NULL"
        parts = ("profile", "scoring", "matching")

        def at_rest() -> bool:
            return not any(self._books.column(part, query)[0] for part in parts)

        self._stage.until(at_rest, DONE_SECONDS, lambda: "jobs wait for ever")

    def questions(self, *, anew: bool = False) -> list[Broken]:
        """Return what does not hold of a suite at rest; `anew` also asks of what was found in its place before."""
        found: list[Broken] = []
        if anew:
            self._seen.clear()
        try:
            for question in self._questions:
                began = time.monotonic()
                found += question(self)
                self.seconds[question.__name__.strip("_")] = time.monotonic() - began
        except (GaveUp, NeverWell) as error:
            found.append(Broken("lost", str(error)))
        return found

    def _answers(self) -> Iterator[Broken]:
        """Whatever was sent was answered at last, and no answer was a fault without a name."""
        while self._load.journal.broken:
            yield Broken("lost", self._load.journal.broken.pop())
        while self._door.faults:
            yield Broken("silent", f"500: {self._door.faults.pop()}")

    def _imports(self) -> Iterator[Broken]:
        """Each file is done, its counts are those of the file and add up, and so is the book."""
        for sent in self._load.journal.imports[self._seen["imports"] :]:
            told = self._done(sent)
            counts = {name: told[name] for name in sent.counts}
            if counts != sent.counts:
                yield Broken("lost", f"import {sent.id} of {sent.mark}: {counts} instead of {dict(sent.counts)}")
        accepted = sum(sent.counts["accepted"] for sent in self._load.journal.imports)
        held = self._door.read(SOURCE, "/v1/book")["invoices"] - self._book_before
        if held != accepted:
            yield Broken("lost" if held < accepted else "doubled", f"the book gained {held} invoices of {accepted}")
        self._seen["imports"] = len(self._load.journal.imports)

    def _left(self) -> Iterator[Broken]:
        """Nothing lies beside the files received that a killed import had begun."""
        for path in (self._stage.home / "uploads").glob("*.slices"):
            yield Broken("silent", f"{path.name} was left behind")

    def _done(self, sent: Sent) -> Any:
        """Return an import at its end. One that killed its workers is run again, as an operator would."""
        deadline = time.monotonic() + DONE_SECONDS
        while (told := self._door.read(SOURCE, f"/v1/imports/{sent.id}"))["state"] != "done":
            if told["state"] == "failed":
                if told["problem"]["type"] not in OURS:
                    raise GaveUp(f"import {sent.id} failed: {told['problem']}")
                self._books.run_again("profile", sent.id)
            if time.monotonic() > deadline:
                raise GaveUp(f"import {sent.id} stays {told['state']}")
            time.sleep(0.2)
        return told

    def _acknowledged(self) -> Iterator[Broken]:
        """What was acknowledged can be read."""
        journal = self._load.journal
        places = [(BANK, f"/v1/scores/{score}") for score in journal.scores[self._seen["scores"] :]]
        places += [(BANK, f"/v1/applications/{each}") for each in journal.applications[self._seen["applications"] :]]
        for who, place in places:
            status, answer = self._door.once(Act(who, "GET", place, ""))
            if status != 200:
                yield Broken("lost", f"{place}: {status} {answer}")
        given = set(self._books.column("profile", "SELECT id FROM consents"))
        for _, consent in journal.consents[self._seen["consents"] :]:
            if consent not in given:
                yield Broken("lost", f"consent {consent}")
        for name in ("scores", "applications", "consents"):
            self._seen[name] = len(getattr(journal, name))

    def _once(self) -> Iterator[Broken]:
        """As many rows came as acts were acknowledged, and each invoice is in the lake once."""
        for name, count in self._counted().items():
            acts, rows = len(getattr(self._load.journal, name)), count - self._before[name]
            if rows != acts:
                yield Broken("doubled" if rows > acts else "lost", f"{rows} {name} of {acts} acts")
        yield from self._lake()

    def _lake(self) -> Iterator[Broken]:
        """Each invoice of each file is in the lake once, as a reader of the files finds it."""
        held = self._books.lake()
        for sent in self._load.journal.imports:
            rows, own = held.get(sent.mark, (0, 0))
            if rows > own:
                yield Broken("doubled", f"{own} invoices of {sent.mark} are {rows} rows in the lake")
            if own != sent.counts["accepted"]:
                yield Broken("lost", f"the lake holds {own} of {sent.counts['accepted']} invoices of {sent.mark}")

    def _delivered(self) -> Iterator[Broken]:
        """Each move of a dossier has one message, and each message came."""
        deadline = time.monotonic() + DONE_SECONDS
        wanted = 2 * len(self._load.journal.applications)
        while (states := self._deliveries() - self._messages_before)["delivered"] < wanted:
            if time.monotonic() > deadline:
                yield Broken("lost", f"messages: {dict(states)} of {wanted}")
                return
            time.sleep(0.3)
        if states.total() != wanted:
            yield Broken("doubled", f"{states.total()} messages for {wanted} moves")
        ids = set(self._books.column("matching", "SELECT id FROM webhook_deliveries WHERE state = 'delivered'"))
        if missing := ids - set(self._box.got):
            yield Broken("silent", f"{len(missing)} messages are told delivered and never came")

    def _ledgers(self) -> Iterator[Broken]:
        """Each ledger continues what it was when it was asked before."""
        for log in LOGS:
            key = self._door.read(BANK, f"/v1/{log}/keys")["keys"][0]
            head, kept = self._door.read(BANK, f"/v1/{log}/checkpoint"), self._kept.get(log)
            if not head["size"]:  # an empty ledger binds nobody; one that is empty again lost what it held
                if kept is not None:
                    yield Broken("lost", f"{log}: it is empty")
                continue
            self._kept[log] = note = head["note"]
            if kept is None:
                continue
            before, now = ledger.checkpoint(kept, key), ledger.checkpoint(note, key)
            path = f"/v1/{log}/proofs/consistency?old={before.size}&new={now.size}"
            proof = self._door.read(BANK, path)["proof"] if 0 < before.size < now.size else []
            try:
                ledger.consistent(before, now, [bytes.fromhex(each) for each in proof])
            except ledger.NotProved as error:
                yield Broken("lost", f"{log}: {error}")

    def _verified(self) -> Iterator[Broken]:
        """`verify --deep` finds nothing: files, log, database, ledger's roots, files received."""
        for finding in self._books.verified():
            yield Broken("lost", f"verify: {finding}")

    def _counted(self) -> dict[str, int]:
        """Return how many rows each table of acts has."""
        return {
            table: self._books.column(part, f"SELECT count(*) FROM {table}")[0]  # noqa: S608 -- ours
            for table, part in COUNTED.items()
        }

    def _deliveries(self) -> Counter[str]:
        """Return how many messages are in which state."""
        query = "SELECT state, count(*) FROM webhook_deliveries GROUP BY state"
        return Counter(self._books.pairs("matching", query))

    _questions = (_answers, _imports, _left, _acknowledged, _once, _delivered, _ledgers, _verified)
