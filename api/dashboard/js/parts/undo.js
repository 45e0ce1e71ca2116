// Taking something back: whether, until when, what that would do, and how bad it had been.
import { h } from "../dom.js";
import { post } from "../api.js";
import { choices, field, form, lines } from "../form.js";
import { ask } from "../dialog.js";
import { icon } from "../icons.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { left } from "./badges.js";

const BAD = [["minor", "Minor"], ["moderate", "Moderate"], ["severe", "Severe"], ["critical", "Critical"]];
const MEANS = {
  minor: "A small thing; the twin becomes a little less sure.",
  moderate: "It should not have been done like this.",
  severe: "What it rested on is forgotten.",
  critical: "What it rested on is forgotten, and trust in this part of life goes back to the start.",
};

/** The panel; null where nothing was done. */
export function undoPanel(decision, offer, done) {
  if (!offer || offer.obstacle === "not_executed") return null;
  const open = offer.eligible && may("answer");
  return h("section", { class: "card stack" },
    h("div", { class: "section" },
      h("div", { class: "title" }, h("h2", null, "Take it back"), offer.eligible && offer.until && left(offer.until, { soonBelow: 20_000 })),
      h("p", { class: "soft" }, offer.text)),
    open && h("div", { class: "buttons" }, h("button", { class: "btn bad", type: "button", "data-focus": "undo", on: { click: () => take(decision, offer, done) } }, icon("undo"), "Undo")));
}

/** Asks why and how bad, then does it. */
async function take(decision, offer, done) {
  let severity = "minor";
  const reason = lines({ rows: 2, maxlength: 2000 });
  const instead = lines({ rows: 2, maxlength: 2000 });
  const means = h("p", { class: "little soft" }, MEANS.minor);
  await ask("Take it back", (close) => [
    h("p", null, offer.text),
    form(async () => {
      await post(`/decisions/${decision.id}/undo`, { reason: reason.value.trim(), severity, preferred_alternative: instead.value.trim() || undefined });
      say("It is being taken back.");
      close(true);
      done();
    }, { submit: "Undo", kind: "bad main", extra: h("button", { class: "btn", type: "button", on: { click: () => close() } }, "Not now") },
    field("Why", reason, { path: "/reason", hint: "Your twin learns from it." }),
    h("div", { class: "section" }, choices("How bad was it?", BAD, severity, (word) => { severity = word; means.textContent = MEANS[word]; }, { hidden: false }), means),
    field("What would have been better (optional)", instead, { path: "/preferred_alternative" })),
  ]);
}
