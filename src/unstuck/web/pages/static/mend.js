/* Uploads with true progress and cancel, and timers that count down. Without it the forms and times do. */
"use strict";
(function () {
  function minutes(seconds) {
    const whole = Math.max(0, Math.ceil(seconds));
    return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0");
  }

  /* The server says how many real seconds are left; this device's own clock may be wrong. */
  const ends = new WeakMap();
  function tick() {
    document.querySelectorAll("[data-until]").forEach((one) => {
      if (!ends.has(one)) ends.set(one, performance.now() + 1000 * Number(one.dataset.until));
      const left = (ends.get(one) - performance.now()) / 1000;
      if (left > 0) {
        one.querySelector("[data-left]").textContent = minutes(left);
      } else {
        one.removeAttribute("data-until");
        one.classList.add("over");
        one.setAttribute("role", "status");
        one.textContent = one.dataset.done;
      }
    });
  }
  tick();
  window.setInterval(tick, 250);

  document.querySelectorAll("form[data-upload]").forEach((form) => {
    const input = form.querySelector("input[type=file]");
    const sending = form.querySelector(".sending");
    const bar = sending.querySelector("progress");
    const percent = sending.querySelector("[data-percent]");
    const problem = form.querySelector("[data-problem]");
    const go = form.querySelector(".actions button");
    let request = null;

    function rest(text) {
      request = null;
      sending.hidden = true;
      go.disabled = false;
      problem.textContent = text || "";
    }

    ["dragenter", "dragover"].forEach((kind) => form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.add("over");
    }));
    ["dragleave", "drop"].forEach((kind) => form.addEventListener(kind, () => form.classList.remove("over")));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        form.requestSubmit(go);
      }
    });
    form.querySelector("[data-cancel]").addEventListener("click", () => request && request.abort());

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (request) return;
      const files = Array.from(input.files);
      if (files.length > Number(form.dataset.files) || files.some((one) => one.size > Number(form.dataset.most))) {
        rest(form.dataset.large);
        return;
      }
      request = new XMLHttpRequest();
      request.upload.addEventListener("progress", (told) => {
        if (!told.lengthComputable) return;
        const done = Math.floor((100 * told.loaded) / told.total);
        bar.value = done;
        percent.textContent = done + " %";
      });
      request.addEventListener("load", () => {
        if (request.status === 200 || request.status === 422) {
          window.location.assign(request.responseURL);
          return;
        }
        const page = new DOMParser().parseFromString(request.responseText, "text/html");
        const said = page.querySelector("h1");
        rest(said ? said.textContent : form.dataset.broken);
      });
      request.addEventListener("error", () => rest(form.dataset.broken));
      request.addEventListener("abort", () => rest(""));
      request.open("POST", form.action);
      bar.value = 0;
      percent.textContent = "";
      problem.textContent = "";
      sending.hidden = false;
      go.disabled = true;
      request.send(new FormData(form));
    });
  });
})();
