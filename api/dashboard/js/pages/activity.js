// Activity: everything the twin decided, the latest first, by day; new things appear on top by themselves.
import { h } from "../dom.js";
import { get, query } from "../api.js";
import { field, select } from "../form.js";
import { day, dayKey, time } from "../format.js";
import { icon } from "../icons.js";
import { paged } from "../paging.js";
import { empty } from "../region.js";
import { DOMAINS, name, OUTCOMES, withoutCost } from "../words.js";
import { domain, outcome, urgency, when } from "../parts/badges.js";

/** The page; the filter is in the address, so that it survives going back. */
export function activity(context) {
  const wanted = new URLSearchParams(location.search);
  const filter = { outcome: wanted.get("outcome") ?? "", domain: wanted.get("domain") ?? "" };
  const change = (key) => (event) => context.go(query("/activity", { ...filter, [key]: event.target.value }), { instead: true });
  const pick = (label, key, words) => field(label, select([["", "All"], ...words.map((word) => [word, name(word)])], filter[key], { on: { change: change(key) }, "data-focus": `filter-${key}` }));
  const list = paged(context, {
    load: (cursor, signal) => get(query("/decisions", { ...filter, cursor, limit: 50 }), { signal }),
    events: ["decision.made"],
    list: h("div", { class: "section" }),
    group: () => byDay(),
    nothing: () => (filter.outcome || filter.domain
      ? empty(icon("activity"), "Nothing like this", "No decision fits this filter.", h("a", { class: "btn", href: "/activity" }, "Show everything"))
      : empty(icon("activity"), "Quiet so far", "When a mail, an invite or a bill comes in, what your twin made of it appears here.", h("a", { class: "btn", href: "/twin/ask" }, "Try: what would you do if…"))),
    key: (decision) => decision.id,
  });
  return h("div", { class: "page" },
    h("div", { class: "head" },
      h("div", null, h("h1", { tabindex: "-1" }, "Activity"), h("p", null, "What came in, and what your twin made of it.")),
      h("div", { class: "actions" }, pick("Outcome", "outcome", OUTCOMES), pick("Part of life", "domain", DOMAINS))),
    list.element);
}

// Each day is one item of the list, so a new decision redraws only its own day.
function byDay() {
  const days = new Map();
  return (decision, index, all) => {
    const key = dayKey(decision.decided_at);
    if (!days.has(key)) days.set(key, []);
    days.get(key).push(decision);
    const last = index === all.length - 1 || dayKey(all[index + 1].decided_at) !== key;
    return last ? [{ key, item: days.get(key), make: dayPart }] : [];
  };
}

function dayPart(decisions) {
  return h("section", { class: "section", "aria-label": day(decisions[0].decided_at) },
    h("h2", { class: "day" }, day(decisions[0].decided_at)),
    h("ul", { class: "rows card tight" }, decisions.map(row)));
}

function row(decision) {
  return h("li", null,
    h("span", { class: "badge-slot" }, outcome(decision.outcome)),
    h("div", { class: "grow" },
      h("a", { class: "whole", href: `/activity/${decision.id}`, "data-focus": `row-${decision.id}` }, withoutCost(decision.action ?? decision.headline)),
      h("p", { class: "little soft" }, name(decision.situation))),
    h("div", { class: "end" }, urgency(decision.urgency), domain(decision.domain), h("span", { class: "little soft even" }, when(decision.decided_at, time))));
}
