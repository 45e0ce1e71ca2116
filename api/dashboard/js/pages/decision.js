// One decision, whole: what came of it, why, which rules spoke, what was asked and done, alive while it runs; take it
// back, say what you think of it.
import { h } from "../dom.js";
import { get } from "../api.js";
import { exact } from "../format.js";
import { region } from "../region.js";
import { name, withoutCost } from "../words.js";
import { chip, domain, outcome, urgency, when } from "../parts/badges.js";
import { approvalCard } from "../parts/approval-card.js";
import { execution } from "../parts/steps.js";
import { opinionPanel } from "../parts/opinion.js";
import { undoPanel } from "../parts/undo.js";
import { candidate, explanation } from "../parts/verdict.js";

const EVENTS = ["approval.created", "approval.resolved", "approval.expired", "execution.started", "execution.step", "execution.settled", "undo.requested", "undo.settled", "feedback.recorded", "settings.changed"];

/** The page. */
export function decision(context) {
  const { id } = context.params;
  return h("div", { class: "page" }, region(context, {
    events: EVENTS,
    load: async (signal) => {
      const [found, undo, spend] = await Promise.all([get(`/decisions/${id}`, { signal }), get(`/decisions/${id}/undo`, { signal }), get("/spend?limit=1", { signal })]);
      return { found, undo, spend };
    },
    show: ({ found, undo, spend }, again) => {
      context.title(withoutCost(found.explanation.headline));
      return whole(found, undo, spend, again, context);
    },
  }));
}

function whole(found, undo, spend, again, context) {
  const [asked, ...before] = found.approvals;
  return [
    h("div", { class: "head" }, h("div", { class: "section" },
      h("p", { class: "little" }, h("a", { href: "/activity" }, "Activity")),
      h("h1", { tabindex: "-1" }, withoutCost(found.explanation.headline)),
      h("div", { class: "chips" }, outcome(found.outcome), domain(found.domain), urgency(found.urgency), chip(name(found.situation)), found.sender && chip(found.sender, "", "email"), h("span", { class: "little soft" }, when(found.decided_at))))),
    h("div", { class: "columns" },
      h("div", null,
        asked && approvalCard(asked, { spend, done: again, linked: false }),
        found.executions.length > 0 && h("div", { class: "card stack" }, [...found.executions].reverse().map((one) => execution(one, again))),
        h("section", { class: "card stack" }, h("h2", null, "Why"), explanation(found.explanation)),
        found.candidates.length > 0 && h("section", { class: "card stack" },
          h("div", { class: "title section" }, h("h2", null, "Everything it weighed"), h("p", { class: "soft" }, "Best first, each with the chain of rules.")),
          found.candidates.map((one) => candidate(one, one.ordinal === found.chosen))),
        before.length > 0 && h("section", { class: "section" }, h("h2", null, "Asked before"), before.map((one) => approvalCard(one, { linked: false, heading: "h3" })))),
      h("div", null,
        undoPanel(found, undo, again),
        opinionPanel(found, again),
        found.flags.length > 0 && h("section", { class: "card stack" }, h("h2", null, "What it noticed"), h("div", { class: "chips" }, found.flags.map((flag) => chip(name(flag), "warn")))),
        h("section", { class: "card stack" }, h("h2", null, "What happened"), trail(found.timeline)),
        signalPart(found, context))),
  ];
}

function trail(events) {
  return h("ol", { class: "trail" }, events.map((event) =>
    h("li", null, when(event.at, exact), h("div", null, h("strong", null, name(event.name)), fact(event.facts)))));
}

function fact({ state, outcome: word, verb, source, answer }) {
  const said = [word && name(word), state && name(state), answer && name(answer), verb && name(verb), source].filter(Boolean);
  return said.length > 0 && h("p", { class: "little soft" }, said.join(" · "));
}

/** The signal as it came; read when it is opened. */
function signalPart(found, context) {
  const inside = h("div", { class: "inside" });
  const details = h("details", { "data-focus": "signal", on: { toggle: () => {
    if (details.open && !inside.firstChild) inside.append(region(context, { load: (signal) => get(`/signals/${found.signal}`, { signal }), show: raw }));
  } } }, h("summary", null, "The signal as it came"), inside);
  return h("section", { class: "card" }, details);
}

function raw(signal) {
  return h("dl", { class: "facts" },
    h("dt", null, "From"), h("dd", null, `${signal.source} · ${signal.type}`),
    h("dt", null, "Received"), h("dd", null, when(signal.received_at)),
    h("dt", null, "Content"), h("dd", null, h("pre", { tabindex: "0" }, JSON.stringify(signal.payload, null, 1))));
}
