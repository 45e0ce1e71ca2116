// What would you do if…: a signal that never happened, decided and explained, with nothing stored and nothing done.
import { fill, h } from "../dom.js";
import { key, post } from "../api.js";
import { button, field, form, lines, select, text, Wrong } from "../form.js";
import { cents } from "../format.js";
import { icon } from "../icons.js";
import { empty } from "../region.js";
import { may } from "../session.js";
import { say } from "../hear.js";
import { say as toast } from "../toast.js";
import { name, withoutCost } from "../words.js";
import { domain, outcome, urgency } from "../parts/badges.js";
import { candidate, explanation } from "../parts/verdict.js";
import { tabs } from "../parts/tabs.js";
import { TABS } from "./twin.js";

const money = (label, name) => ({ label, key: name, kind: "money" });
const words = (label, name, hint) => ({ label, key: name, hint });
const CASES = {
  mail: { label: "a mail comes", source: "gmail", type: "email_received", id: "message_id", fields: [words("From", "from", "news@letters.example"), words("Subject", "subject", "Weekly letter"), words("Kind of mail", "category", "newsletter, invoice, personal…"), { label: "Text", key: "body", kind: "lines" }] },
  invite: { label: "an invitation comes", source: "calendar", type: "meeting_invite", id: "eventId", fields: [words("Title", "title", "Lunch with Robin"), words("From", "organizer", "robin@friends.example"), { label: "It clashes with something", key: "hasConflict", kind: "choice" }] },
  renewal: { label: "a subscription renews", source: "billing", type: "subscription_renewal", id: "subscriptionId", fields: [words("What", "subject", "Your photo storage renews"), words("From whom", "vendor", "Photo Box"), money("Price", "costCents"), money("Price before", "previousCostCents")] },
  bill: { label: "a bill comes", source: "finance", type: "payment_due", id: "billId", fields: [words("What", "subject", "Water bill"), words("To whom", "payee", "City Water"), money("Amount", "costCents")] },
  order: { label: "something runs out", source: "grocery", type: "grocery_reorder", id: "orderId", fields: [words("What", "subject", "Coffee is running low"), words("Shop", "vendor", "Corner Shop"), money("Price", "costCents")] },
  home: { label: "the home reports", source: "smart_home", type: "routine_trigger", id: "device_id", fields: [words("Device", "device", "thermostat"), words("What it wants", "action", "set_temperature"), words("To", "value", "66")] },
  free: { label: "anything else", free: true, fields: [] },
};

/** The page. */
export function askTwin(context) {
  let kind = "mail";
  const fields = h("div", { class: "form" });
  const answer = h("section", { class: "section", "aria-live": "polite", "aria-label": "What it would do" }, nothing());
  const level = select([["", "As it reads it"], ...["low", "medium", "high", "critical"].map((word) => [word, name(word)])], "");
  let inputs = [];
  const build = () => {
    inputs = CASES[kind].free ? free() : CASES[kind].fields.map(input);
    fill(fields, inputs.map((one) => one.element));
  };
  build();
  const ask = form(async () => {
    const given = signal(kind, inputs, level.value);
    const found = await post("/twin/ask", given);
    fill(answer, result(found), may("signal") && send(given, context));
    say(`It would: ${found.explanation.headline}`);
    answer.scrollIntoView({ block: "nearest" });
  }, { submit: "What would you do?" },
  field("What would you do if…", select(Object.entries(CASES).map(([word, { label }]) => [word, label]), kind, { on: { change: (event) => { kind = event.target.value; build(); fill(answer, nothing()); } } })),
  fields, field("Urgency", level));
  context.ready();
  return h("div", { class: "page" },
    h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Twin"), h("p", null, "What would you do if… Nothing is stored, and nothing happens."))),
    tabs(TABS),
    h("div", { class: "pair" }, h("section", { class: "card", "aria-label": "The question" }, ask), answer));
}

function nothing() {
  return empty(icon("twin"), "It thinks only", "Describe something that could happen. Your twin says what it would do and why, by your rules and trust as they are now.");
}

function input({ label, key: name, kind, hint }) {
  if (kind === "money") {
    const control = text({ inputmode: "decimal", placeholder: "12.50" });
    return { name, element: field(label, control, { path: `/payload/${name}` }), read: () => {
      if (!control.value.trim()) return undefined;
      const amount = cents(control.value);
      if (amount === null) throw new Wrong(`/payload/${name}`, "Write an amount such as 12.50.");
      return amount;
    } };
  }
  if (kind === "choice") {
    const control = select([["", "No"], ["yes", "Yes"]], "");
    return { name, element: field(label, control), read: () => (control.value ? true : undefined) };
  }
  const control = kind === "lines" ? lines({}) : text({ placeholder: hint ?? "" });
  return { name, element: field(label, control, { path: `/payload/${name}` }), read: () => control.value.trim() || undefined };
}

function free() {
  const source = text({ value: "gmail" });
  const type = text({ value: "email_received" });
  const payload = lines({ rows: 8, value: '{\n "subject": ""\n}', spellcheck: "false" });
  const read = () => {
    try {
      return JSON.parse(payload.value);
    } catch {
      throw new Wrong("/payload", "This is not well-formed JSON.");
    }
  };
  return [
    { name: "source", element: field("Source", source, { path: "/source" }), read: () => source.value.trim() },
    { name: "type", element: field("Type", type, { path: "/type" }), read: () => type.value.trim() },
    { name: "payload", element: field("Content, as JSON", payload, { path: "/payload" }), read },
  ];
}

function signal(kind, inputs, urgency) {
  const values = Object.fromEntries(inputs.map(({ name: member, read }) => [member, read()]).filter(([, value]) => value !== undefined));
  const shape = CASES[kind];
  const made = shape.free ? values : { source: shape.source, type: shape.type, payload: { [shape.id]: "what-if", ...values } };
  return urgency ? { ...made, urgency } : made;
}

function result(found) {
  return h("div", { class: "card stack" },
    h("div", { class: "section" }, h("h2", null, withoutCost(found.explanation.headline)), h("div", { class: "chips" }, outcome(found.outcome), domain(found.domain), urgency(found.urgency))),
    explanation(found.explanation),
    found.candidates.length > 0 && h("h3", null, "Everything it weighed"),
    found.candidates.map((one) => candidate(one, one.ordinal === found.chosen)));
}

/** The same signal, but for real. */
function send(given, context) {
  const go = button("Send it for real", async () => {
    const id = `dashboard-${key()}`;
    const payload = Object.fromEntries(Object.entries(given.payload).map(([name, value]) => [name, value === "what-if" ? id : value]));
    await post("/signals", { ...given, payload, external_id: id });
    toast("Sent. What comes of it appears under Activity.");
    context.go("/activity");
  }, { kind: "small" });
  return h("p", { class: "little soft" }, "Did it happen? ", go);
}
