// Short messages in the corner, read out as well. A failure stays until it is closed; what went well leaves by itself.
import { h } from "./dom.js";
import { icon } from "./icons.js";

const shelf = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
document.body.append(shelf);

/** Says something; `kind` is good, warn or bad, `action` an optional {label, href}. */
export function say(text, kind = "good", action) {
  const close = h("button", { class: "btn quiet small icon-only", type: "button", "aria-label": "Close this message", on: { click: () => toast.remove() } }, icon("close"));
  const link = action && h("a", { href: action.href }, action.label);
  const toast = h("div", { class: `toast ${kind}` }, h("p", null, text, link && " ", link), close);
  shelf.append(toast);
  while (shelf.children.length > 3) shelf.firstChild.remove();
  if (kind === "good") setTimeout(() => toast.remove(), 7000);
}

/** Says what a refusal says, with everything it names. */
export function sayRefused(problem) {
  if (problem.name === "AbortError") return;
  const more = (problem.errors ?? []).map((error) => error.reason).join(" ");
  say(more ? `${problem.title}: ${more}` : problem.message, problem.away ? "warn" : "bad");
}
