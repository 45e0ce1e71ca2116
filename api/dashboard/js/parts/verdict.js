// Why: the chain of rules behind a verdict, the risk by dimension, and the explanation in sentences.
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { name, plain, RISKS } from "../words.js";
import { chip, confidence, cost, risk } from "./badges.js";
import { parameters } from "./action.js";

const MARK = { allow: "check", require_approval: "ask", deny: "no" };
const RANK = { deny: 0, require_approval: 1, allow: 2 };

/** Every rule that spoke, the strictest first. */
export function chain(reasons) {
  const sorted = [...reasons].sort((a, b) => RANK[a.effect] - RANK[b.effect]);
  return h("ol", { class: "rules" }, sorted.map((reason) =>
    h("li", null,
      h("span", { class: `mark ${reason.effect}` }, icon(MARK[reason.effect]), h("span", { class: "hear" }, `${name(reason.effect)}: `)),
      h("p", null, plain(reason.text), h("span", { class: "name" }, `${name(reason.rule)} · ${name(reason.effect).toLowerCase()}`)))));
}

/** The reasons that decide, in a sentence or two; the details have them all. */
export function because(reasons) {
  const strictest = Math.min(...reasons.map((reason) => RANK[reason.effect]));
  const all = reasons.filter((reason) => RANK[reason.effect] === strictest).map((reason) => plain(reason.text));
  return all.length > 3 ? `${all.slice(0, 2).join(" ")} And ${all.length - 2} more reasons.` : all.join(" ");
}

/** The six dimensions of a risk. */
export function dimensions(of) {
  return h("ul", { class: "risk-grid" }, of.ratings.map((rating) =>
    h("li", null,
      h("strong", null, name(rating.dimension)), h("span", { class: "soft" }, name(rating.tier)),
      h("div", { class: "bar thin", "aria-hidden": "true" }, h("i", { class: rating.tier, vars: { "--part": String((RISKS.indexOf(rating.tier) + 0.4) / 4.4) } })),
      h("p", null, rating.reason))));
}

/** Why a decision came out as it did. */
export function explanation(why) {
  return h("div", { class: "section" },
    h("p", { class: "soft" }, plain(why.understood)),
    h("ul", { class: "rules" }, why.why.map((line) => h("li", null, h("span", { class: "mark" }, icon("general")), h("p", null, plain(line))))),
    why.next && h("p", { class: "note" }, plain(why.next)));
}

/** One thing that could be done, with everything behind it. */
export function candidate(of, chosen) {
  return h("details", { "data-focus": `candidate-${of.ordinal}`, open: chosen },
    h("summary", null, `${of.ordinal + 1}. ${of.summary}`),
    h("div", { class: "inside" },
      h("div", { class: "chips" }, chosen && chip("Chosen", "accent"), chip(name(of.verdict.effect), { allow: "good", require_approval: "warn", deny: "bad" }[of.verdict.effect]), risk(of.risk.overall), cost(of.action.cost), confidence(of.confidence)),
      of.missing.length > 0 && h("p", { class: "note warn" }, `Missing: ${of.missing.map((one) => name(one)).join(", ")}`),
      chain(of.verdict.reasons),
      of.support.length > 0 && h("p", { class: "little soft" }, "Rests on ", of.support.map((one, place) => [place > 0 && ", ", h("strong", null, name(one.key)), one.speaks_for ? " (for)" : " (against)"])),
      h("details", { "data-focus": `risk-${of.ordinal}` }, h("summary", null, "Risk, dimension by dimension"), h("div", { class: "inside" }, dimensions(of.risk))),
      h("details", { "data-focus": `with-${of.ordinal}` }, h("summary", null, "With what"), h("div", { class: "inside" }, parameters(of.action))),
      h("p", { class: "tiny soft even" }, `Score ${of.score}`)));
}
