// Long lists in pages: the first is read again when something happened, the rest comes when it is asked for.
import { fill, h, match } from "./dom.js";
import { draw, failed, ghosts } from "./region.js";
import { busy } from "./form.js";
import { sayRefused } from "./toast.js";
import { on } from "./live.js";
import { say } from "./hear.js";

const SETTLE = 300;

/** A list fed by `load(cursor, signal)` → {items, next}. `make(item)` draws one, `key(item)` names it, `nothing()` when empty. */
export function paged(context, { load, make, key = (item) => item.id, nothing, events = [], list, ghost, group }) {
  const rows = list ?? h("ul", { class: "rows card tight" });
  const foot = h("div", { class: "buttons" });
  const element = h("div", { class: "section", "aria-busy": "true" }, ghost ?? ghosts(6, "row-high"));
  let items = [];
  let next = null;
  let timer = null;
  let round = 0;
  let shown = false;

  function show() {
    if (!items.length) {
      shown = false;
      return draw(element, nothing());
    }
    if (!shown) fill(element, rows, foot);
    shown = true;
    match(rows, group ? items.flatMap(group(items)) : items, (item) => item.key ?? key(item), (item) => (item.make ?? make)(item.item ?? item));
    fill(foot, next && more);
    return undefined;
  }

  const more = h("button", { class: "btn", type: "button", "data-focus": "more", on: { click: () => busy(more, further).catch(sayRefused) } }, "Show more");

  async function further() {
    const page = await load(next, context.signal);
    const known = new Set(items.map(key));
    items = items.concat(page.items.filter((item) => !known.has(key(item))));
    next = page.next;
    show();
    say(`${page.items.length} more`);
  }

  // What is new comes before what is known; what was read further down stays.
  async function again(anew = false) {
    const mine = (round += 1);
    try {
      const page = await load(null, context.signal);
      if (mine !== round || context.signal.aborted) return;
      const fresh = new Set(page.items.map(key));
      // More came than fits on a page: what is between is not known, so start over from here.
      const at = lastKnown(page.items);
      const older = anew === true || at < 0 ? [] : items.slice(at + 1).filter((item) => !fresh.has(key(item)));
      if (!older.length) next = page.next;
      items = page.items.concat(older);
      show();
    } catch (problem) {
      if (context.signal.aborted || mine !== round) return;
      if (!items.length) fill(element, failed(problem, again));
    } finally {
      if (mine === round) element.removeAttribute("aria-busy");
      context.ready();
    }
  }

  function lastKnown(page) {
    const last = page.length ? key(page[page.length - 1]) : null;
    return items.findIndex((item) => key(item) === last);
  }

  on(["open", ...events], () => {
    clearTimeout(timer);
    timer = setTimeout(again, SETTLE);
  }, context.signal);
  context.signal.addEventListener("abort", () => clearTimeout(timer));
  again();
  return { element, again: () => again(true), change: (edit) => { items = edit(items); show(); } };
}
