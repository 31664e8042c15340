"use strict";
(() => {
  const steps = [...document.querySelectorAll(".step")];
  const words = document.getElementById("words");
  const boxes = [...document.querySelectorAll(".bar input[type=checkbox]")];
  const count = document.getElementById("count");
  const none = document.getElementById("none");
  const filter = () => {
    const wanted = words.value.toLowerCase();
    const classes = boxes.filter((box) => box.checked).map((box) => box.value);
    let shown = 0;
    for (const step of steps) {
      const fits = classes.every((name) => step.classList.contains(name));
      step.hidden = !(fits && step.textContent.toLowerCase().includes(wanted));
      shown += step.hidden ? 0 : 1;
    }
    none.hidden = shown > 0 || steps.length === 0;
    count.textContent = `${shown} of ${steps.length}`;
  };
  words.addEventListener("input", filter);
  boxes.forEach((box) => box.addEventListener("change", filter));
  document.addEventListener("click", (event) => {
    const picture = event.target.closest("button.picture");
    if (picture) {
      const whole = picture.getAttribute("aria-expanded") !== "true";
      picture.setAttribute("aria-expanded", String(whole));
      return;
    }
    const link = event.target.closest("a.place");
    if (!link) return;
    const row = document.getElementById(link.getAttribute("href").slice(1));
    if (!row) return;
    document.querySelectorAll("tr.chosen").forEach((each) => each.classList.remove("chosen"));
    row.classList.add("chosen");
    row.scrollIntoView({ block: "center" });
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && event.target !== words) {
      words.focus();
      words.select();
      event.preventDefault();
    } else if (event.key === "Escape" && event.target === words) {
      words.value = "";
      filter();
      event.preventDefault();
    }
  });
  // Only what scrolls needs the keyboard; a stop at every text would be in the way of the links.
  for (const text of document.querySelectorAll(".step > pre")) {
    if (text.scrollHeight > text.clientHeight) text.tabIndex = 0;
  }
  filter();
})();
