/* The preview of an import: check all scenes or none, and show how many are checked. */
(() => {
  "use strict";

  const boxes = (preview) => [...preview.querySelectorAll('input[name="include"]')];

  function count(preview) {
    const all = boxes(preview);
    const ticked = all.filter((box) => box.checked).length;
    const output = preview.querySelector("[data-ticked]");
    if (output) output.textContent = `${ticked} of ${all.length}`;
    const label = preview.querySelector("[data-ticked-label]");
    if (label && all.length) label.textContent = label.dataset.tickedLabel.replace("{}", `${ticked} scene${ticked === 1 ? "" : "s"}`);
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
