/* Copying the link of an invitation. Without script it can be selected and copied by hand. */
(() => {
  "use strict";

  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue; // only where the page came over HTTPS, or from this machine
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      button.lastChild.textContent = " Copied";
    });
  }
})();
