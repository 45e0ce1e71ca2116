// One thing that waits for the person's word: what, for how much, how risky, why, how long, and every answer.
import { add, h } from "../dom.js";
import { may } from "../session.js";
import { busy, button } from "../form.js";
import { sayRefused } from "../toast.js";
import { withoutCost } from "../words.js";
import { cost, domain, left, risk, state, urgency, when } from "./badges.js";
import { because, chain, dimensions } from "./verdict.js";
import { costAgainst } from "./money.js";
import { parameters } from "./action.js";
import { answer, edit, reject } from "./answering.js";

/** A card. `done(approval)` is called when it was answered; `pick(on)`, if given, makes it selectable; `heading` is its title's level. */
export function approvalCard(approval, { spend, done, pick, picked = false, linked = true, heading = "h2" } = {}) {
  const waits = approval.state === "pending";
  const title = `title-${approval.id}`;
  const card = h("article", { class: "card ask", tabindex: "-1", "aria-labelledby": title, "data-focus": `card-${approval.id}`, "data-approval": approval.id });
  const run = (work) => async () => {
    card.setAttribute("aria-busy", "true");
    const answered = await work().finally(() => card.removeAttribute("aria-busy"));
    if (answered) done?.(answered);
  };
  const deed = (label, word, kind, work) => button(label, run(work), { kind, "data-deed": word, "data-focus": `${word}-${approval.id}` });
  add(card, [
    waits && pick && h("label", { class: "pick" }, h("input", { type: "checkbox", checked: picked, "data-deed": "pick", "data-focus": `pick-${approval.id}`, "aria-label": `Select: ${withoutCost(approval.summary)}`, on: { change: (event) => pick(event.target.checked) } })),
    h("div", { class: "body" },
      h("div", { class: "top-line" },
        h(heading, { id: title }, withoutCost(approval.summary)),
        waits ? left(approval.expires_at) : state(approval.state)),
      h("div", { class: "chips" }, domain(approval.action.domain), cost(approval.action.cost), risk(approval.risk.overall), urgency(approval.urgency)),
      h("p", { class: "reason" }, because(approval.reasons)),
      waits && costAgainst(approval.action.cost, spend),
      waits && may("answer") && h("div", { class: "deeds" },
        deed("Approve", "approve", "main", () => answer(approval, { answer: "approve" })),
        deed("Edit", "edit", "", () => edit(approval)),
        deed("Reject", "reject", "bad", () => reject(approval))),
      !waits && resolution(approval),
      behind(approval, run, waits, linked)),
  ]);
  return card;
}

function behind(approval, run, waits, linked) {
  const others = approval.alternatives;
  return h("details", { "data-focus": `behind-${approval.id}` },
    h("summary", { "data-deed": "open", "data-focus": `open-${approval.id}` }, others.length && waits ? `Details and ${others.length} other ${others.length === 1 ? "option" : "options"}` : "Details"),
    h("div", { class: "inside" },
      waits && others.length > 0 && h("section", { class: "section" }, h("p", { class: "label" }, "Instead, it could"),
        h("ul", { class: "section" }, others.map((other) =>
          h("li", { class: "chips" },
            choose(approval, other, run), h("span", null, withoutCost(other.summary)), cost(other.action.cost))))),
      h("section", { class: "section" }, h("p", { class: "label" }, "Exactly what would be done"), parameters(approval.action)),
      h("section", { class: "section" }, h("p", { class: "label" }, "Which rules spoke"), chain(approval.reasons)),
      h("section", { class: "section" }, h("p", { class: "label" }, "Risk"), dimensions(approval.risk)),
      h("p", { class: "little soft" }, "Asked ", when(approval.created_at), approval.reminded && ", reminded", ". ", linked && h("a", { href: `/activity/${approval.decision}` }, "The whole decision"))));
}

function choose(approval, other, run) {
  const element = h("button", { class: "btn small", type: "button", "data-focus": `choose-${approval.id}-${other.ordinal}`, on: { click: () => busy(element, run(() => answer(approval, { answer: "choose", ordinal: other.ordinal }))).catch(sayRefused) } }, "Do this", h("span", { class: "hear" }, `: ${withoutCost(other.summary)}`));
  return element;
}

/** How it ended. */
export function resolution({ state: phase, resolution: end, expires_at: until }) {
  if (!end) return null;
  const by = end.by === "policy" ? "A rule forbade it" : phase === "expired" ? "Nobody answered in time, so it can't run" : phase === "cancelled" ? "Withdrawn" : `You ${end.answer?.answer === "edit" ? "changed and approved it" : end.answer?.answer === "choose" ? "chose another option" : phase === "approved" ? "approved it" : "rejected it"}`;
  return h("p", { class: "soft" }, by, " ", when(end.at ?? until), end.reasons?.length ? `: ${end.reasons.join(" ")}` : ".");
}
