// Answering an approval: the one flow behind every button, key and batch. What the API wants on top (an override of the
// daily limit, a cap on an unknown cost) is asked for and the answer sent again; nothing is ever assumed to have worked.
import { h } from "../dom.js";
import { get, key, post, Refused } from "../api.js";
import { amount, field, form, lines, moneyField, tick, Wrong } from "../form.js";
import { ask } from "../dialog.js";
import { money } from "../format.js";
import { say, sayRefused } from "../toast.js";
import { name, withoutCost } from "../words.js";
import { known, parameterForm } from "./action.js";

/** Sends an answer. Resolves with the approval as it stands then, or null when nothing was answered. */
export async function answer(approval, given) {
  let body = given;
  for (;;) {
    try {
      const once = key();
      const outcome = await post(`/approvals/${approval.id}/answer`, body, { once });
      report(approval, outcome);
      return outcome.approval;
    } catch (problem) {
      const more = await amend(approval, body, problem);
      if (more) {
        body = more;
        continue;
      }
      return settled(problem) ? get(`/approvals/${approval.id}`).catch(() => null) : null;
    }
  }
}

const settled = (problem) => problem.code === "resolved" || problem.code === "expired";

/** What is to be sent instead, if the person adds what is missing; null ends it. */
async function amend(approval, body, problem) {
  if (!(problem instanceof Refused)) throw problem;
  if (problem.code === "needs_override") {
    const meant = await override(approval, problem);
    return meant ? { ...body, ...meant } : null;
  }
  if (problem.code === "needs_max_cost") {
    const cap = await mostItMayCost(approval);
    return cap === undefined ? null : { ...body, max_cost_cents: cap };
  }
  if (problem.code === "resolved") say(`Already answered: ${name(problem.problem.state).toLowerCase()}. Nothing changed.`, "warn");
  else if (problem.code === "stopped") say("Your twin is stopped. This waits until you let it go on.", "warn");
  else if (body.answer === "edit" && problem.errors.length) throw problem;
  else sayRefused(problem);
  return null;
}

/** The daily limit is in the way: the numbers, and a deliberate yes with its reason. */
function override(approval, problem) {
  const numbers = problem.problem.numbers ?? {};
  const currency = approval.action.cost.currency ?? "USD";
  const reason = lines({ rows: 2, maxlength: 2000 });
  const sure = tick("I want this although it goes above my daily limit.", {});
  const shown = [["It costs", numbers.cost_cents], ["Your daily limit", numbers.limit_cents], ["Spent", numbers.settled_cents], ["Reserved", numbers.reserved_cents], ["Left today", numbers.remaining_cents]];
  return ask("Above your daily limit", (close) => [
    h("p", null, problem.errors[0]?.reason ?? problem.message),
    h("dl", { class: "facts" }, shown.filter(([, cents]) => Number.isInteger(cents)).map(([label, cents]) => [h("dt", null, label), h("dd", { class: "even" }, money(cents, currency))])),
    form(async () => {
      if (!reason.value.trim()) throw new Wrong("/reason", "Say why: it is kept with the approval.");
      if (!sure.box.checked) throw new Wrong("/sure", "Tick the box if you mean it.");
      close({ override_daily_limit: true, reason: reason.value.trim() });
    }, { submit: "Approve above the limit", kind: "bad main", extra: h("button", { class: "btn", type: "button",  on: { click: () => close() } }, "Not now") },
    field("Why", reason, { path: "/reason" }),
    h("div", { class: "field", "data-path": "/sure" }, sure.element, h("p", { class: "wrong", hidden: true }))),
  ]);
}

/** Nobody knows what it costs: how much it may. */
function mostItMayCost(approval) {
  const cap = amount(null, approval.action.cost.currency ?? "USD");
  return ask("How much may it cost?", (close) => [
    h("p", null, `Nobody knows what this costs: ${withoutCost(approval.summary)}. Say the most you would pay; so much is reserved, and the engine is told.`),
    form(async () => {
      const cents = cap.read();
      if (!Number.isInteger(cents)) throw new Wrong("/max_cost_cents", "Write an amount such as 12.50.");
      close(cents);
    }, { submit: "Approve up to this", extra: h("button", { class: "btn", type: "button", on: { click: () => close() } }, "Not now") },
    moneyField("At most", cap, { path: "/max_cost_cents" })),
  ]);
}

/** Changes the parameters, then approves. */
export async function edit(approval) {
  const row = (await known()).verbs.find((verb) => verb.verb === approval.action.verb);
  if (!row) return answer(approval, { answer: "approve" });
  const inputs = parameterForm(row, approval.action);
  const reason = lines({ rows: 2, maxlength: 2000 });
  return ask("Change, then approve", (close) => [
    h("p", null, withoutCost(approval.summary)),
    form(async () => {
      const done = await answer(approval, { answer: "edit", parameters: inputs.read(), reason: reason.value.trim() || undefined });
      if (done) close(done);
    }, { submit: "Approve as changed", extra: h("button", { class: "btn", type: "button", on: { click: () => close() } }, "Not now") },
    inputs.element, field("Why (optional)", reason, { hint: "Your twin learns from it.", path: "/reason" })),
  ]);
}

/** Says no, with a reason if there is one. */
export function reject(approval) {
  const reason = lines({ rows: 2, maxlength: 2000 });
  return ask("Reject", (close) => [
    h("p", null, withoutCost(approval.summary)),
    form(async () => {
      const done = await answer(approval, { answer: "reject", reason: reason.value.trim() || undefined });
      close(done);
    }, { submit: "Reject", kind: "bad main", extra: h("button", { class: "btn", type: "button", on: { click: () => close() } }, "Not now") },
    field("Why (optional)", reason, { hint: "Your twin learns from it." })),
  ]);
}

function report(approval, outcome) {
  const about = withoutCost(approval.summary);
  const link = { label: "See it", href: `/activity/${approval.decision}` };
  if (outcome.approval.resolution?.by === "policy") say(`Not done, a rule forbids it now: ${outcome.approval.resolution.reasons.join(" ")}`, "bad", link);
  else if (outcome.approval.state === "rejected") say(`Rejected: ${about}`, "good", link);
  else say(outcome.execution ? `Approved, it is on its way: ${about}` : `Approved: ${about}`, "good", link);
}

/** Answers many; says how it went, one by one where it did not. */
export async function answerMany(approvals, word) {
  const outcome = await post("/approvals/answers", { answers: approvals.map(({ id }) => ({ approval: id, answer: word })) });
  const bad = outcome.results.filter((result) => result.problem);
  const good = outcome.results.length - bad.length;
  if (good) say(`${good} ${word === "approve" ? "approved" : "rejected"}.`);
  for (const result of bad) say(`${withoutCost(approvals[result.index].summary)}: ${result.problem.errors?.[0]?.reason ?? result.problem.detail}`, "bad");
  return outcome.results.filter((result) => !result.problem || settled(result.problem)).map((result) => approvals[result.index].id);
}
