"""How a file is put right: the records behind a figure, disputes, repairs, and the notices of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from smecredit.answers import Dispute, Notice, Purpose, Repair
from smecredit.client.calls import Calls, Json, segment


class Corrections(Calls):
    """Disputes of an enterprise with its own file, repairs of public records, and who has to hear of them."""

    def evidence(self, enterprise: str, feature: str, *, purpose: Purpose | None = None) -> Iterator[Json]:
        """Return the records behind a figure, newest first; `name` is how a dispute or a repair names one."""
        path = f"/v1/enterprises/{segment(enterprise)}/evidence"
        return self._pages(Json, path, purpose=purpose, feature=feature)

    def invoice_lines(self, enterprise: str, record: str, *, purpose: Purpose | None = None) -> Json:
        """Return the lines of an invoice, the largest first; `record` is its name in `evidence`."""
        path = f"/v1/enterprises/{segment(enterprise)}/invoices/{segment(record)}/lines"
        return self._get(Json, path, purpose=purpose)

    def dispute(self, item: Mapping[str, str], reason: str, statement: str) -> Dispute:
        """Dispute an item of your own file; from now on every read of it is marked. You are an enterprise.

        `item` is `{"kind", "record"}` as `evidence` lists it, or `{"kind": "enterprise", "field"}`. Readers see the
        statement.
        """
        value = {"item": dict(item), "reason": reason, "statement": statement}
        return self._post(Dispute, "/v1/disputes", value)

    def disputes(self, *, state: str | None = None) -> Iterator[Dispute]:
        """Return an enterprise's own disputes, or all for an operator; newest first."""
        return self._pages(Dispute, "/v1/disputes", state=state)

    def withdraw_dispute(self, dispute_id: str) -> Dispute:
        """Take a dispute back; you are the enterprise that opened it."""
        return self._post(Dispute, f"/v1/disputes/{segment(dispute_id)}/withdraw", {})

    def decide_dispute(self, dispute_id: str, decision: str, reply: str, *, correction: str | None = None) -> Dispute:
        """Decide a dispute (corrected, confirmed, unresolved) and answer it in writing; you are the operator.

        A correction is `removed` or `restated`; everybody who read the file in the last twelve months gets a notice.
        """
        value = {"decision": decision, "reply": reply, "correction": correction}
        return self._post(Dispute, f"/v1/disputes/{segment(dispute_id)}/decision", value)

    def repair(self, enterprise: str, record: str, *, decided_on: date, authority: str, document: str) -> Repair:
        """Report that a public record was repaired: it leaves display, sharing and use at once.

        You are the operator or a source. `record` is the number of its document, or its name (`rec_…`).
        """
        named = "record" if record.startswith("rec_") else "number"
        decision = {"decided_on": decided_on.isoformat(), "authority": authority, "document": document}
        return self._post(Repair, "/v1/repairs", {"enterprise": enterprise, named: record, **decision})

    def repairs(self) -> Iterator[Repair]:
        """Return an enterprise's own repairs, a source's, or all for an operator; newest first."""
        return self._pages(Repair, "/v1/repairs")

    def notices(self, *, open_only: bool = False) -> Iterator[Notice]:
        """Return the notices to this client: corrections, repairs, terms of disputes; newest first."""
        return self._pages(Notice, "/v1/notices", open="true" if open_only else None)

    def acknowledge_notice(self, notice_id: str) -> Notice:
        """Acknowledge a notice."""
        return self._post(Notice, f"/v1/notices/{segment(notice_id)}/acknowledge", {})

    def retention(self) -> Json:
        """Return how long each kind of record is kept, and by which law or policy."""
        return self._get(Json, "/v1/retention")
