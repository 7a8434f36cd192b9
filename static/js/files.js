/* Rejects a file above the field's data-max-bytes before upload, with a message beside the field. */
(() => {
  "use strict";

  const megabytes = (bytes) => (bytes / 1024 ** 2).toFixed(bytes < 10 * 1024 ** 2 ? 1 : 0);

  document.addEventListener("change", (event) => {
    const input = event.target;
    const limit = Number(input.dataset.maxBytes);
    if (!limit) return;
    input.closest("form").querySelector(".file-refused")?.remove();
    const file = [...input.files].find(({ size }) => size > limit);
    if (!file) return;
    event.stopImmediatePropagation(); // in the capture phase, so that submit-on-change does not send it
    input.value = "";
    const message = document.createElement("p");
    message.className = "form-error file-refused";
    message.role = "alert";
    message.textContent = `“${file.name}” is ${megabytes(file.size)} MB; the limit is ${megabytes(limit)} MB. Nothing was uploaded.`;
    (input.closest("label, .field") ?? input).after(message);
  }, { capture: true });
})();
