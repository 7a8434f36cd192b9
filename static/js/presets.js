/* Choosing a preset from a dialog of pictures. The select beside it holds the value and works without the dialog. */
(() => {
  "use strict";

  const fragments = new Map();
  let dialog = null;
  let choosing = null; // the [data-preset-select] the dialog was opened for

  const optionsOf = (field) => [...field.querySelector("select").options];
  // Only presets have a title; the choices for "none" and "inherit" show what the project has.
  const pictureOf = (field, option) => (option?.title ? option.value : field.dataset.inherited || "none");

  function show(svg, key) {
    const use = svg.querySelector("use:last-child");
    use.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${key}`);
    svg.dataset.picture = key;
  }

  function refresh(field) {
    const [option] = field.querySelector("select").selectedOptions;
    show(field.querySelector(".preset-open svg"), pictureOf(field, option));
    const meaning = field.parentElement.querySelector("[data-preset-meaning]");
    if (meaning) meaning.textContent = option?.title ?? "";
  }

  htmx.onLoad((root) => {
    for (const field of root.querySelectorAll("[data-preset-select]")) {
      field.querySelector(".preset-open").hidden = false;
      refresh(field);
    }
  });
  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-preset-select]");
    if (field) refresh(field);
  });
  document.addEventListener("reset", (event) => {
    setTimeout(() => event.target.querySelectorAll("[data-preset-select]").forEach(refresh));
  });

  // -- The dialog -----------------------------------------------------------------------------------------------------

  async function fragment(url) {
    if (!fragments.has(url)) {
      const response = await fetch(url, { headers: { "HX-Request": "true" } });
      if (!response.ok || response.redirected) throw new Error(`The server answered ${response.status}.`);
      fragments.set(url, await response.text());
    }
    return fragments.get(url);
  }

  const cards = () => [...dialog.querySelectorAll(".preset-grid .preset-choice")];
  const shown = () => cards().filter((card) => !card.hidden);
  const radio = (card) => card.querySelector("input");

  function make() {
    dialog = document.createElement("dialog");
    dialog.className = "preset-dialog";
    dialog.setAttribute("aria-labelledby", "preset-title");
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "choose") choose();
      dialog.replaceChildren();
    });
    dialog.addEventListener("click", (event) => {
      const card = event.target.closest(".preset-grid .preset-choice");
      if (event.target === dialog || event.target.closest("[data-close]")) {
        dialog.close();
      } else if (card && event.detail > 0) { // a pointer click chooses; keyboard users choose with Enter
        event.preventDefault();
        radio(card).checked = true;
        dialog.close("choose");
      }
    });
    dialog.addEventListener("input", (event) => event.target.type === "search" && filter(event.target.value));
    dialog.addEventListener("keydown", keys);
    document.body.append(dialog);
  }

  /** Puts the select's choices that are no presets, such as the project default, first. */
  function addOtherChoices() {
    const grid = dialog.querySelector(".preset-grid");
    const known = new Set(cards().map((card) => radio(card).value));
    const rest = optionsOf(choosing).filter((option) => !known.has(option.value));
    grid.prepend(...rest.map((option) => {
      const card = dialog.querySelector("template").content.firstElementChild.cloneNode(true);
      radio(card).value = option.value;
      show(card.querySelector("svg"), pictureOf(choosing, option));
      card.querySelector(".preset-name").textContent = option.text === "-" ? "Not set" : option.text;
      return card;
    }));
  }

  async function open(field) {
    if (!dialog) make();
    choosing = field;
    try {
      dialog.innerHTML = await fragment(field.dataset.url);
    } catch {
      field.querySelector("select").focus(); // the select offers the same choices
      return;
    }
    addOtherChoices();
    const { value } = field.querySelector("select");
    const current = cards().find((card) => radio(card).value === value) || cards()[0];
    current.classList.add("preset-current");
    dialog.returnValue = "";
    dialog.showModal();
    pick(current);
  }

  function pick(card) {
    if (!card) return;
    radio(card).checked = true;
    radio(card).focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  function choose() {
    const picked = dialog.querySelector("input[name=preset]:checked");
    const select = choosing.querySelector("select");
    if (!picked || select.value === picked.value) return;
    select.value = picked.value;
    for (const type of ["input", "change"]) select.dispatchEvent(new Event(type, { bubbles: true }));
  }

  function filter(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of cards()) card.hidden = !words.every((word) => card.textContent.toLowerCase().includes(word));
    const matches = shown();
    dialog.querySelector("[data-no-match]").hidden = matches.length > 0;
    dialog.querySelector("[value=choose]").disabled = matches.length === 0;
    if (matches.length && !matches.some((card) => radio(card).checked)) radio(matches[0]).checked = true;
  }

  function keys(event) {
    const card = event.target.closest(".preset-choice");
    const search = dialog.querySelector("input[type=search]");
    const all = shown();
    if (card && (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End")) {
      event.preventDefault();
      const columns = all.filter((other) => other.offsetTop === all[0].offsetTop).length;
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
      pick(event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : all[all.indexOf(card) + step]);
    } else if (event.target === search && event.key === "ArrowDown") {
      event.preventDefault();
      pick(all.find((other) => radio(other).checked) || all[0]);
    } else if (card && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
      search.focus(); // the pressed letter is typed there
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".preset-open");
    if (button) open(button.closest("[data-preset-select]"));
  });

  // -- Buttons that check all or none of a list of boxes ---------------------------------------------------------------------------------

  htmx.onLoad((root) => root.querySelectorAll("[data-check]").forEach((button) => { button.hidden = false; }));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-check]");
    if (!button) return;
    const boxes = [...button.closest("section").querySelectorAll("fieldset input[type=checkbox]")];
    for (const box of boxes) box.checked = button.dataset.check === "all";
    boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
