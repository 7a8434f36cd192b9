/* The scene's form saves itself a moment after somebody stops typing. Without this file its button does. */
(() => {
  "use strict";

  const state = (words) => document.getElementById("save-state")?.replaceChildren(words);
  let edits = 0; // how often something was typed; what was typed since a request began is not in it
  let sending = null;
  let waiting = null;

  document.addEventListener("input", (event) => {
    if (event.target.form?.id !== "scene-form") return;
    edits += 1;
    state("Not saved yet");
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id !== "autosave") return;
    sending = edits;
    state("Saving …");
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id !== "autosave") return;
    const form = document.getElementById("scene-form");
    // A session that is over answers with the page to sign in.
    const isAnswer = event.detail.successful && event.detail.xhr.responseURL.endsWith("/autosave");
    if (!isAnswer) state("Not saved. Press Save scene to try again.");
    else if (edits !== sending) state("Not saved yet");
    else if (!form.querySelector(".errorlist, .conflict")) form.classList.remove("is-changed");
    sending = null;
    if (waiting) {
      const { submitter } = waiting;
      waiting = null;
      form.requestSubmit(submitter);
    }
  });

  // What was refused is announced by its field, as it is when the page comes with it.
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

  // A button pressed while the form is being saved waits for the answer: else it would quarrel with it.
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "scene-form") return;
    if (sending === null) return;
    event.preventDefault();
    waiting = event;
  });
})();
