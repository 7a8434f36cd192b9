/* Behaviour on every page: toasts, clicks, queue drawer, player, menus, live updates, drag and keyboard on the board. */
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  // A cell of the table takes letters as text.
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable], #table tbody :is(td, th)");

  // -- Forms that create something ------------------------------------------------------------------------------------

  // The back button loads the page anew and restores what was typed: the form keeps its token, so it is not sent twice.
  const once = $("input[name=once]");
  if (once && history.state?.once) once.value = history.state.once;
  else if (once) history.replaceState({ ...history.state, once: once.value }, "");

  // -- Toasts ---------------------------------------------------------------------------------------------------------

  function toast(text) {
    const element = document.createElement("div");
    element.className = "toast toast-error";
    const body = document.createElement("span");
    body.textContent = text;
    const close = document.createElement("button");
    close.className = "icon-button";
    close.dataset.action = "dismiss";
    close.textContent = "×";
    close.setAttribute("aria-label", "Dismiss");
    element.append(body, close);
    $("#toasts").append(element);
  }

  // Plain confirmations disappear after 5 s. Errors and toasts with Undo stay until dismissed.
  function expireToasts(root) {
    for (const element of $$(".toast-success:not(:has(.link))", root)) setTimeout(() => element.remove(), 5000);
  }
  htmx.onLoad(expireToasts);

  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    const isText = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    toast(isText ? xhr.responseText : `Request failed (${xhr.status}). Reload the page to see what was saved, then try again.`);
  });
  document.addEventListener("htmx:sendError", () => toast("Can't reach the server. Check your connection, then reload the page to see what was saved."));
  document.addEventListener("htmx:beforeSwap", (event) => {
    // A 422 answer is the form with its errors: swap it in, which HTMX does not do for errors.
    const isHtml = (event.detail.xhr.getResponseHeader("Content-Type") || "").startsWith("text/html");
    if (event.detail.xhr.status === 422 && isHtml) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // -- Clicks ---------------------------------------------------------------------------------------------------------

  const actions = {
    dismiss: (button) => button.closest(".toast").remove(),
    help: () => $("#help")?.showModal(),
    queue: openQueue,
    print: () => window.print(),
    "close-confirm": (link) => (link.closest("dialog") ? link.closest("dialog").close() : location.assign(link.href)),
    "toggle-theme": () => {
      const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      document.documentElement.dataset.theme = theme;
      const secure = location.protocol === "https:" ? "; secure" : "";
      document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`;
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]");
    const isLink = button?.matches("a");
    if (button && !(isLink && (event.ctrlKey || event.metaKey || event.shiftKey))) {
      if (isLink) event.preventDefault();
      actions[button.dataset.action]?.(button);
    }
    const play = event.target.closest("[data-play]");
    if (play && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      playInDialog(play.href);
    }
  });

  document.addEventListener("change", (event) => {
    if ("submitOnChange" in event.target.dataset) event.target.form.requestSubmit();
  });

  // One click, one submission, for forms that HTMX does not handle. Disabled a task later: a disabled submitter is not sent.
  document.addEventListener("submit", (event) => {
    const { submitter } = event;
    if (submitter && "once" in submitter.dataset) setTimeout(() => { submitter.disabled = true; });
  });
  // A page restored from the back/forward cache still has them disabled.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) $$("[data-once]").forEach((button) => { button.disabled = false; });
  });

  // The server sends `confirm` when a price is above the team's confirmation threshold.
  document.addEventListener("confirm", () => $("#confirm-dialog").showModal());

  // -- Warn before leaving a form with unsaved changes --------------------------------------------------------------------

  document.addEventListener("input", (event) => {
    event.target.closest("form[data-guard]")?.classList.add("is-changed");
  });
  document.addEventListener("submit", (event) => event.target.classList.remove("is-changed"));
  window.addEventListener("beforeunload", (event) => {
    if ($("form.is-changed")) event.preventDefault();
  });

  // -- Queue: drawer and page reload themselves while visible --------------------------------------------------------------

  const keepFresh = (body, url, isShown) => {
    const refresh = () => {
      if (!isShown()) return;
      // Do not move what the user has focused or expanded.
      const isUsed = body.contains(document.activeElement) || body.querySelector("details[open]");
      if (!isUsed && !document.hidden) htmx.ajax("GET", url, { target: body, swap: "innerHTML" });
      setTimeout(refresh, 2500);
    };
    return refresh;
  };

  function openQueue() {
    const drawer = $("#queue-drawer");
    drawer.showModal();
    keepFresh($("#queue-drawer-body"), drawer.dataset.url, () => drawer.open)();
  }

  const queuePage = $("#queue-page");
  if (queuePage) setTimeout(keepFresh(queuePage, queuePage.dataset.url, () => queuePage.isConnected), 2500);

  // -- Player ---------------------------------------------------------------------------------------------------------

  function playInDialog(url) {
    const dialog = $("#player-dialog");
    const video = $("video", dialog);
    video.src = url;
    dialog.showModal();
    video.play().catch(() => {});
  }

  $("#player-dialog")?.addEventListener("close", (event) => {
    const video = $("video", event.target);
    video.pause();
    video.removeAttribute("src");
    video.load();
  });

  // -- Menus: native popovers, placed beside their button ---------------------------------------------------------------

  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.(".menu[popover]")) return;
    if (event.newState === "open") {
      const button = (menu.opener || $(`[popovertarget="${menu.id}"]`)).getBoundingClientRect();
      const box = menu.getBoundingClientRect();
      const below = button.bottom + box.height + 8 < window.innerHeight;
      menu.style.left = `${Math.max(8, Math.min(button.right - box.width, window.innerWidth - box.width - 8))}px`;
      menu.style.top = `${below ? button.bottom + 4 : Math.max(8, button.top - box.height - 4)}px`;
    }
  }, true);

  // -- Live updates ---------------------------------------------------------------------------------------------------

  const refreshCard = (card) =>
    htmx.ajax("GET", `/scenes/${card.dataset.scene}/card`, { target: card, swap: "outerHTML" });

  // A swap replaces the focused element. Its like gets the focus back, with the same words: never a button with another price.
  let refocus = null;
  const likeOf = (lost, root) =>
    lost.matches("a, button") && lost.textContent.trim() && $$(lost.tagName, root).find((each) => each.name === lost.name && each.textContent === lost.textContent);
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    const isBusy = target.matches(".card-editing, .sortable-chosen") || $(".cell-editing, .cell-saving", target);
    if (isBusy) {
      event.detail.shouldSwap = false;
      target.dataset.missedUpdate = "yes";
    }
    refocus = target.contains(document.activeElement) ? { id: target.id, lost: document.activeElement } : null;
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (!event.detail.target.matches(".card, .row, .takes")) return;
    const replaced = refocus && document.getElementById(refocus.id);
    if (replaced) (likeOf(refocus.lost, replaced) || replaced).focus({ preventScroll: true });
    refocus = null;
    const strip = $(".takes");
    const player = $("[data-player]");
    if (strip && player && !player.dataset.take && strip.dataset.shown) {
      htmx.ajax("GET", player.dataset.url, { target: player, swap: "outerHTML" });
    }
    refreshToolbar();
  });

  // Live updates carry changed cards only. The totals above them are fetched once, after the last change.
  let toolbarTimer;
  function refreshToolbar() {
    if (!$("#toolbar-actions")) return;
    clearTimeout(toolbarTimer);
    toolbarTimer = setTimeout(() => {
      htmx.ajax("GET", pageUrl(), { source: "#board-summary", swap: "none" });
    }, 700);
  }

  // Scene ids in the order the server last sent. Compared again when a form closes or a card is dropped, because the board
  // is not replaced while it is in use. Filtered scenes are ignored; a sorted table only needs the same rows.
  let order = null;
  function checkOrder() {
    const board = $("#board");
    if (order === null || !board || $(".sortable-chosen, .card-editing, .cell-editing, .cell-saving", board)) return;
    const hidden = new Set(board.dataset.hidden.split(" "));
    const wanted = order.split(" ").filter((id) => id && !hidden.has(id));
    const shown = $$("[data-scene]", board).map((card) => card.dataset.scene);
    if ("sorted" in board.dataset) [wanted, shown].forEach((ids) => ids.sort());
    if (shown.join(" ") !== wanted.join(" ")) refreshBoard();
  }

  document.addEventListener("cell-closed", checkOrder);

  const pageUrl = () => location.pathname + location.search;
  function refreshBoard() {
    order = null;
    htmx.ajax("GET", pageUrl(), { target: "#board-area", select: "#board-area", swap: "outerHTML" });
  }

  // Browsers allow six HTTP/1.1 connections per host and every stream holds one, so a hidden page closes its stream.
  let hiding;
  let sleeping = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    const stream = $("[data-live]");
    if (document.visibilityState === "hidden" && stream) {
      hiding = setTimeout(() => {
        sleeping = stream.cloneNode();
        htmx.remove(stream);
      }, 5000);
    } else if (sleeping) {
      $("main").append(sleeping);
      htmx.process(sleeping);
      sleeping = null;
    }
  });

  document.addEventListener("htmx:sseOpen", (event) => {
    event.detail.source.addEventListener("order", (message) => {
      order = message.data;
      checkOrder();
    });
    event.detail.source.addEventListener("reload", () => {
      order = "none";
      checkOrder();
    });
  });

  // If the server closes the stream and the page is gone too (deleted, no longer a member, signed out), reload to show why.
  document.addEventListener("htmx:sseError", async ({ detail }) => {
    if (detail.source.readyState !== EventSource.CLOSED) return;
    const response = await fetch(location.href, { method: "HEAD" }).catch(() => null);
    if (response && (response.status === 404 || response.redirected)) location.reload();
  });

  // Focus the form that replaced a card, and the card that replaces the form.
  document.addEventListener("htmx:afterSettle", (event) => {
    const swapped = event.detail.target && document.getElementById(event.detail.target.id);
    if (swapped?.matches(".card-editing")) $("[aria-invalid=true], [name=title]", swapped)?.focus();
    else if (swapped?.matches(".card") && document.activeElement === document.body) swapped.focus();
    if (swapped?.matches(".card")) checkOrder();
  });

  setInterval(() => {
    for (const time of $$(".elapsed[data-since]")) {
      const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time.dataset.since)) / 1000));
      time.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    }
  }, 500);

  // -- Storyboard: drag and keyboard ------------------------------------------------------------------------------------

  function post(url, values) {
    return htmx.ajax("POST", url, { source: "#board-actions", values, target: "#board-area", select: "#board-area", swap: "outerHTML" });
  }

  async function move(card, values) {
    const { id } = card;
    order = null; // until the server sends the new order
    await post(`/scenes/${card.dataset.scene}/move`, values);
    document.getElementById(id)?.focus();
  }

  function makeSortable(root) {
    const board = $("#board", root) || (root.id === "board" ? root : null);
    if (!board || board.dataset.canEdit !== "yes" || board.dataset.sortable) return;
    board.dataset.sortable = "yes";
    Sortable.create(board, {
      handle: ".drag-handle",
      draggable: ".card",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
      onEnd: ({ item, oldIndex, newIndex }) => {
        if (oldIndex === newIndex) {
          if (item.dataset.missedUpdate) refreshCard(item);
          checkOrder();
          return;
        }
        const before = item.previousElementSibling?.closest(".card");
        move(item, { after: before ? before.dataset.scene : "" });
      },
    });
  }
  htmx.onLoad(makeSortable);

  /** Cards to move by for an arrow key: one, or a whole row for up and down. */
  function getStep(key) {
    const cards = $$(".card[data-scene]");
    const columns = cards.filter((other) => other.offsetTop === cards[0].offsetTop).length;
    return { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  }

  function neighbour(card, key) {
    const cards = $$(".card[data-scene]");
    return cards[cards.indexOf(card) + getStep(key)];
  }

  const canEdit = (card) => $("[data-menu]", card);

  /** Returns whether any scenes are selected; they are deleted together, with Undo. */
  function deleteSelected() {
    const isAny = $("[name=scene][form=bulk]:checked");
    if (isAny) $("#bulk [name=act][value=delete]").click();
    return Boolean(isAny);
  }

  const cardKeys = {
    Enter: (card) => $("h3 a", card)?.click(),
    " ": (card) => $("[data-play]", card)?.click(),
    g: (card) => $("[data-generate]", card)?.focus(), // Enter then pays the price on the button
    d: (card) => canEdit(card) && post(`/scenes/${card.dataset.scene}/duplicate`),
    e: (card) => canEdit(card) && htmx.ajax("GET", `/scenes/${card.dataset.scene}/card/edit`, { target: card, swap: "outerHTML" }),
    x: (card) => $("[name=scene]", card)?.click(),
    Delete: (card) => canEdit(card) && (deleteSelected() || post(`/scenes/${card.dataset.scene}/delete`)),
  };

  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || $("dialog[open]") || event.ctrlKey || event.metaKey) return;
    const card = event.target.closest?.(".card[data-scene]");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (card && key.startsWith("Arrow")) {
      event.preventDefault();
      if (event.altKey) {
        if (canEdit(card)) move(card, { by: getStep(key) });
      } else {
        neighbour(card, key)?.focus();
      }
    } else if (event.altKey) {
      return;
    } else if (card && event.target === card && key in cardKeys) {
      event.preventDefault();
      cardKeys[key](card);
    } else if (key === "?") {
      $("#help")?.showModal();
    } else if (key === "n" && $("#new-scene")) {
      $("#new-scene").click();
    } else if (!card && key.startsWith("Arrow") && event.target === document.body && $(".card")) {
      event.preventDefault();
      $(".card").focus();
    }
  });

  // -- One-time sign-in link: submit its form as soon as the page has loaded ----------------------------------------------

  document.addEventListener("DOMContentLoaded", () => $("[data-submit-at-once]")?.requestSubmit());
  if (document.readyState !== "loading") $("[data-submit-at-once]")?.requestSubmit();
})();
