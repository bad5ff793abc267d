// What every page of the portal runs: partial updates by htmx, tables as cards, the proofs of a ledger. Charts are charts.js.
import "htmx.org";
import { stack } from "./cards.js";
import { start as verifyLedger } from "./ledger.js";
import { start as offerPasskey } from "./passkeys.js";

stack(document);
document.addEventListener("htmx:afterSwap", (event) => stack(event.target));
for (const element of document.querySelectorAll("[data-ledger]")) verifyLedger(element);
for (const form of document.querySelectorAll("form[data-passkey]")) offerPasskey(form);
