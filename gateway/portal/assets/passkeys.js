// Has the browser make or use a passkey for a form, and sends its answer with the form: Web Authentication speaks in
// bytes, forms in text (base64url, as in the standard's own JSON).
const encoded = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const decoded = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const known = (listed = []) => listed.map((each) => ({ ...each, id: decoded(each.id) }));

export function asked(options) {
  const read = { ...options, challenge: decoded(options.challenge) };
  if (options.user) read.user = { ...options.user, id: decoded(options.user.id) };
  if (options.excludeCredentials) read.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) read.allowCredentials = known(options.allowCredentials);
  return read;
}

export function answered(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = encoded(credential.response[name]);
  return JSON.stringify({
    id: credential.id,
    rawId: encoded(credential.rawId),
    type: credential.type,
    clientExtensionResults: {},
    response,
  });
}

export function start(form) {
  const failed = form.querySelector("[role=alert][hidden]");
  form.addEventListener("submit", async (event) => {
    if (form.elements.shown.value) return;
    event.preventDefault();
    failed.hidden = true;
    try {
      const publicKey = asked(JSON.parse(form.dataset.asked));
      form.elements.shown.value = answered(await navigator.credentials[form.dataset.passkey]({ publicKey }));
    } catch {
      // Browsers tell a page no more than that nothing came of it.
      failed.textContent = form.dataset.failed;
      failed.hidden = false;
      return;
    }
    form.submit();
  });
}
