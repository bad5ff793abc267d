"""The law of taking back: the book is as if the import had never been sent, and every earlier moment as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from profile_house import HEADER, House

from chassis.data.worker import Worker
from services.profile.book import state_store, step_store
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import gather
from services.profile.book.usecases.touch import JOB as WATCH
from services.profile.jobs import handlers

# Statements of one invoice: valid, void, valid with another tax.
SAID = ("100.00,13.00,113.00,有效发票", "100.00,13.00,113.00,作废发票", "99.00,14.00,113.00,有效发票")
HELD = ((10000, "valid"), (10000, "void"), (9900, "valid"))
FIRMS = count(1)
File = Mapping[int, int]
files = st.dictionaries(st.integers(1, 3), st.integers(0, 2), min_size=1)
# A file to send, or which of those sent is taken back.
steps = st.lists(st.one_of(files, st.integers(0, 5)), min_size=2, max_size=7)


@dataclass
class Firm:
    """A firm whose file grows and shrinks, and what was shown of it at each moment."""

    house: House
    name: str
    worker: Worker
    sent: list[tuple[str, File]] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    shown: list[tuple[datetime, dict[int, tuple[int, str]]]] = field(default_factory=list)

    def send(self, file: File) -> None:
        # Each file has a name of its own: the same one would be an old file sent again.
        name = f"{self.name}-{len(self.sent)}.csv"
        rows = "".join(f"{self.name},{number},2019/1/4,A1,{SAID[said]}\n" for number, said in file.items())
        self.sent.append((self.house.send("invoices.purchase", HEADER + rows, name)["id"], file))

    def take_back(self, place: int) -> None:
        if place < len(self.sent) and place not in self.gone:
            answer = self.house.client.post(f"/v1/imports/{self.sent[place][0]}/withdraw", headers=self.house.source)
            assert answer.status_code == 200
            self.gone.add(place)
        while self.worker.run_once():
            pass

    def read(self, known_at: datetime | None) -> dict[int, tuple[int, str]]:
        """Return what is known of each invoice at a moment."""
        with self.house.context.database.read() as session:
            versions = step_store.lake_versions(session, known_at)
        moment = Moment(versions["invoices"], date(2020, 1, 1), known_at)
        rows = gather(self.house.context, moment, Whole(Why.REPLAY, (f"local:{self.name}",))).invoices
        found = {int(row["number"]): (row["net_fen"], row["status"]) for row in rows.iter_rows(named=True)}
        assert len(found) == rows.height
        return found

    def expected(self) -> dict[int, tuple[int, str]]:
        """Return what the imports that stand say, the last one last."""
        said: dict[int, int] = {}
        for place, (_, file) in enumerate(self.sent):
            said |= {} if place in self.gone else file
        return {number: HELD[value] for number, value in said.items()}

    def look(self) -> None:
        with self.house.context.database.read() as session:
            known_at = state_store.book(session).known_at
        self.shown.append((known_at, self.read(None)))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_the_book_is_as_if_it_had_never_been_sent(cottage: House, steps: Sequence[File | int]) -> None:
    """Whatever is sent and taken back in whatever order; and a replay of every moment gives what was shown then."""
    # Signals are not looked at here: without them the law is held many times as often.
    work = {kind: done for kind, done in handlers(cottage.context).items() if kind != WATCH}
    firm = Firm(cottage, f"T{next(FIRMS)}", Worker(cottage.context.database, work))
    firm.send({1: 0})
    for step in steps:
        firm.take_back(step) if isinstance(step, int) else firm.send(step)
        firm.look()
        assert firm.shown[-1][1] == firm.expected()
    for known_at, shown in firm.shown:
        assert firm.read(known_at) == shown
