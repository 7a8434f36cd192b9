/* The take strip under live updates, and the time of the frame that the player shows. */
(() => {
  "use strict";

  // -- A note being written, and ticks, outlive a live update of the strip ----------------------------------------------

  const isWriting = (strip) => strip.querySelector("[data-note][open]");
  const ticked = (strip) => [...strip.querySelectorAll("[data-compare-tick]:checked")].map((tick) => tick.value);
  let ticks = [];

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    if (!target.matches(".takes")) return;
    if (isWriting(target)) {
      event.detail.shouldSwap = false;
      target.dataset.missedUpdate = "yes";
    }
    ticks = ticked(target);
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (!event.detail.target.matches(".takes")) return;
    for (const tick of document.querySelectorAll("[data-compare-tick]")) tick.checked = ticks.includes(tick.value);
  });

  document.addEventListener("toggle", (event) => {
    const note = event.target;
    if (!note.matches?.("[data-note]")) return;
    const strip = note.closest(".takes");
    if (note.open) note.querySelector("textarea").focus();
    else if (strip?.dataset.missedUpdate && !isWriting(strip)) {
      htmx.ajax("GET", strip.dataset.url, { target: strip, swap: "outerHTML" });
    }
  }, true);

  // What is being saved is no longer being written; where it was refused, it is again.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const note = event.detail.elt.closest("[data-note]");
    if (note) note.open = false;
  });
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, (event) => {
      const note = event.detail.elt.closest?.("[data-note]");
      if (note) note.open = true;
    });
  }

  document.addEventListener("keydown", (event) => {
    const note = event.target.closest?.("[data-note][open]");
    if (note && event.key === "Escape") {
      note.open = false;
      note.querySelector("summary").focus();
    }
  });

  // Two takes are compared: a third tick lets go of the first.
  let order = [];
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-compare-tick]")) return;
    order = order.filter((tick) => tick.isConnected && tick.checked && tick !== event.target);
    if (event.target.checked) order.push(event.target);
    const strip = event.target.closest(".takes");
    const others = [...strip.querySelectorAll("[data-compare-tick]:checked")].filter((tick) => !order.includes(tick));
    while (order.length + others.length > 2) (others.shift() || order.shift()).checked = false;
  });

  // -- The frame that the player shows ----------------------------------------------------------------------------------

  function tell(video, seconds) {
    const field = video.closest("[data-player]")?.querySelector("[data-frame-bar] [name=seconds]");
    if (field && document.activeElement !== field) field.value = seconds.toFixed(3);
  }

  function follow(video) {
    if (video.dataset.followed) return;
    video.dataset.followed = "yes";
    if (!("requestVideoFrameCallback" in video)) {
      video.addEventListener("timeupdate", () => tell(video, video.currentTime));
      video.addEventListener("seeked", () => tell(video, video.currentTime));
      return;
    }
    const shown = (now, frame) => {
      tell(video, frame.mediaTime);
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
})();
