// What every page of the portal runs: partial updates by htmx, and the proofs of a ledger. Charts are charts.js.
import "htmx.org";
import { start as verifyLedger } from "./ledger.js";

for (const element of document.querySelectorAll("[data-ledger]")) verifyLedger(element);
