/* What HTML and HTMX cannot do alone: keyboard, drag, player, toasts, and care for what a live update must not disturb. */
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");

  // -- Toasts ---------------------------------------------------------------------------------------------------------

  function toast(text) {
    const element = document.createElement("div");
    element.className = "toast toast-error";
    const words = document.createElement("span");
    words.textContent = text;
    const close = document.createElement("button");
    close.className = "icon-button";
    close.dataset.action = "dismiss";
    close.textContent = "×";
    close.setAttribute("aria-label", "Dismiss");
    element.append(words, close);
    $("#toasts").append(element);
  }

  // What only confirms goes by itself; what can be undone, or went wrong, stays until it is dismissed.
  function letGo(root) {
    for (const element of $$(".toast-success:not(:has(.link))", root)) setTimeout(() => element.remove(), 5000);
  }
  htmx.onLoad(letGo);

  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    const isText = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    toast(isText ? xhr.responseText : `The server answered ${xhr.status}. Reload the page and try again.`);
  });
  document.addEventListener("htmx:sendError", () => toast("The server cannot be reached. Nothing was changed."));
  document.addEventListener("htmx:beforeSwap", (event) => {
    // A form that was refused comes back with its notes and is shown in its place.
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

  // One click, one submission, for forms that HTMX does not handle.
  document.addEventListener("submit", (event) => {
    const { submitter } = event;
    if (submitter && "once" in submitter.dataset) setTimeout(() => { submitter.disabled = true; });
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) $$("[data-once]").forEach((button) => { button.disabled = false; });
  });

  // What costs more than the team starts without asking comes back as a question.
  document.addEventListener("confirm", () => $("#confirm-dialog").showModal());

  // -- A form with changes that were not saved holds on to them ---------------------------------------------------------

  document.addEventListener("input", (event) => {
    event.target.closest("form[data-guard]")?.classList.add("is-changed");
  });
  document.addEventListener("submit", (event) => event.target.classList.remove("is-changed"));
  window.addEventListener("beforeunload", (event) => {
    if ($("form.is-changed")) event.preventDefault();
  });

  // -- Queue: a drawer that follows what happens while it is open --------------------------------------------------------

  const keepFresh = (body, url, isShown) => {
    const refresh = () => {
      if (!isShown()) return;
      // What somebody is about to press or is reading stays where it is.
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

  let refocus = null;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    const isBusy = target.matches(".card-editing, .sortable-chosen") || $(".cell-editing, .cell-saving", target);
    if (isBusy) {
      event.detail.shouldSwap = false;
      target.dataset.missedUpdate = "yes";
    }
    refocus = target.contains(document.activeElement) ? target.id : null;
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (!event.detail.target.matches(".card, .row, .takes")) return;
    if (refocus) document.getElementById(refocus)?.focus({ preventScroll: true });
    refocus = null;
    const strip = $(".takes");
    const player = $("[data-player]");
    if (strip && player && !player.dataset.take && strip.dataset.shown) {
      htmx.ajax("GET", player.dataset.url, { target: player, swap: "outerHTML" });
    }
    refreshToolbar();
  });

  // Cards say what changed; the sums above them are asked for once things have settled.
  let toolbarTimer;
  function refreshToolbar() {
    if (!$("#toolbar-actions")) return;
    clearTimeout(toolbarTimer);
    toolbarTimer = setTimeout(() => {
      htmx.ajax("GET", pageUrl(), { source: "#board-summary", swap: "none" });
    }, 700);
  }

  // The order of scenes as the server last told it; compared again once a form is closed or a card is dropped. What a
  // filter hides is left out, and a sorted table only has to have the same rows.
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
  const refreshBoard = () =>
    htmx.ajax("GET", pageUrl(), { target: "#board-area", select: "#board-area", swap: "outerHTML" });

  // A browser keeps six connections to a server, and every open stream holds one: a page nobody looks at gives its own back.
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
  });

  // A stream that the server refuses, and its page too: it was deleted, or the person no longer belongs to its team or has
  // been signed out. The page that says so takes the place of this one.
  document.addEventListener("htmx:sseError", async ({ detail }) => {
    if (detail.source.readyState !== EventSource.CLOSED) return;
    const answer = await fetch(location.href, { method: "HEAD" }).catch(() => null);
    if (answer && (answer.status === 404 || answer.redirected)) location.reload();
  });

  // The card's form takes the focus it was opened for, and gives it back to the card.
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
    order = null; // until the server tells the new one
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

  /** How many places an arrow key goes; up and down by a whole row. */
  function stepOf(key) {
    const cards = $$(".card[data-scene]");
    const columns = cards.filter((other) => other.offsetTop === cards[0].offsetTop).length;
    return { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  }

  function neighbour(card, key) {
    const cards = $$(".card[data-scene]");
    return cards[cards.indexOf(card) + stepOf(key)];
  }

  const canEdit = (card) => $("[data-menu]", card);
  const cardKeys = {
    Enter: (card) => $("h3 a", card)?.click(),
    " ": (card) => $("[data-play]", card)?.click(),
    g: (card) => $("[data-generate]", card)?.click(),
    d: (card) => canEdit(card) && post(`/scenes/${card.dataset.scene}/duplicate`),
    e: (card) => canEdit(card) && htmx.ajax("GET", `/scenes/${card.dataset.scene}/card/edit`, { target: card, swap: "outerHTML" }),
    x: (card) => $("[name=scene]", card)?.click(),
    Delete: (card) => canEdit(card) && post(`/scenes/${card.dataset.scene}/delete`),
  };

  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || $("dialog[open]") || event.ctrlKey || event.metaKey) return;
    const card = event.target.closest?.(".card[data-scene]");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (card && key.startsWith("Arrow")) {
      event.preventDefault();
      if (event.altKey) {
        if (canEdit(card)) move(card, { by: stepOf(key) });
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

  // -- One-time sign-in link: its form is sent as soon as the page is there ---------------------------------------------

  document.addEventListener("DOMContentLoaded", () => $("[data-submit-at-once]")?.requestSubmit());
  if (document.readyState !== "loading") $("[data-submit-at-once]")?.requestSubmit();
})();
