/* Copies an invitation link. Without JavaScript it can be selected and copied by hand. */
(() => {
  "use strict";

  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue; // available on HTTPS and localhost only
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      button.lastChild.textContent = " Copied";
    });
  }
})();
