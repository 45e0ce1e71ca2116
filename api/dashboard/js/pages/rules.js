// Rules: the person's own policies, the triggers, and beside them the rules that always hold.
import { h } from "../dom.js";
import { get, post, put, remove } from "../api.js";
import { amount, button, field, form, moneyField, select, text, toggle, Wrong } from "../form.js";
import { ask, confirm } from "../dialog.js";
import { money } from "../format.js";
import { icon } from "../icons.js";
import { empty, region } from "../region.js";
import { may, session } from "../session.js";
import { say } from "../toast.js";
import { CONFIDENCES, inside, name, RISKS } from "../words.js";
import { chip } from "../parts/badges.js";
import { conditionWords } from "../parts/condition.js";
import { tabs } from "../parts/tabs.js";

export const TABS = [["/rules", "Your rules"], ["/rules/limits", "Quiet hours and domains"]];
const EVENTS = ["settings.changed"];

/** The page. */
export function rules(context) {
  return h("div", { class: "page" },
    h("div", { class: "head" },
      h("div", null, h("h1", { tabindex: "-1" }, "Rules"), h("p", null, "What your twin must ask about or never do. The strictest rule always wins.")),
      h("div", { class: "actions" }, may("settings") && h("a", { class: "btn main", href: "/rules/new" }, icon("plus"), "New rule"))),
    tabs(TABS),
    region(context, {
      label: "Your rules",
      events: EVENTS,
      load: (signal) => get("/policies", { signal }),
      show: (found, again) => [own(found.items, again), always(found.built_in)],
    }),
    region(context, {
      events: EVENTS,
      ghost: [],
      load: (signal) => get("/triggers", { signal }),
      show: (found, again) => triggers(found.items, again),
    }));
}

function own(items, again) {
  if (!items.length) {
    return h("div", { class: "card" }, empty(icon("rules"), "No rules of your own yet", "The built-in rules hold anyway. Write one of your own when you want to be asked earlier, or never.", may("settings") && h("a", { class: "btn main", href: "/rules/new" }, "Write a rule")));
  }
  return h("ul", { class: "rows card tight" }, items.map((policy) =>
    h("li", null,
      h("div", { class: "grow section" },
        h("div", { class: "chips" }, h("a", { href: `/rules/${policy.id}`, "data-focus": `policy-${policy.id}` }, h("strong", null, policy.name)), policy.domain && chip(name(policy.domain), "", policy.domain), policy.priority !== 0 && chip(`Priority ${policy.priority}`)),
        policy.description && h("p", { class: "little soft" }, policy.description),
        h("ul", { class: "section" }, policy.rules.map((rule) => h("li", { class: "little" }, "When ", conditionWords(rule.when), ": ", effect(rule.effect))))),
      may("settings") && h("div", { class: "end" }, toggle(["On", h("span", { class: "hear" }, `: ${policy.name}`)], policy.enabled, (on) => enable(policy, on, again), { "data-focus": `on-${policy.id}` }),
        h("a", { class: "btn small", href: `/rules/${policy.id}` }, "Edit", h("span", { class: "hear" }, ` ${policy.name}`))))));
}

/** What a rule does, in a chip. */
export const effect = (word) => chip(word === "allow" ? "allowed" : word === "deny" ? "never" : "ask me", { allow: "good", require_approval: "warn", deny: "bad" }[word]);

async function enable({ id, revision, name: title, description, domain, priority, rules: all }, enabled, again) {
  await put(`/policies/${id}`, { name: title, description, domain, priority, rules: all, enabled }, { etag: `"${revision}"` });
  again();
}

function always(builtIn) {
  return h("details", { class: "card", "data-focus": "always" }, h("summary", null, `The ${builtIn.length} rules that always hold`),
    h("div", { class: "inside" }, h("ul", { class: "rules" }, builtIn.map((rule) => h("li", null, h("span", { class: `mark ${rule.effect}` }, icon(rule.effect === "deny" ? "no" : "ask")), h("p", null, rule.summary, h("span", { class: "name" }, `${name(rule.rule)} · at most: ${name(rule.effect).toLowerCase()}`)))))));
}

