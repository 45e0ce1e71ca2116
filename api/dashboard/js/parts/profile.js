// What the person's answers add up to: each finding as a sentence, with how sure it is, what it rests on, and a way to
// have it forgotten.
import { h } from "../dom.js";
import { query, remove } from "../api.js";
import { button } from "../form.js";
import { confirm } from "../dialog.js";
import { money } from "../format.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { inside, name, sentence } from "../words.js";
import { confidence, when } from "./badges.js";

const hour = (at) => `${String(at).padStart(2, "0")}:00`;
const TRAITS = {
  cautious_spender: "You are careful with money", delegation_averse: "You'd rather decide yourself what can't be undone", quick_responder: "You like things answered quickly",
  routine_driven: "You like things done as always", privacy_conscious: "You keep your data to yourself",
};

/** One table: the field, its heading, and what one finding says. */
const FIELDS = [
  ["traits", "What you are like", (one) => `${TRAITS[one.name] ?? name(one.name)} (${one.domains.map(inside).join(", ")}).`],
  ["risk_tolerance", "What you agree to", (one) => one.by_risk.map((part) => `${name(part.risk)} risk: ${part.approval_percent} % yes (${part.agreed} of ${part.agreed + part.refused})`).join("; ")],
  ["spend_norms", "What you usually spend", (one) => `Mostly up to ${money(one.median_cents, one.currency)}, rarely above ${money(one.p90_cents, one.currency)}.`],
  ["domain_heuristics", "What you want from whom", (one) => `From ${one.who}: ${inside(one.verb)}.`],
  ["routines", "What you do when", (one) => `${sentence(one.weekday)}s around ${hour(one.hour)}: ${inside(one.verb)}.`],
  ["communication_style", "How you write", (one) => `${one.unedited_percent} % of the texts go out as they are, ${one.edited_percent} % after a change${one.typical_letters ? `; about ${one.typical_letters} letters` : ""}.`],
  ["active_hours", "When you answer", (one) => `Mostly at ${one.hours.map((part) => hour(part.hour)).join(", ")}.`],
];

/** Everything that was found; null while it is too little. */
export function profile(fields, again) {
  const parts = FIELDS.filter(([field]) => fields?.[field]?.length).map(([field, title, says]) => h("section", { class: "card stack", "aria-label": title },
    h("h3", null, title), h("ul", { class: "section" }, fields[field].map((one) => finding(field, one, says, again)))));
  if (!parts.length) return null;
  return h("section", { class: "section", "aria-labelledby": "noticed" },
    h("div", null, h("h2", { id: "noticed" }, "What it noticed about you"), h("p", { class: "little soft" }, "Derived from your answers; used when it weighs what to do.")),
    h("div", { class: "pair" }, parts));
}

function finding(field, one, says, again) {
  return h("li", { class: "section" },
    h("p", null, one.domain && h("strong", null, `${name(one.domain)}: `), says(one)),
    h("div", { class: "chips" }, confidence(one.confidence), h("span", { class: "tiny soft" }, `from ${one.count} answers, ${one.consistency_percent} % agree, since `, when(one.since)),
      may("settings") && button(["Forget", h("span", { class: "hear" }, `: ${says(one)}`)], () => forget(field, one, says, again), { kind: "quiet small", "data-focus": `forget-${field}-${one.domain ?? ""}` })));
}

/** What some versions said, without a way to change it. */
export function profileWords(fields) {
  return FIELDS.flatMap(([field, , says]) => (fields?.[field] ?? []).map((one) => [one.domain && `${name(one.domain)}: `, says(one)].filter(Boolean).join("")));
}

async function forget(field, one, says, again) {
  const where = one.domain ? ` in ${inside(one.domain)}` : "";
  if (!(await confirm("Forget this?", [says(one), `Everything of this kind${where} is forgotten; it fills again only from what you answer from now on.`], "Forget it", { bad: true }))) return;
  await remove(query(`/twin/fields/${field}`, { domain: one.domain }));
  say("Forgotten.");
  again();
}
