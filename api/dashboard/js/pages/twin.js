// Twin: what it holds about the person, how sure it is and where that comes from; corrected, removed, looked back on.
import { h } from "../dom.js";
import { get, put, remove } from "../api.js";
import { button, field, form, select, text, Wrong } from "../form.js";
import { ask, confirm } from "../dialog.js";
import { count } from "../format.js";
import { icon } from "../icons.js";
import { empty, region } from "../region.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { DOMAINS, name, sentence } from "../words.js";
import { chip, confidence, domain as domainChip, when } from "../parts/badges.js";
import { valueField, valueWords } from "../parts/preference.js";
import { profile } from "../parts/profile.js";
import { tabs } from "../parts/tabs.js";

export const TABS = [["/twin", "What it knows"], ["/twin/ask", "Ask it"], ["/twin/versions", "How it came to be"]];

/** The page. */
export function twin(context) {
  const known = region(context, {
    label: "What it knows",
    events: ["twin.updated"],
    load: async (signal) => {
      const [preferences, { fields }] = await Promise.all([get("/preferences", { signal }), get("/twin", { signal })]);
      return { items: preferences.items, fields };
    },
    show: ({ items, fields }, again) => [
      items.length ? grouped(items, again) : empty(icon("twin"), "Nothing yet", "Your twin learns from every answer you give. You can also tell it what you prefer.", may("settings") && button("Say what you prefer", () => state(null, again), { kind: "main" })),
      profile(fields, again),
    ],
  });
  return h("div", { class: "page" },
    h("div", { class: "head" },
      h("div", null, h("h1", { tabindex: "-1" }, "Twin"), h("p", null, "What it knows about you, and why it thinks so.")),
      h("div", { class: "actions" }, may("settings") && button([icon("plus"), "Say what you prefer"], () => state(null, known.again)))),
    tabs(TABS),
    known);
}

function grouped(items, again) {
  const by = Map.groupBy ? Map.groupBy(items, (item) => item.domain) : items.reduce((map, item) => map.set(item.domain, [...(map.get(item.domain) ?? []), item]), new Map());
  return [...by].map(([domain, held]) => h("section", { class: "section", "aria-label": name(domain) },
    h("div", { class: "title" }, h("h2", null, name(domain)), h("p", { class: "little soft" }, count(held.length, "preference"))),
    h("ul", { class: "rows card tight" }, held.map((one) => row(one, again)))));
}

function row(one, again) {
  const label = sentence(one.key.replaceAll(/[_.:-]/g, " "));
  return h("li", null,
    h("div", { class: "grow" }, h("h3", null, label), h("p", { class: "little soft" }, valueWords(one.value))),
    h("div", { class: "end" }, confidence(one.confidence), chip(name(one.source)), h("span", { class: "tiny soft" }, `${one.evidence_count} × seen`)),
    h("div", { class: "end" },
      button(["History", h("span", { class: "hear" }, ` of ${label}`)], () => past(one), { kind: "quiet small", "data-focus": `history-${one.id}` }),
      may("settings") && button(["Correct", h("span", { class: "hear" }, ` ${label}`)], () => state(one, again), { kind: "small", "data-focus": `correct-${one.id}` }),
      may("settings") && button(["Remove", h("span", { class: "hear" }, ` ${label}`)], () => forget(one, again), { kind: "small quiet", "data-focus": `forget-${one.id}` })));
}

/** Says or corrects a preference. */
function state(one, again) {
  const domain = select(DOMAINS.map((word) => [word, name(word)]), one?.domain ?? "email", { disabled: Boolean(one) });
  const key = text({ value: one?.key ?? "", maxlength: 100, readonly: Boolean(one), placeholder: "auto_archive" });
  const value = valueField(one?.value ?? true);
  return ask(one ? "Correct what it knows" : "Say what you prefer", (close) => form(async () => {
    const name = key.value.trim().toLowerCase().replaceAll(/\s+/g, "_");
    if (!name) throw new Wrong("key", "Give it a name, such as auto_archive.");
    await put(`/preferences/${domain.value}/${encodeURIComponent(name)}`, { value: value.read() });
    say("Noted. It counts as your own word, whatever was learned before.");
    close(true);
    again();
  }, { submit: "Save", extra: h("button", { class: "btn", type: "button", on: { click: () => close() } }, "Not now") },
  field("Part of life", domain, { path: "domain" }),
  field("About", key, { path: "key", hint: one ? null : "A short name in plain words: auto_archive, renew_under_20, never_unsubscribe." }),
  value.element));
}

async function forget(one, again) {
  if (!(await confirm("Forget this?", `Your twin no longer knows: ${one.key.replaceAll("_", " ")} (${name(one.domain)}). What was learned can be brought back from an earlier version.`, "Forget it", { bad: true }))) return;
  await remove(`/preferences/${one.domain}/${encodeURIComponent(one.key)}`);
  say("Forgotten.");
  again();
}

/** How a preference came to be what it is. */
async function past(one) {
  const entries = await get(`/preferences/${one.domain}/${encodeURIComponent(one.key)}/history`).catch((problem) => {
    if (problem.status === 404) return { items: [] };
    throw problem;
  });
  return ask(`History: ${one.key.replaceAll("_", " ")}`, () => (entries.items.length
    ? h("ol", { class: "section" }, entries.items.map((entry) => h("li", { class: "section" },
      h("div", { class: "chips" }, h("strong", null, name(entry.cause)), when(entry.at), chip(`Version ${entry.version}`)),
      change(entry))))
    : h("p", { class: "soft" }, "It has been like this from the start.")), { wide: true });
}

/** A preference before and after. */
export function change({ before, after }) {
  const side = (label, held) => h("div", null, h("dt", { class: "tiny soft" }, label), h("dd", null, held ? [h("strong", null, valueWords(held.value)), " ", confidence(held.confidence), " ", h("span", { class: "tiny soft" }, name(held.source))] : h("span", { class: "soft" }, "not there")));
  const held = after ?? before;
  return h("div", { class: "note section" }, h("div", { class: "chips" }, domainChip(held.domain), h("strong", null, held.key.replaceAll("_", " "))), h("dl", { class: "pair" }, side("Before", before), side("After", after)));
}
