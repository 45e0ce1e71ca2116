// One approval by its address: where notifications lead.
import { h } from "../dom.js";
import { get } from "../api.js";
import { region } from "../region.js";
import { approvalCard } from "../parts/approval-card.js";

/** The page. */
export function approval(context) {
  return h("div", { class: "page" },
    h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Your word"), h("p", null, h("a", { href: "/" }, "Everything that waits")))),
    region(context, {
      label: "The question",
      events: ["approval.resolved", "approval.expired", "spend.changed"],
      load: async (signal) => {
        const [found, spend] = await Promise.all([get(`/approvals/${context.params.id}`, { signal }), get("/spend?limit=1", { signal })]);
        return { found, spend };
      },
      show: ({ found, spend }, again) => approvalCard(found, { spend, done: again }),
    }));
}

/** Where an execution's address leads: to its decision. */
export function execution(context) {
  return h("div", { class: "page" }, h("div", { class: "head" }, h("h1", { tabindex: "-1" }, "What was done")),
    region(context, {
      load: (signal) => get(`/executions/${context.params.id}`, { signal }),
      show: (found) => {
        context.go(`/activity/${found.decision}`, { instead: true });
        return h("p", null, h("a", { href: `/activity/${found.decision}` }, "The decision it belongs to"));
      },
    }));
}
