/* Keeps notes, checkboxes and requests in the take strip through live updates, and copies the player's time to the frame bar. */
(() => {
  "use strict";

  // -- State that a live update of the strip must not destroy -------------------------------------------------------------

  const isWriting = (strip) => strip.querySelector("[data-note][open]");
  const ticked = (strip) => [...strip.querySelectorAll("[data-compare-tick]:checked")].map((tick) => tick.value);
  let ticks = [];

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    if (!target.matches(".takes")) return;
    // HTMX drops the answer of a request whose element has been replaced, and with it the toast. Catch up afterwards.
    if (isWriting(target) || target.dataset.requesting) {
      event.detail.shouldSwap = false;
      target.dataset.missedUpdate = "yes";
    }
    ticks = ticked(target);
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (!event.detail.target.matches(".takes")) return;
    for (const tick of document.querySelectorAll("[data-compare-tick]")) tick.checked = ticks.includes(tick.value);
  });

  function catchUp(strip) {
    if (!strip?.isConnected || !strip.dataset.missedUpdate || strip.dataset.requesting || isWriting(strip)) return;
    htmx.ajax("GET", strip.dataset.url, { target: strip, swap: "outerHTML" });
  }

  document.addEventListener("toggle", (event) => {
    const note = event.target;
    if (!note.matches?.("[data-note]")) return;
    if (note.open) note.querySelector("textarea").focus();
    else catchUp(note.closest(".takes"));
  }, true);

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    const strip = elt.closest(".takes");
    if (strip && requestConfig.verb === "post") strip.dataset.requesting = "yes";
    const note = elt.closest("[data-note]");
    if (note) note.open = false; // being saved, so an update may replace it
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    delete event.detail.elt.closest(".takes")?.dataset.requesting;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful } = event.detail;
    const strip = elt.closest?.(".takes");
    const note = elt.closest?.("[data-note]");
    if (strip) delete strip.dataset.requesting;
    if (note && !successful) note.open = true;
    catchUp(strip);
  });

  document.addEventListener("keydown", (event) => {
    const note = event.target.closest?.("[data-note][open]");
    if (note && event.key === "Escape") {
      note.open = false;
      note.querySelector("summary").focus();
    }
  });

  // At most two takes are compared: checking a third unchecks the first.
  let order = [];
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-compare-tick]")) return;
    order = order.filter((tick) => tick.isConnected && tick.checked && tick !== event.target);
    if (event.target.checked) order.push(event.target);
    const strip = event.target.closest(".takes");
    const others = [...strip.querySelectorAll("[data-compare-tick]:checked")].filter((tick) => !order.includes(tick));
    while (order.length + others.length > 2) (others.shift() || order.shift()).checked = false;
  });

  // -- The frame bar follows the player -----------------------------------------------------------------------------------

  function showTime(video, seconds) {
    const field = video.closest("[data-player]")?.querySelector("[data-frame-bar] [name=seconds]");
    if (field && document.activeElement !== field) field.value = seconds.toFixed(3);
  }

  function follow(video) {
    if (video.dataset.followed) return;
    video.dataset.followed = "yes";
    if (!("requestVideoFrameCallback" in video)) {
      video.addEventListener("timeupdate", () => showTime(video, video.currentTime));
      video.addEventListener("seeked", () => showTime(video, video.currentTime));
      return;
    }
    const shown = (now, frame) => {
      showTime(video, frame.mediaTime);
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  }
  htmx.onLoad((root) => {
    for (const video of root.querySelectorAll("[data-player] video")) follow(video);
    if (root.matches?.("[data-player]")) {
      for (const video of root.querySelectorAll("video")) follow(video);
      if (root.querySelector("video[autoplay]")) root.scrollIntoView({ block: "nearest" });
    }
  });

  // -- The slate's running time -------------------------------------------------------------------------------------------

  document.addEventListener("timeupdate", (event) => {
    const time = event.target.closest("[data-player]")?.querySelector("[data-slate-time]");
    const seconds = Math.floor(event.target.currentTime);
    if (time) time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }, true);
})();
