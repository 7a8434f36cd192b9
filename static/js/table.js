/* The table: moving between cells, editing in place, pasting rows. The server checks and renders every value. */
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const FIELD = "input, textarea, select";

  const table = () => $("#table");
  const canEdit = () => table()?.dataset.canEdit === "yes";
  const rows = () => $$("tbody tr", table());
  const cellAt = (element) => element.closest?.("#table tbody td, #table tbody th");
  const isEditable = (cell) => canEdit() && cell?.matches("[data-column]");
  const isEditing = (cell) => cell.matches(".cell-editing");
  const valueOf = (cell) => cell.dataset.value ?? $(".cell", cell).textContent.trim();
  const findCell = (sceneId, index) => document.getElementById(`scene-${sceneId}`)?.cells[index];

  // -- Moving: exactly one cell is in the page's tab order -------------------------------------------------------------

  function select(cell) {
    if (!cell) return;
    for (const other of $$("tbody [tabindex='0']", table())) other.tabIndex = -1;
    const inside = !isEditable(cell) && $("a, button, input", cell);
    if (!inside) cell.tabIndex = 0;
    (inside || cell).focus();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function beside(cell, key, toTheEnd) {
    const row = cell.parentElement;
    const all = rows();
    const across = { ArrowLeft: cell.cellIndex - 1, ArrowRight: cell.cellIndex + 1, Home: 0, End: row.cells.length - 1 }[key] ?? cell.cellIndex;
    const down = all.indexOf(row) + ({ ArrowUp: -1, ArrowDown: 1 }[key] ?? 0);
    const target = toTheEnd ? all.at(key === "Home" ? 0 : -1) : all[down];
    return target?.cells[across];
  }

  function nextEditable(cell, step) {
    const cells = $$("tbody td[data-column]", table());
    return cells[cells.indexOf(cell) + step];
  }

  function prepare() {
    const first = $("tbody td[data-column]", table() || document);
    if (first && !$("tbody [tabindex='0']", table())) first.tabIndex = 0;
  }
  htmx.onLoad(prepare);

  // -- Editing -----------------------------------------------------------------------------------------------------------

  function edit(cell) {
    if (!isEditable(cell) || isEditing(cell) || cell.matches(".cell-saving")) return;
    const field = $(`template[data-editor="${cell.dataset.column}"]`).content.firstElementChild.cloneNode(true);
    field.removeAttribute("id");
    field.setAttribute("aria-label", `${heading(cell)} of scene ${numberOf(cell)}`);
    cell.shownBefore = [...cell.childNodes];
    cell.was = valueOf(cell);
    field.value = cell.was;
    cell.classList.add("cell-editing");
    cell.replaceChildren(field);
    field.focus();
    field.select?.();
  }

  function clear(cell) {
    edit(cell);
    const field = $(FIELD, cell);
    if (!field) return;
    field.value = "";
    save(cell);
  }

  const heading = (cell) => table().tHead.rows[0].cells[cell.cellIndex].textContent.trim();
  const numberOf = (cell) => $("th", cell.parentElement).textContent.trim();

  function close(cell) {
    cell.classList.remove("cell-editing");
    if (cell.shownBefore) cell.replaceChildren(...cell.shownBefore);
    else cell.parentElement.dataset.missedUpdate = "yes"; // rejected by the server, so only the server knows the stored value
  }

  // Loads changes that other members made to the row while one of its cells was open.
  function catchUp(row) {
    if (row.dataset.missedUpdate && !$(".cell-editing, .cell-saving", row)) reloadRow(row);
    document.dispatchEvent(new Event("cell-closed"));
  }

  const reloadRow = (row) => keepFocus(() => htmx.ajax("GET", `/scenes/${row.dataset.scene}/row`, { target: row, swap: "outerHTML" }));

  async function keepFocus(swap) {
    const cell = cellAt(document.activeElement);
    const position = cell && [cell.parentElement.dataset.scene, cell.cellIndex];
    await swap();
    if (position && document.activeElement === document.body) select(findCell(...position));
  }

  async function save(cell) {
    const field = $(FIELD, cell);
    const { value } = field;
    const was = cell.was ?? cell.dataset.value;
    const isSame = value.trim() === was.trim() && field.getAttribute("aria-invalid") !== "true";
    const row = cell.parentElement;
    if (isSame) {
      close(cell);
      setTimeout(catchUp, 0, row);
      return;
    }
    const { cellIndex: index } = cell;
    const hadFocus = cell.contains(document.activeElement);
    cell.classList.replace("cell-editing", "cell-saving");
    const text = document.createElement("div");
    text.className = "cell";
    text.textContent = field.selectedOptions?.[0]?.textContent ?? value;
    cell.replaceChildren(text);
    if (hadFocus) select(cell);
    const url = `/scenes/${row.dataset.scene}/cells/${cell.dataset.column}`;
    await htmx.ajax("POST", url, { source: cell, target: cell, swap: "outerHTML", values: { value, was } }).catch(() => {});
    if (cell.isConnected) {
      // Not swapped, so not saved: open the cell again with what was typed.
      cell.classList.remove("cell-saving");
      cell.replaceChildren(...cell.shownBefore);
      edit(cell);
      $(FIELD, cell).value = value;
      return;
    }
    const now = findCell(row.dataset.scene, index);
    if (now && document.activeElement === document.body) {
      if (isEditing(now)) $(FIELD, now).focus();
      else select(now);
    }
    if (now) catchUp(now.parentElement);
  }

  document.addEventListener("focusout", (event) => {
    const cell = cellAt(event.target);
    if (cell && isEditing(cell) && event.target.matches(FIELD) && cell.isConnected && !cell.contains(event.relatedTarget)) save(cell);
  });

  document.addEventListener("click", (event) => {
    const cell = cellAt(event.target);
    if (!cell || event.target.closest(`a, button, label, ${FIELD}`) || !isEditable(cell)) return;
    if (!String(getSelection())) edit(cell);
  });

  function onFieldKey(event, cell) {
    const { key } = event;
    if (key === "Escape") {
      event.preventDefault();
      close(cell);
      select(cell);
      catchUp(cell.parentElement);
    } else if (key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      const below = beside(cell, "ArrowDown");
      if (below) select(below);
      else save(cell);
    } else if (key === "Tab") {
      const next = nextEditable(cell, event.shiftKey ? -1 : 1);
      if (!next) return;
      event.preventDefault();
      select(next);
      edit(next);
    }
  }

  function onCellKey(event, cell) {
    const { key } = event;
    const control = event.ctrlKey || event.metaKey;
    if (event.altKey) {
      const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[key];
      if (!by || control) return;
      event.preventDefault();
      if (canEdit()) change(`/scenes/${cell.parentElement.dataset.scene}/move`, { by });
    } else if (key.startsWith("Arrow") || key === "Home" || key === "End") {
      event.preventDefault();
      select(beside(cell, key, control));
    } else if ((key === "Enter" || key === "F2") && isEditable(cell) && event.target === cell) {
      event.preventDefault();
      edit(cell);
    } else if (isEditable(cell)) {
      // No shortcut acts here: a letter is text, and text never spends or deletes.
      if (control || event.target !== cell) return;
      if (key.length === 1) edit(cell); // the browser types the character into the field, over its selected text
      if (key !== "Delete" && key !== "Backspace") return;
      event.preventDefault();
      clear(cell);
    } else if (!control && rowKeys[key.length === 1 ? key.toLowerCase() : key] && !(key === " " && event.target !== cell)) {
      event.preventDefault();
      rowKeys[key.length === 1 ? key.toLowerCase() : key](cell.parentElement);
    }
  }

  // Returns whether any scenes are selected; they are deleted together, with Undo.
  function deleteSelected() {
    const isAny = $("[name=scene][form=bulk]:checked");
    if (isAny) $("#bulk [name=act][value=delete]").click();
    return Boolean(isAny);
  }

  const rowKeys = {
    " ": (row) => $("[data-play]", row)?.click(),
    g: (row) => $("[data-generate]", row)?.focus(), // Enter then pays the price on the button
    d: (row) => canEdit() && change(`/scenes/${row.dataset.scene}/duplicate`),
    x: (row) => $("[name=scene]", row)?.click(),
    Delete: (row) => canEdit() && (deleteSelected() || change(`/scenes/${row.dataset.scene}/delete`)),
  };

  document.addEventListener("keydown", (event) => {
    const cell = cellAt(event.target);
    if (!cell || event.isComposing || $("dialog[open], :popover-open")) return;
    if (isEditing(cell) && event.target.matches(FIELD)) onFieldKey(event, cell);
    else onCellKey(event, cell);
  });

  // A live update replaces a whole row; the focus returns to the same cell.
  let position = null;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const cell = cellAt(document.activeElement || document.body);
    position = cell && event.detail.target.contains(cell) ? [cell.parentElement.dataset.scene, cell.cellIndex] : null;
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    if (position && document.activeElement === document.body) select(findCell(...position));
    position = null;
    prepare();
  });

  // -- Changes of more than one cell replace the whole table ------------------------------------------------------------

  const change = (url, values = {}) => keepFocus(() =>
    htmx.ajax("POST", url, { source: "#board-actions", values, target: "#board-area", select: "#board-area", swap: "outerHTML" }));

  document.addEventListener("copy", (event) => {
    const cell = cellAt(document.activeElement || document.body);
    if (!isEditable(cell) || isEditing(cell) || String(getSelection())) return;
    event.preventDefault();
    event.clipboardData.setData("text/plain", $(".cell", cell).textContent.trim());
  });

  document.addEventListener("paste", (event) => {
    const cell = cellAt(document.activeElement || document.body);
    if (!isEditable(cell) || isEditing(cell)) return;
    event.preventDefault();
    const all = rows();
    const ids = all.slice(all.indexOf(cell.parentElement)).map((row) => row.dataset.scene).join(" ");
    const text = event.clipboardData.getData("text/plain");
    change(table().dataset.pasteUrl, { text, rows: ids, column: cell.dataset.column });
  });
})();
