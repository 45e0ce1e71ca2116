// A part of a page that shows what it loads: a ghost while waiting, the reason when it failed, and again when an event
// says that it changed. Unchanged data is not drawn again, and drawing keeps focus and open details.
import { fill, h } from "./dom.js";
import { on } from "./live.js";

const SETTLE = 200;

/** Loads with `load(signal)`, draws with `show(data, again)`; `events` name what makes it load again. */
export function region(context, { load, show, events = [], ghost = ghosts(3), label }) {
  const element = h("div", { class: "region", "aria-busy": "true", "aria-label": label, role: label ? "region" : null }, ghost);
  let drawn = null;
  let timer = null;
  let round = 0;

  async function again() {
    const mine = (round += 1);
    try {
      const data = await load(context.signal);
      if (mine !== round || context.signal.aborted) return;
      const stamp = JSON.stringify(data);
      if (stamp !== drawn) draw(element, show(data, again));
      drawn = stamp;
    } catch (problem) {
      if (context.signal.aborted || mine !== round) return;
      // What was drawn stays: old is better than nothing, and the bar on top says that we are away.
      if (drawn === null) fill(element, failed(problem, again));
    } finally {
      if (mine === round) element.removeAttribute("aria-busy");
      context.ready();
    }
  }

  on(["open", ...events], () => {
    clearTimeout(timer);
    timer = setTimeout(again, SETTLE);
  }, context.signal);
  context.signal.addEventListener("abort", () => clearTimeout(timer));
  element.again = again;
  again();
  return element;
}

/** Puts new content in place; what had the focus or was open is found again by its `data-focus`. */
export function draw(element, content) {
  if (content instanceof Node && content.parentNode === element && element.children.length === 1) return;
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  const open = [...element.querySelectorAll("details[open][data-focus]")].map((details) => details.dataset.focus);
  fill(element, content);
  for (const name of open) element.querySelector(`details[data-focus="${name}"]`)?.setAttribute("open", "");
  if (focused) element.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
}

/** What could not be loaded, why, and a way to try again. */
export function failed(problem, again) {
  const gone = problem.status === 404;
  return h("div", { class: "failed", role: "alert" },
    h("strong", null, gone ? "This is not here" : problem.title ?? "This could not be shown"),
    h("p", null, gone ? "It may have been removed, or the address is wrong." : problem.message),
    problem.problem?.trace_id && h("p", { class: "little" }, "For the operator: ", h("code", null, problem.problem.trace_id)),
    !gone && again && h("button", { class: "btn small", type: "button", on: { click: again } }, "Try again"));
}

/** Grey shapes as high as what will come, so that nothing jumps. */
export function ghosts(number, kind = "card-high") {
  return Array.from({ length: number }, () => h("div", { class: `ghost ${kind}`, "aria-hidden": "true" }));
}

/** Nothing to show, and that is fine. */
export function empty(picture, title, text, ...more) {
  return h("div", { class: "empty" }, picture, h("h2", null, title), h("p", null, text), more);
}
