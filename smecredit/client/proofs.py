"""What proves a score or a decision to somebody who trusts nobody: receipts and ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smecredit.answers import Log
from smecredit.client.calls import Calls, Json, segment


class Proofs(Calls):
    """Receipts of scores, and what the ledgers hold; `smecredit.ledger` verifies the latter offline."""

    def receipt(self, score_id: str) -> Json:
        """Return the signed receipt of a stored score."""
        return self._get(Json, f"/v1/scores/{segment(score_id)}/receipt")

    def receipt_keys(self) -> list[Json]:
        """Return the public keys that receipts are verified with (RFC 8037)."""
        keys: list[Json] = self._get(Json, "/v1/receipt-keys")["keys"]
        return keys

    def verify_receipt(self, receipt: Mapping[str, Any]) -> Json:
        """Return whether a receipt is signed and its score comes out again, and where it differs."""
        return self._post(Json, "/v1/receipt-verifications", receipt)

    def score_proof(self, score_id: str) -> Json:
        """Prove that the score ledger holds a score: a bundle that `smecredit.ledger.bundle` verifies offline."""
        return self._get(Json, f"/v1/scores/{segment(score_id)}/ledger-proof")

    def ledger_keys(self, log: Log = "ledger") -> Json:
        """Return the public keys of a ledger's checkpoints; keep them."""
        return self._get(Json, f"/v1/{log}/keys")

    def ledger_bundle(self, log: Log = "ledger", *, kept: str | None = None) -> Json:
        """Return every entry of a ledger that concerns you, with its proof against one signed checkpoint.

        `kept` is the note of a checkpoint from before: the bundle then proves that the ledger continues it. Verify it
        with `smecredit.ledger.bundle`, offline.
        """
        checkpoint = self._get(Json, f"/v1/{log}/checkpoint")
        size = str(checkpoint["size"])
        entries = list(self._pages(Json, f"/v1/{log}/entries", size=size))
        bundle: Json = {"checkpoint": checkpoint["note"], "entries": entries}
        if kept is not None:
            bundle["consistency"] = self._consistency(log, int(kept.split("\n")[1]), size)
        return bundle

    def _consistency(self, log: Log, old: int, new: str) -> list[str]:
        """Return the proof that a ledger of this size continues an older one; the empty ledger needs none."""
        if not old:
            return []
        proof: list[str] = self._get(Json, f"/v1/{log}/proofs/consistency", old=str(old), new=new)["proof"]
        return proof