const TRIGGERS = {
  amount_threshold: (when) => `Ask me from ${money(when.threshold_cents, session.settings?.autonomy.currency ?? "USD")} on`,
  risk_tier_threshold: (when) => `Ask me from ${inside(when.min_risk_tier)} risk on`,
  low_confidence: (when) => `Ask me when it is less than ${inside(when.min_confidence)} sure`,
  novel_situation: () => "Ask me where it knows nothing of what I prefer",
  consecutive_rejections: (when) => `Ask me after ${when.count} rejections in a row`,
};

function triggers(items, again) {
  return h("section", { class: "section", "aria-labelledby": "triggers" },
    h("div", { class: "title" }, h("div", null, h("h2", { id: "triggers" }, "Triggers"), h("p", { class: "little soft" }, "Thresholds from which you are always asked.")), may("settings") && button([icon("plus"), "New trigger"], () => write(again), { kind: "small", "data-focus": "new-trigger" })),
    items.length
      ? h("ul", { class: "rows card tight" }, items.map((one) => {
        const said = TRIGGERS[one.kind]?.(one) ?? "A trigger that can't be read any more: it always asks";
        return h("li", null, h("div", { class: "grow" }, said),
          may("settings") && h("div", { class: "end" },
            TRIGGERS[one.kind] && toggle(["On", h("span", { class: "hear" }, `: ${said}`)], one.enabled, (on) => switchTrigger(one, on, again), { "data-focus": `trigger-${one.id}` }),
            button(["Remove", h("span", { class: "hear" }, `: ${said}`)], () => drop(one, said, again), { kind: "small quiet", "data-focus": `drop-${one.id}` })));
      }))
      : h("p", { class: "card soft" }, "None. A trigger asks you whatever else would allow it."));
}

async function switchTrigger({ id, revision, created_at: _made, updated_at: _changed, ...rest }, enabled, again) {
  await put(`/triggers/${id}`, { ...rest, enabled }, { etag: `"${revision}"` });
  again();
}

async function drop(one, said, again) {
  if (!(await confirm("Remove this trigger?", said, "Remove", { bad: true }))) return;
  await remove(`/triggers/${one.id}`, { etag: `"${one.revision}"` });
  say("Removed.");
  again();
}

function write(again) {
  let kind = "amount_threshold";
  const limit = amount(null, session.settings?.autonomy.currency ?? "USD");
  const risk = select(RISKS.slice(1).map((word) => [word, name(word)]), "high");
  const sure = select(CONFIDENCES.slice(1).map((word) => [word, name(word)]), "moderate");
  const times = text({ inputmode: "numeric", value: "3" });
  const parts = {
    amount_threshold: moneyField("From", limit, { path: "/threshold_cents", hint: "Also when nobody knows the cost." }),
    risk_tier_threshold: field("From", risk, { path: "/min_risk_tier" }),
    low_confidence: field("Below", sure, { path: "/min_confidence" }),
    novel_situation: h("p", { class: "soft" }, "Asks in every part of life in which nothing is known of what you prefer."),
    consecutive_rejections: field("After so many", times, { path: "/count" }),
  };
  const show = () => { for (const [word, part] of Object.entries(parts)) part.hidden = word !== kind; };
  show();
  const read = {
    amount_threshold: () => ({ threshold_cents: limit.read() || fault("/threshold_cents", "Write an amount such as 20.00.") }),
    risk_tier_threshold: () => ({ min_risk_tier: risk.value }),
    low_confidence: () => ({ min_confidence: sure.value }),
    novel_situation: () => ({}),
    consecutive_rejections: () => ({ count: /^[1-9]\d{0,5}$/.test(times.value.trim()) ? Number(times.value) : fault("/count", "Write a whole number from 1 on.") }),
  };
  return ask("New trigger", (close) => form(async () => {
    await post("/triggers", { kind, ...read[kind]() });
    say("In force from now on.");
    close(true);
    again();
  }, { submit: "Save", extra: h("button", { class: "btn", type: "button", on: { click: () => close() } }, "Not now") },
  field("Ask me", select(Object.keys(parts).map((word) => [word, name(word)]), kind, { on: { change: (event) => { kind = event.target.value; show(); } } })),
  Object.values(parts)));
}

function fault(path, reason) {
  throw new Wrong(path, reason);
}
