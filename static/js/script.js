/* The preview of an import: tick all scenes or none, and how many are ticked. */
(() => {
  "use strict";

  const boxes = (preview) => [...preview.querySelectorAll('input[name="include"]')];

  function count(preview) {
    const all = boxes(preview);
    const ticked = all.filter((box) => box.checked).length;
    const told = preview.querySelector("[data-ticked]");
    if (told) told.textContent = `${ticked} of ${all.length}`;
    const tickAll = preview.querySelector("[data-tick-all]");
    if (!tickAll) return;
    tickAll.closest("label").hidden = all.length < 2;
    tickAll.checked = ticked === all.length;
    tickAll.indeterminate = ticked > 0 && ticked < all.length;
  }

  document.addEventListener("change", (event) => {
    const preview = event.target.closest("#script-preview");
    if (!preview) return;
    if ("tickAll" in event.target.dataset) boxes(preview).forEach((box) => { box.checked = event.target.checked; });
    count(preview);
  });

  htmx.onLoad((root) => {
    const preview = root.id === "script-preview" ? root : root.querySelector("#script-preview");
    if (preview) count(preview);
  });
})();
