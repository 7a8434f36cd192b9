/* Forms that a passkey submits. data-passkey is "create" or "get"; data-options is the id of the JSON block with the WebAuthn
   options. Without one they are fetched from the form's action. */
(() => {
  "use strict";

  const IS_IP_ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/.test(location.hostname);

  /** Why passkeys don't work on this page, or "". WebAuthn needs a domain name and a secure context. */
  function findBlocker() {
    if (IS_IP_ADDRESS) return `Passkeys don't work on an IP address (${location.hostname}).${suggestLocalhost()}`;
    if (!window.isSecureContext) return "Passkeys need HTTPS. Ask your administrator to set it up.";
    if (!window.PublicKeyCredential) return "This browser doesn't support passkeys.";
    return "";
  }

  function suggestLocalhost() {
    const isLoopback = location.hostname === "127.0.0.1" || location.hostname === "[::1]";
    return isLoopback ? ` Open http://localhost:${location.port} instead.` : "";
  }

  function describeError(error) {
    if (error.name === "NotAllowedError") return "Passkey not used: cancelled, timed out, or not found on this device.";
    if (error.name === "InvalidStateError") return "This device or key is already added.";
    return `Passkey failed: ${error.message}`;
  }

  async function loadOptions(form) {
    const block = document.getElementById(form.dataset.options);
    if (block) return JSON.parse(block.textContent);
    const response = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error("the server rejected the request. Wait a minute, then try again.");
    return (await response.json()).request_options;
  }

  async function requestCredential(form) {
    const options = await loadOptions(form);
    if (form.dataset.passkey === "get") return webauthnJSON.get(options);
    const isPasswordless = form.elements.passwordless?.checked;
    const selection = options.publicKey.authenticatorSelection;
    selection.residentKey = isPasswordless ? "required" : "discouraged";
    selection.requireResidentKey = isPasswordless;
    if (isPasswordless) selection.userVerification = "required";
    return webauthnJSON.create(options);
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const note = form.querySelector("[data-passkey-error]");
    const button = form.querySelector("button");
    const showNote = (text) => {
      note.textContent = text;
      note.hidden = !text;
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      showNote(findBlocker());
      if (!note.hidden) return;
      button.disabled = true;
      try {
        form.elements.credential.value = JSON.stringify(await requestCredential(form));
        form.submit();
      } catch (error) {
        button.disabled = false;
        showNote(describeError(error));
      }
    });
  }
})();
