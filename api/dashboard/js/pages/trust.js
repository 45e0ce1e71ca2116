// Trust: how far the twin may go in each part of life, what is missing for the next step, why it last changed; lowered
// at any time, raised to what was earned, further only by a deliberate word.
import { h } from "../dom.js";
import { put, read } from "../api.js";
import { button, choices, field, form, lines, tick, Wrong } from "../form.js";
import { ask } from "../dialog.js";
import { count } from "../format.js";
import { region } from "../region.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { inside, name, TIER_MEANING, tierName, TIERS } from "../words.js";
import { chip, when } from "../parts/badges.js";
import { ladder } from "../parts/ladder.js";

const tierInside = (tier) => tierName(tier).toLowerCase();
const rank = (tier) => TIERS.indexOf(tier);
const label = (scope) => (scope === "overall" ? "Overall" : name(scope));

/** The page. */
export function trust(context) {
  return h("div", { class: "page" },
    h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Trust"), h("p", null, "Earned by your answers, in each part of life for itself. You can lower it at any time."))),
    region(context, {
      label: "Trust",
      events: ["trust.changed", "settings.changed", "feedback.recorded"],
      load: async (signal) => {
        const { body, etag } = await read("/trust", { signal });
        return { body, etag };
      },
      show: ({ body, etag }, again) => [
        overall(body.overall, etag, again),
        h("section", { class: "section", "aria-labelledby": "domains" }, h("h2", { id: "domains" }, "In each part of life"),
          h("ul", { class: "rows card tight" }, body.domains.map((place) => row(place, etag, again)))),
        changes(body.changes),
      ],
    }));
}

function overall(place, etag, again) {
  return h("section", { class: "card stack", "aria-labelledby": "overall" },
    h("div", { class: "title section" },
      h("div", { class: "top-line chips" }, h("h2", { id: "overall" }, `Overall: ${tierInside(place.tier)}`)),
      h("p", { class: "soft" }, TIER_MEANING[place.tier])),
    ladder(place), next(place), frozen(place), why(place),
    may("settings") && h("div", { class: "buttons" }, button("Change", () => change(place, etag, again), { "data-focus": "change-overall" })));
}

function row(place, etag, again) {
  return h("li", null,
    h("div", { class: "grow section" },
      h("div", { class: "chips" }, h("h3", null, label(place.scope)), h("span", { class: "little soft" }, tierName(place.tier)), place.own_tier === null && chip("Follows overall"), place.own_tier !== null && rank(place.own_tier) > rank(place.tier) && chip("Held by overall", "warn")),
      ladder(place, true), next(place), frozen(place), why(place)),
    may("settings") && h("div", { class: "end" }, button(["Change", h("span", { class: "hear" }, ` ${label(place.scope)}`)], () => change(place, etag, again), { kind: "small", "data-focus": `change-${place.scope}` })));
}

const hundredths = (number) => (number % 100 === 0 ? String(number / 100) : (number / 100).toFixed(2).replace(/0$/, ""));

/** What is missing for the next step, as a bar and a sentence. */
function next({ next: step, record }) {
  const share = record.answers ? Math.round((record.approvals_hundredths / (record.approvals_hundredths + record.rejections * 100)) * 100) : null;
  const answered = record.answers ? `${count(record.answers, "answer")} since the last change${share === null ? "" : `, ${share} % of them yes`}.` : "No answers since the last change.";
  if (!step) return h("p", { class: "little soft" }, answered);
  const have = Math.min(record.consecutive_hundredths, step.consecutive * 100);
  const missing = [
    step.missing_hundredths > 0 && `${hundredths(step.missing_hundredths)} more in a row`,
    step.share_too_low && `at least ${step.percent} % yes`,
    step.above_overall && "overall trust has to rise first",
  ].filter(Boolean);
  return h("div", { class: "section" },
    h("div", { class: "bar thin", "aria-hidden": "true" }, h("i", { class: "used", vars: { "--part": String(have / (step.consecutive * 100)) } })),
    h("p", { class: "little soft even" }, `${hundredths(have)} of ${step.consecutive} approvals in a row for “${tierInside(step.tier)}”. `, missing.length ? `Missing: ${missing.join(", ")}. ` : "", answered));
}

function frozen({ frozen_until: until }) {
  return until && h("p", { class: "note warn" }, "Something was undone as critical: it does not rise before ", when(until), ".");
}

function why({ last_change: last }) {
  return last && h("p", { class: "little soft" }, "Last changed ", when(last.at), `: ${tierInside(last.from)} to ${tierInside(last.to)}, ${reason(last)}.`);
}

const CAUSES = { promotion: "because of your approvals", regression: "because of your rejections", critical_undo: "because something was undone as critical" };
const reason = (change) => [CAUSES[change.cause] ?? inside(change.cause), change.reason && `“${change.reason}”`].filter(Boolean).join(", ");

function changes(all) {
  if (!all.length) return null;
  return h("section", { class: "section", "aria-labelledby": "changes" }, h("h2", { id: "changes" }, "What changed"),
    h("ul", { class: "rows card tight" }, all.map((one) =>
      h("li", null, h("div", { class: "grow" }, h("strong", null, label(one.scope)), ` ${tierInside(one.from)} → ${tierInside(one.to)}`, h("p", { class: "little soft" }, reason(one))), h("span", { class: "little soft" }, when(one.at))))));
}

/** Another tier: what it means, and what it takes. */
function change(place, etag, again) {
  let wanted = place.own_tier ?? place.tier;
  const means = h("p", { class: "note" }, TIER_MEANING[wanted]);
  const why = lines({ rows: 2, maxlength: 500 });
  const sure = tick("I know that this goes beyond what was earned.", {});
  const beyond = h("div", { class: "form" }, h("p", { class: "note warn" }, "This was not earned yet. You can grant it all the same, up to moderate autonomy; it is written down with your reason."),
    field("Why", why, { path: "/override/reason" }), h("div", { class: "field", "data-path": "/override/confirmed" }, sure.element, h("p", { class: "wrong", hidden: true })));
  const show = () => {
    means.textContent = TIER_MEANING[wanted];
    beyond.hidden = !(rank(wanted) > rank(place.earned) && wanted !== "high_autonomy");
  };
  show();
  return ask(`Trust: ${label(place.scope)}`, (close) => form(async () => {
    const body = { tier: wanted };
    if (wanted === "high_autonomy") body.opt_in = true;
    else if (rank(wanted) > rank(place.earned)) {
      if (!why.value.trim()) throw new Wrong("/override/reason", "Say why: it is kept in the record.");
      body.override = { confirmed: sure.box.checked, reason: why.value.trim() };
    }
    await put(`/trust/${place.scope}`, body, { etag });
    say(`${label(place.scope)}: ${tierInside(wanted)}.`);
    close(true);
    again();
  }, { submit: "Save", extra: h("button", { class: "btn", type: "button", on: { click: () => close() } }, "Not now") },
  h("div", { class: "field", "data-path": "/tier" }, choices("How far it may go", TIERS.map((tier) => [tier, tierName(tier)]), wanted, (tier) => { wanted = tier; show(); }, { hidden: false }), h("p", { class: "wrong", hidden: true })),
  means, beyond), { wide: true });
}
