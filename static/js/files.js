/* A file larger than its field takes is refused beside the field, before it is sent. */
(() => {
  "use strict";

  const megabytes = (bytes) => (bytes / 1024 ** 2).toFixed(bytes < 10 * 1024 ** 2 ? 1 : 0);

  document.addEventListener("change", (event) => {
    const input = event.target;
    const most = Number(input.dataset.maxBytes);
    if (!most) return;
    const place = input.closest("form");
    place.querySelector(".file-refused")?.remove();
    const file = [...input.files].find(({ size }) => size > most);
    if (!file) return;
    event.stopImmediatePropagation();
    input.value = "";
    const told = document.createElement("p");
    told.className = "form-error file-refused";
    told.role = "alert";
    told.textContent = `“${file.name}” has ${megabytes(file.size)} MB; at most ${megabytes(most)} MB are taken. Nothing was sent.`;
    (input.closest("label, .field") ?? input).after(told);
  }, { capture: true });
})();
