// Quiet hours, the zone they count in, the domains, and how long questions stay open: the settings that frame the rest.
import { h } from "../dom.js";
import { put, read } from "../api.js";
import { button, choices, field, form, select, text, tick, Wrong } from "../form.js";
import { currentZone } from "../format.js";
import { region } from "../region.js";
import { may, refresh } from "../session.js";
import { say } from "../toast.js";
import { DOMAINS, name } from "../words.js";
import { tabs } from "../parts/tabs.js";
import { TABS } from "./rules.js";

const URGENCIES = ["critical", "high", "medium", "low"];

/** The page. */
export function limits(context) {
  return h("div", { class: "page" },
    h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Rules"), h("p", null, "When it keeps quiet, where it may act, and how long it waits for you."))),
    tabs(TABS),
    region(context, {
      load: async (signal) => {
        const { body, etag } = await read("/settings", { signal });
        return { body, etag };
      },
      // Drawn once: what is being typed stays; saving checks the revision.
      show: (data, again) => (context.drawn ??= editor(context, data, again)),
    }));
}

function zones(current) {
  const all = Intl.supportedValuesOf?.("timeZone") ?? [];
  return [...new Set(["UTC", current, Intl.DateTimeFormat().resolvedOptions().timeZone, ...all])].sort();
}

function editor(context, { body: settings, etag }, again) {
  const { autonomy } = settings;
  const quiet = tick("Keep quiet at certain hours", { checked: autonomy.quiet_hours !== null });
  const start = h("input", { type: "time", value: autonomy.quiet_hours?.start ?? "22:00" });
  const end = h("input", { type: "time", value: autonomy.quiet_hours?.end ?? "07:00" });
  const zone = select(zones(settings.timezone).map((one) => [one, one.replaceAll("_", " ")]), settings.timezone);
  const hours = h("div", { class: "form-row" }, field("From", start, { path: "/autonomy/quiet_hours" }), field("Until", end));
  const showHours = () => { hours.hidden = !quiet.box.checked; };
  quiet.box.addEventListener("change", showHours);
  showHours();
  const irreversible = tick("Ask before anything that can't be undone", { checked: autonomy.require_approval_for_irreversible });
  let only = autonomy.allowed_domains.length > 0;
  const blocked = new Set(autonomy.blocked_domains);
  const allowed = new Set(autonomy.allowed_domains);
  const boxes = DOMAINS.map((word) => ({ word, ...tick(name(word), { checked: only ? allowed.has(word) : !blocked.has(word) }) }));
  const minutes = Object.fromEntries(URGENCIES.map((word) => [word, text({ inputmode: "numeric", value: String(autonomy.approval_minutes[word]) })]));

  const save = form(async () => {
    const chosen = boxes.filter(({ box }) => box.checked).map(({ word }) => word);
    const rest = boxes.filter(({ box }) => !box.checked).map(({ word }) => word);
    if (only && !chosen.length) throw new Wrong("/autonomy/allowed_domains", "Choose at least one, or allow all but some.");
    const approvalMinutes = Object.fromEntries(URGENCIES.map((word) => {
      const value = minutes[word].value.trim();
      if (!/^[1-9]\d{0,5}$/.test(value)) throw new Wrong(`/autonomy/approval_minutes/${word}`, "Write whole minutes, from 1 on.");
      return [word, Number(value)];
    }));
    await put("/settings", { timezone: zone.value, autonomy: {
      ...autonomy,
      quiet_hours: quiet.box.checked ? { start: start.value, end: end.value } : null,
      require_approval_for_irreversible: irreversible.box.checked,
      allowed_domains: only ? chosen : [],
      blocked_domains: only ? autonomy.blocked_domains.filter((word) => !chosen.includes(word)) : rest,
      approval_minutes: approvalMinutes,
    } }, { etag });
    say("Saved. It counts from now on.");
    await refresh();
    context.drawn = null;
    again();
  }, { submit: "Save", extra: button("Start over", async () => { context.drawn = null; context.go("/rules/limits", { instead: true }); }) },
  part("Quiet hours", "Only what is critical is done without asking, and notifications wait until the end.", quiet.element, hours, field("Your time zone", zone, { path: "/timezone", hint: `Everything here is shown in it; now ${currentZone()}.` })),
  part("Parts of life", null, choices("Which", [["block", "All but some"], ["only", "Only some"]], only ? "only" : "block", (word) => { only = word === "only"; }),
    h("div", { class: "field", "data-path": "/autonomy/allowed_domains" }, h("div", { class: "many", role: "group", "aria-label": "Where it may act" }, boxes.map(({ element }) => element)), h("p", { class: "hint" }, "Where it may act. In the others nothing is done, not even with your approval."), h("p", { class: "wrong", hidden: true }))),
  part("What can't be undone", null, irreversible.element),
  part("How long a question stays open", "In minutes, by urgency. Unanswered, it expires and never runs.", h("div", { class: "form-row" }, URGENCIES.map((word) => field(name(word), minutes[word], { path: `/autonomy/approval_minutes/${word}` })))));
  if (!may("settings")) for (const control of save.querySelectorAll("input, select, button")) control.disabled = true;
  return h("section", { class: "card", "aria-label": "Settings" }, save);
}

function part(title, hint, ...children) {
  return h("fieldset", { class: "section" }, h("legend", { class: "hear" }, title), h("div", null, h("h2", null, title), hint && h("p", { class: "little soft" }, hint)), children);
}
