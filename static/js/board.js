/* Board and table: the scene menu and selecting scenes. */
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const BOXES = "input[name=scene][form=bulk]";

  // -- Scene menu: one popover, filled from the server when opened --------------------------------------------------------

  async function openMenu(link) {
    const menu = $("#scene-menu");
    await htmx.ajax("GET", link.href, { target: menu, swap: "innerHTML" });
    if (!menu.childElementCount || !link.isConnected) return;
    menu.opener = link;
    menu.showPopover();
    $("a, button", menu).focus();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-menu]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      openMenu(link);
    }
    if (event.target.closest("[data-close-menu]")) $("#scene-menu").hidePopover();
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("#scene-menu");
    if (event.key === " " && event.target.matches?.("[data-menu]")) {
      event.preventDefault();
      event.target.click();
    } else if (menu && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      const items = $$("a, button", menu);
      const step = event.key === "ArrowDown" ? 1 : -1;
      items.at((items.indexOf(event.target) + step) % items.length).focus();
    }
  });

  // Closing the menu returns the focus to the link that opened it.
  $("#scene-menu")?.addEventListener("toggle", (event) => {
    if (event.newState === "closed" && document.activeElement === document.body) event.target.opener?.focus();
  });

  // -- Selecting ----------------------------------------------------------------------------------------------------------

  const selected = () => $$(`${BOXES}:checked`);
  let last = null; // value of the box clicked last

  function showCount() {
    const count = selected().length;
    const output = $("[data-selected]");
    if (output) output.textContent = `${count} scene${count === 1 ? "" : "s"}`;
    const all = $("[data-select-all]");
    if (all) {
      all.checked = count > 0 && count === $$(BOXES).length;
      all.indeterminate = count > 0 && !all.checked;
    }
  }

  // Shift+click applies to every box between the last one and this one.
  document.addEventListener("click", (event) => {
    const box = event.target.closest(BOXES);
    if (!box) return;
    const boxes = $$(BOXES);
    const from = boxes.findIndex((other) => other.value === last);
    if (event.shiftKey && from >= 0) {
      const [first, end] = [from, boxes.indexOf(box)].sort((a, b) => a - b);
      for (const other of boxes.slice(first, end + 1)) other.checked = box.checked;
    }
    last = box.value;
    showCount();
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-select-all]")) return;
    for (const box of $$(BOXES)) box.checked = event.target.checked;
    showCount();
  });

  document.addEventListener("reset", (event) => {
    if (event.target.id === "bulk") setTimeout(showCount);
  });

  document.addEventListener("keydown", (event) => {
    const isFree = !event.target.closest("input:not([type=checkbox]), textarea, select") && !$("dialog[open], :popover-open");
    if (event.key === "Escape" && isFree && selected().length) $("#bulk").reset();
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && isFree) $$("[data-undo]").at(-1)?.click();
  });

  // A card or row replaced by a live update stays selected.
  let wasSelected = false;
  document.addEventListener("htmx:oobBeforeSwap", (event) => { wasSelected = Boolean($(`${BOXES}:checked`, event.detail.target)); });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const box = wasSelected && $(BOXES, document.getElementById(event.detail.target.id) || document);
    if (box) box.checked = true;
    wasSelected = false;
  });

  // When the whole board or table is replaced, the same scenes stay selected, except after a bulk action.
  let kept = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== "board-area") return;
    kept = event.detail.requestConfig?.elt?.id === "bulk" ? [] : selected().map((box) => box.value);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "board-area") return;
    for (const box of $$(BOXES)) box.checked = kept.includes(box.value);
    showCount();
  });
})();
