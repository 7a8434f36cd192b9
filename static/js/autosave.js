/* Shows the state of the scene form's autosave. Without JavaScript the Save button does the saving. */
(() => {
  "use strict";

  const showState = (text) => document.getElementById("save-state")?.replaceChildren(text);
  let edits = 0; // inputs so far; those made after a request began are not part of it
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
    const isSaved = event.detail.successful && event.detail.xhr.responseURL.endsWith("/autosave");
    if (!isSaved) showState("Not saved. Press Save scene to retry.");
    else if (edits !== sending) showState("Not saved yet");
    else if (!form.querySelector(".errorlist, .conflict")) form.classList.remove("is-changed");
    sending = null;
    if (waiting) {
      const { submitter } = waiting;
      waiting = null;
      form.requestSubmit(submitter);
    }
  });

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
