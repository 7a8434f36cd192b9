/* Scrubs through a clip by moving the mouse over its poster. The filmstrip image holds STILLS frames side by side. */
(() => {
  "use strict";

  const STILLS = 10;
  let shown = null;

  function hide() {
    shown?.remove();
    shown = null;
  }

  function showOn(poster) {
    hide();
    shown = document.createElement("div");
    shown.className = "filmstrip";
    shown.style.backgroundImage = `url("${poster.dataset.filmstrip}")`;
    poster.prepend(shown);
  }

  document.addEventListener("pointermove", (event) => {
    const poster = event.pointerType === "mouse" ? event.target.closest?.("[data-filmstrip]") : null;
    if (!poster) return hide();
    if (shown?.parentElement !== poster) showOn(poster);
    const box = poster.getBoundingClientRect();
    const still = Math.min(STILLS - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * STILLS)));
    shown.style.backgroundPositionX = `${(still / (STILLS - 1)) * 100}%`;
    shown.style.setProperty("--part", still / (STILLS - 1));
  });
})();
