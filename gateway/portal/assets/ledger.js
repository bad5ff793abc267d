// Verifies the ledger's page in the reader's own browser: RFC 9162 proofs and a signed note (C2SP), by WebCrypto, with the
// public key in the field and nothing else. Each ledger's checkpoint is kept here, so that the next visit shows that it grew.
const KEPT = "smecredit-ledger";
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const decoded = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const utf8 = (text) => new TextEncoder().encode(text);
const same = (one, other) => one.length === other.length && one.every((byte, place) => byte === other[place]);
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
const node = (left, right) => sha256([1], left, right);

// Every sibling on the way up from a place, and whether it stands on the left (RFC 9162, sections 2.1.3.2 and 2.1.4.2).
function steps(place, last, proof) {
  const found = [];
  for (const sibling of proof) {
    if (last === 0) throw new Error("long");
    const left = place % 2 === 1 || place === last;
    found.push([sibling, left]);
    while (left && place && place % 2 === 0) [place, last] = [place / 2, Math.floor(last / 2)];
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  if (last) throw new Error("short");
  return found;
}

export async function checkpoint(note, key) {
  const [origin, id, encoded] = parts(key);
  const typed = decoded(encoded);
  const hash = (await sha256(utf8(`${origin}\n`), typed)).slice(0, 4);
  if (typed[0] !== 1 || !same(hash, bytes(id))) throw new Error("key");
  const split = note.indexOf("\n\n");
  const body = note.slice(0, split + 1);
  const signature = note.slice(split + 2).split("\n").find((line) => line.startsWith(`— ${origin} `));
  const raw = decoded(signature.split(" ")[2]);
  const usable = await crypto.subtle.importKey("raw", typed.slice(1), "Ed25519", false, ["verify"]);
  const right = same(raw.slice(0, 4), hash) && (await crypto.subtle.verify("Ed25519", usable, raw.slice(4), utf8(body)));
  const [name, size, root] = body.split("\n");
  if (!right || name !== origin) throw new Error("signature");
  if (!/^[0-9]{1,15}$/.test(size)) throw new Error("size");
  return { size: Number(size), root: decoded(root) };
}

// The key's own base64 may hold a plus.
function parts(key) {
  const first = key.indexOf("+");
  const second = key.indexOf("+", first + 1);
  return [key.slice(0, first), key.slice(first + 1, second), key.slice(second + 1)];
}

export async function included(entry, head) {
  let root = await sha256([0], utf8(entry.leaf));
  for (const [sibling, left] of steps(entry.n, head.size - 1, entry.proof.map(bytes)))
    root = left ? await node(sibling, root) : await node(root, sibling);
  const said = JSON.parse(entry.leaf);
  for (const role of ["subject", "actor", "grantee"]) {
    // Entries of the first form, and servers of that time, name no grantee.
    const [name, hidden] = [entry[role] ?? null, said[role] ?? null];
    // A name without a salt proves nothing, nor does a salt without the name that the leaf hides.
    if (name === null && (entry.salt === null || hidden === null)) continue;
    if ([entry.salt, name, hidden].includes(null)) return false;
    // Sixteen bytes, else one of them could move into the name.
    if (!/^[0-9a-f]{32}$/.test(entry.salt)) return false;
    if (!same(await sha256(bytes(entry.salt), utf8(name)), bytes(hidden))) return false;
  }
  return entry.n < head.size && same(root, head.root);
}

// Every ledger would continue an empty one, so that binds nobody: it is never kept, nor taken for one that grew.
export async function continues(old, head, proof) {
  if (old.size === head.size) return same(old.root, head.root);
  if (!(old.size > 0 && old.size < head.size) || !proof.length) return false;
  const path = proof.map(bytes);
  if ((old.size & (old.size - 1)) === 0) path.unshift(old.root);
  let [place, last] = [old.size - 1, head.size - 1];
  while (place % 2) [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  let [before, now] = [path[0], path[0]];
  for (const [sibling, left] of steps(place, last, path.slice(1))) {
    if (left) before = await node(sibling, before);
    now = left ? await node(sibling, now) : await node(now, sibling);
  }
  return same(before, old.root) && same(now, head.root);
}

async function grown(page, key, head, note) {
  const place = `${KEPT} ${parts(key)[0]}`;
  const keep = () => head.size > 0 && localStorage.setItem(place, JSON.stringify({ note, key }));
  const kept = JSON.parse(localStorage.getItem(place) ?? "null");
  // Another key does not begin another ledger: what the old one signed still binds.
  const old = kept === null ? null : await checkpoint(kept.note, kept.key);
  if (old === null || old.size === 0) {
    keep();
    return "first";
  }
  const proof = old.size < head.size ? await proved(page, old, head) : [];
  if (!(await continues(old, head, proof))) return "shrunk"; // what was kept is the evidence, and stays
  keep();
  return "grown";
}

async function proved(page, old, head) {
  const answer = await fetch(`${page.dataset.consistency}?old=${old.size}&new=${head.size}`);
  return (await answer.json()).proof;
}

async function verify(page) {
  const { note, entries } = JSON.parse(document.getElementById(page.dataset.from).textContent);
  const key = document.getElementById(page.dataset.key).value.trim();
  const tell = (cell, verdict) => {
    cell.textContent = page.dataset[verdict];
    cell.dataset.verdict = verdict;
  };
  const signed = page.querySelector("[data-signed]");
  const log = page.querySelector("[data-continuity]");
  const cells = [...page.querySelectorAll("[data-entry]")];
  for (const cell of [signed, log, ...cells]) cell.textContent = page.dataset.checking;
  try {
    const head = await checkpoint(note, key);
    tell(signed, "right");
    for (const [place, cell] of cells.entries()) {
      const right = await included(entries[place], head).catch(() => false);
      tell(cell, right ? "right" : "wrong");
    }
    tell(log, await grown(page, key, head, note).catch(() => "shrunk"));
  } catch {
    for (const cell of [signed, log, ...cells]) tell(cell, "wrong");
  }
  page.dataset.verified = "";
}

export function start(page) {
  document.getElementById(page.dataset.key).addEventListener("change", () => verify(page));
  return verify(page);
}
