// What was done, step by step: alive while it runs, plain about what failed or is in doubt, with what the person can do.
import { h } from "../dom.js";
import { post } from "../api.js";
import { amount, busy, button, form, moneyField, Wrong } from "../form.js";
import { ask, confirm } from "../dialog.js";
import { money } from "../format.js";
import { may } from "../session.js";
import { say, sayRefused } from "../toast.js";
import { name, plain } from "../words.js";
import { state, when } from "./badges.js";
import { parameters } from "./action.js";

/** One execution. `again()` reads it anew. */
export function execution(of, again) {
  const open = of.state === "planned" || of.state === "running";
  const facts = [
    ["Started", when(of.created_at)],
    of.settled_at && ["Finished", when(of.settled_at)],
    of.actual && of.actual.cents !== 0 && ["It cost", money(of.actual.cents, of.actual.currency)],
    open && of.reserved && ["Reserved", money(of.reserved.cents, of.reserved.currency)],
    of.attempts > 1 && ["Tries", String(of.attempts)],
    open && of.due_at && new Date(of.due_at) > Date.now() && ["Next try", when(of.due_at)],
    of.engine && ["Done by", h("span", null, of.engine, of.engine_ref && h("span", { class: "soft" }, ` · ${of.engine_ref}`))],
  ].filter(Boolean);
  return h("section", { class: "section", "data-execution": of.id },
    h("div", { class: "title" }, h("h2", null, of.kind === "undo" ? "Taking it back" : of.retry_of ? "Another try" : "What was done"), state(of.state)),
    h("ol", { class: "steps" }, of.steps.map((step) =>
      h("li", null, h("span", { class: `ring ${step.state}`, "aria-hidden": "true" }), h("span", null, name(step.action.verb)), h("span", { class: "little soft" }, name(step.state)),
        h("details", { "data-focus": `step-${of.id}-${step.ordinal}` }, h("summary", null, "With what"), h("div", { class: "inside" }, parameters(step.action), step.output && h("pre", null, JSON.stringify(step.output, null, 1))))))),
    of.error && h("p", { class: `note ${of.state === "failed" ? "bad" : "warn"}` }, plain(of.error)),
    of.state === "unknown" && may("answer") && doubt(of, again),
    open && may("answer") && h("div", { class: "buttons" }, button("Call it off", () => cancel(of, again), { kind: "small bad" })),
    h("dl", { class: "facts" }, facts.map(([label, value]) => [h("dt", null, label), h("dd", null, value)])));
}

/** Nobody knows whether it happened: the person says. */
function doubt(of, again) {
  const word = (label, run) => {
    const element = h("button", { class: "btn small", type: "button", "data-focus": `${label}-${of.id}`, on: { click: () => busy(element, run).catch(sayRefused) } }, label);
    return element;
  };
  return h("div", { class: "note warn section" },
    h("p", null, "It is not known whether this happened. Please look, for instance in the account itself, and say what you found."),
    h("div", { class: "buttons" },
      word("It happened", () => happened(of, again)),
      word("It did not", () => resolve(of, { outcome: "did_not_happen" }, "Thank you, it is settled.", again)),
      word("It did not; try again", () => resolve(of, { outcome: "try_again" }, "It is tried again.", again))));
}

async function resolve(of, body, said, again) {
  await post(`/executions/${of.id}/resolve`, body);
  say(said);
  again?.();
}

/** Where money was reserved, what it really cost may be said. */
function happened(of, again) {
  if (!of.reserved) return resolve(of, { outcome: "happened" }, "Thank you, it is settled.", again);
  const cost = amount(of.reserved.cents, of.reserved.currency);
  return ask("It happened", (close) => form(async () => {
    const cents = cost.read();
    if (cents === undefined) throw new Wrong("/actual_cost_cents", "Write an amount such as 12.50, or leave it empty.");
    await resolve(of, { outcome: "happened", actual_cost_cents: cents ?? undefined }, "Thank you, it is settled.", again);
    close(true);
  }, { submit: "It happened" }, moneyField("What it cost", cost, { path: "/actual_cost_cents", hint: "Left empty, what was reserved counts." })));
}

async function cancel(of, again) {
  const sent = of.state === "running";
  const text = sent ? "It may be under way already: the engine is asked to stop it, and says what came of it." : "Nothing was sent yet. What was reserved for it is free again.";
  if (!(await confirm("Call it off?", text, "Call it off", { bad: true }))) return;
  await post(`/executions/${of.id}/cancel`);
  say(sent ? "The engine is asked to stop it." : "Called off.");
  again?.();
}
