/* Shows the state of the scene form's autosave, and holds clicks that spend or leave until everything typed is saved. Without
   JavaScript the Save button does the saving. */
(() => {
  "use strict";

  const showState = (text) => document.getElementById("save-state")?.replaceChildren(text);
  let edits = 0; // inputs so far; those made after a request began are not part of it
  let saved = 0; // value of `edits` that the server has
  let held = null; // the click that waits for that: { control, text }
  let sending = null; // value of `edits` when the running request began
  let waiting = null; // submit event held back until the request ends

  document.addEventListener("input", (event) => {
    if (event.target.form?.id !== "scene-form") return;
    edits += 1;
    showState("Not saved yet");
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id !== "autosave") return;
    sending = edits;
    showState("Saving …");
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id !== "autosave") return;
    const form = document.getElementById("scene-form");
    // After the session ends, the request is redirected to the sign-in page and "succeeds".
    const { responseURL } = event.detail.xhr;
    const path = responseURL ? new URL(responseURL).pathname : "";
    const isSaved = event.detail.successful && path.endsWith("/autosave");
    if (isSaved) saved = sending;
    if (path.includes("/login")) showState("Signed out. Sign in in another tab, then press Save scene: your text is still here.");
    else if (!isSaved) showState("Not saved. Press Save scene to retry.");
    else if (edits !== sending) showState("Not saved yet");
    else if (!hasProblems()) form.classList.remove("is-changed");
    sending = null;
    if (held) settle(isSaved);
    if (waiting) {
      const { submitter } = waiting;
      waiting = null;
      form.requestSubmit(submitter);
    }
  });

  // -- A click that spends or leaves waits until what was typed is saved: the clip is of the text that stands there. --------

  const hasProblems = () => Boolean(document.querySelector("#scene-form :is(.errorlist, .conflict)"));
  const textOf = (control) => control.textContent.replace(/\s+/g, " ").trim();
  const saveNow = () => htmx.trigger("#autosave", "save-now");
  const leaves = (control) => control.matches("a:not([hx-get], [data-play], [target], [download], [href^='#'])");

  document.addEventListener("click", (event) => {
    const control = event.target.closest?.("[data-generate], a[href]");
    if (!control || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const spends = control.matches("[data-generate]");
    if (!document.getElementById("autosave") || !(spends || leaves(control))) return;
    if (edits === saved && !(spends && hasProblems())) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    held = { control, text: textOf(control) };
    if (sending === null) saveNow();
  }, true);

  function settle(isSaved) {
    const { control, text } = held;
    if (isSaved && edits !== saved) {
      saveNow();
      return;
    }
    held = null;
    if (!isSaved || (hasProblems() && !leaves(control))) {
      showState("Not saved, so nothing was started. See the fields above.");
      return;
    }
    if (leaves(control)) {
      location.assign(control.href);
      return;
    }
    // The answer may have replaced the button, with another price.
    const button = control.isConnected ? control : document.querySelector(".takes [data-generate]");
    if (button && textOf(button) === text) button.click();
    else showState("Saved. The price has changed: click again to generate.");
  }

  // Connects errors to their fields for screen readers, as Django does when it renders the page.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const [, id] = /^(id_.+)_note$/.exec(event.detail.target.id) || [];
    const field = id && document.getElementById(id);
    const note = id && document.getElementById(`${id}_note`);
    if (!field || !note) return;
    const errors = note.querySelector(".errorlist");
    const texts = [document.getElementById(`${id}_helptext`), errors].filter(Boolean).map((text) => text.id);
    if (errors) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (texts.length) field.setAttribute("aria-describedby", texts.join(" "));
    else field.removeAttribute("aria-describedby");
  });

  // A submit during an autosave waits for its answer; otherwise it would conflict with the form's own change.
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "scene-form") return;
    if (sending === null) return;
    event.preventDefault();
    waiting = event;
  });
})();
