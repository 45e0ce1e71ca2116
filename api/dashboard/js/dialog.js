// Dialogs over the page: the browser's own, so that focus stays inside and Escape closes.
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

let number = 0;

/** Shows a dialog; `build(close)` gives its content. Resolves with what `close` was given, or undefined when dismissed. */
export function ask(title, build, { wide = false } = {}) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const id = `dialog-${(number += 1)}`;
    const inner = h("div", { class: "inner" });
    const dialog = h("dialog", { class: wide ? "wide" : null, "aria-labelledby": id }, inner);
    let result;
    const close = (value) => {
      result = value;
      dialog.close();
    };
    fill(
      inner,
      h("header", null, h("h2", { id }, title), h("button", { class: "btn quiet icon-only", type: "button", "aria-label": "Close", on: { click: () => close() } }, icon("close"))),
      build(close),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before?.isConnected) before.focus({ preventScroll: true });
      resolve(result);
    });
    dialog.addEventListener("click", (event) => event.target === dialog && close());
    document.body.append(dialog);
    dialog.showModal();
    inner.querySelector("[data-first], input, select, textarea, .btn.main")?.focus();
  });
}

/** Asks yes or no about something that deserves a second look. */
export function confirm(title, text, yes, { bad = false } = {}) {
  return ask(title, (close) => [
    ...[text].flat().map((part) => (part instanceof Node ? part : h("p", null, part))),
    h("div", { class: "buttons end" },
      h("button", { class: "btn", type: "button", on: { click: () => close(false) } }, "Not now"),
      h("button", { class: `btn main ${bad ? "bad" : ""}`, type: "button", "data-first": true, on: { click: () => close(true) } }, yes)),
  ]);
}
