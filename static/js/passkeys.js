/* Forms that a passkey fills: data-passkey says whether one is made ("create") or asked for ("get"), data-options names the
   JSON block with what the server wants of it; without one the form's own address is asked. */
(() => {
  "use strict";

  const ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/.test(location.hostname);

  // What stands in the way on this page, in words; empty where nothing does.
  function blocker() {
    if (ADDRESS) return `A passkey needs a name in the address, and ${location.hostname} is a number.${onThisMachine()}`;
    if (!window.isSecureContext) return "A passkey needs https. Whoever runs this server can set it up.";
    if (!window.PublicKeyCredential) return "This browser knows no passkeys.";
    return "";
  }

  function onThisMachine() {
    const isLoopback = location.hostname === "127.0.0.1" || location.hostname === "[::1]";
    return isLoopback ? ` Open http://localhost:${location.port} instead.` : "";
  }

  function inWords(error) {
    if (error.name === "NotAllowedError") return "The passkey was not used: it was cancelled, took too long, or there is none here.";
    if (error.name === "InvalidStateError") return "This device or key is added already.";
    return `The passkey did not work: ${error.message}`;
  }

  async function optionsOf(form) {
    const block = document.getElementById(form.dataset.options);
    if (block) return JSON.parse(block.textContent);
    const response = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error("the server refused. Wait a minute, then try again.");
    return (await response.json()).request_options;
  }

  async function credentialFor(form) {
    const options = await optionsOf(form);
    if (form.dataset.passkey === "get") return webauthnJSON.get(options);
    const alone = form.elements.passwordless?.checked;
    const wanted = options.publicKey.authenticatorSelection;
    wanted.residentKey = alone ? "required" : "discouraged";
    wanted.requireResidentKey = alone;
    if (alone) wanted.userVerification = "required";
    return webauthnJSON.create(options);
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const note = form.querySelector("[data-passkey-error]");
    const button = form.querySelector("button");
    const say = (text) => {
      note.textContent = text;
      note.hidden = !text;
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      say(blocker());
      if (!note.hidden) return;
      button.disabled = true;
      try {
        form.elements.credential.value = JSON.stringify(await credentialFor(form));
        form.submit();
      } catch (error) {
        button.disabled = false;
        say(inWords(error));
      }
    });
  }
})();
