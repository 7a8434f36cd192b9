/* Looking through a clip without playing it: moving over its poster shows the still of that place. */
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
    const part = Math.min(STILLS - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * STILLS)));
    shown.style.backgroundPositionX = `${(part / (STILLS - 1)) * 100}%`;
    shown.style.setProperty("--part", part / (STILLS - 1));
  });
})();
