// Keys: a table per page and one for everywhere. They can be switched off, never act while typing, and `?` lists them.
import { h } from "./dom.js";
import { ask } from "./dialog.js";
import { toggle } from "./form.js";
import { go } from "./router.js";

const STORE = "skytwin.keys";
let page = [];
let pending = null;

const EVERYWHERE = [
  ["g n", "Go to Now", () => go("/")],
  ["g a", "Go to Activity", () => go("/activity")],
  ["g t", "Go to Twin", () => go("/twin")],
  ["g u", "Go to Trust", () => go("/trust")],
  ["g m", "Go to Money", () => go("/money")],
  ["g r", "Go to Rules", () => go("/rules")],
  ["g b", "Go to Notifications", () => go("/notifications")],
  ["?", "Show these keys", () => help()],
];

const enabled = () => localStorage.getItem(STORE) !== "off";

/** The keys of a page, as [key, meaning, act], until `signal` ends it. */
export function keys(table, signal) {
  page = table;
  signal.addEventListener("abort", () => { if (page === table) page = []; });
}

/** Lists the keys, and lets them be switched off. */
export function help() {
  const rows = [...page, ...EVERYWHERE].map(([key, meaning]) => h("tr", null, h("td", null, key.split(" ").map((part) => [h("kbd", null, part), " "])), h("td", null, meaning)));
  return ask("Keys", () => [
    h("table", null, h("thead", null, h("tr", null, h("th", { scope: "col" }, "Key"), h("th", { scope: "col" }, "What it does"))), h("tbody", null, rows)),
    toggle("Use these keys", enabled(), async (wanted) => localStorage.setItem(STORE, wanted ? "on" : "off"), { "data-first": true }),
  ]);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]")) return;
  if (!enabled() && event.key !== "?") return;
  const pressed = pending ? `${pending} ${event.key}` : event.key;
  pending = null;
  const found = [...page, ...EVERYWHERE].find(([key]) => key === pressed);
  if (found) {
    event.preventDefault();
    found[2](event);
  } else if (pressed === "g") {
    pending = "g";
    setTimeout(() => { pending = null; }, 1200);
  }
});
