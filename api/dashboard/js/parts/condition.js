// The builder of a rule's condition: groups of comparisons, each with exactly the operators and values its field takes.
// What it shows comes from the API's own list of fields, so it can't build what the API refuses.
import { fill, h } from "../dom.js";
import { select, text, Wrong } from "../form.js";
import { cents, typed } from "../format.js";
import { inside, name } from "../words.js";

const OPS = { eq: "is", neq: "is not", gt: "is more than", gte: "is at least", lt: "is less than", lte: "is at most", in: "is one of", not_in: "is none of", contains: "contains" };
const GROUPS = [["all", "all of these"], ["any", "any of these"], ["none", "none of these"]];
const LABELS = { "risk.reversibility": "Risk: taking it back", "risk.financial_impact": "Risk: money", "risk.legal_sensitivity": "Risk: law", "risk.privacy_sensitivity": "Risk: privacy", "risk.relationship_sensitivity": "Risk: relationships", "risk.operational_risk": "Risk: how things work" };

/** What a field is called. */
export const fieldName = (field) => LABELS[field] ?? name(field);

/** A condition in words. */
export function conditionWords(condition) {
  if (condition.all) return condition.all.map(wrapped).join(" and ");
  if (condition.any) return condition.any.map(wrapped).join(" or ");
  if (condition.not) return `not ${wrapped(condition.not)}`;
  if (!condition.field) return "something that can't be read any more";
  const show = (value) => (condition.field === "cost_cents" ? typed(value) : condition.field === "local_hour" ? `${value}:00` : typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "number" ? String(value) : condition.field === "sender" ? `“${value}”` : inside(value));
  const values = Array.isArray(condition.value) ? condition.value.map(show).join(", ") : show(condition.value);
  return `${inside(fieldName(condition.field))} ${OPS[condition.op] ?? condition.op} ${values}`;
}

const wrapped = (condition) => (condition.all?.length > 1 || condition.any?.length > 1 ? `(${conditionWords(condition)})` : conditionWords(condition));

/** Inputs for a condition; `read(path)` gives it, or throws what is missing and where. */
export function conditionForm(fields, condition) {
  const root = group(fields, asGroup(condition), null);
  return { element: root.element, read: (path) => root.read(path) };
}

/** Any condition as a group: `not` over a group is "none of". */
function asGroup(condition) {
  if (condition?.all) return { kind: "all", parts: condition.all };
  if (condition?.any) return { kind: "any", parts: condition.any };
  if (condition?.not) return condition.not.any ? { kind: "none", parts: condition.not.any } : { kind: "none", parts: [condition.not] };
  return { kind: "all", parts: condition ? [condition] : [] };
}

const isGroup = (part) => part.all || part.any || part.not;

function group(fields, { kind: first, parts }, drop) {
  let kind = first;
  const rows = h("div", { class: "form" });
  const members = [];
  const attach = (member) => {
    members.push(member);
    rows.append(member.element);
  };
  const gone = (member) => () => {
    members.splice(members.indexOf(member), 1);
    member.element.remove();
    more.focus();
  };
  const addLine = (part) => {
    const member = line(fields, part, () => gone(member)());
    attach(member);
    return member;
  };
  const addGroup = (part) => {
    const member = group(fields, asGroup(part), () => gone(member)());
    attach(member);
    return member;
  };
  const more = h("button", { class: "btn small", type: "button", on: { click: () => addLine(null).element.querySelector("select").focus() } }, "Add a condition");
  for (const part of parts) (isGroup(part) ? addGroup : addLine)(part);
  if (!parts.length) addLine(null);
  const how = select(GROUPS, kind, { "aria-label": "How these belong together", on: { change: (event) => { kind = event.target.value; } } });
  const element = h("div", { class: "group" },
    h("div", { class: "how" }, h("span", { class: "little" }, "When"), how, h("span", { class: "little" }, "hold"), drop && h("button", { class: "btn quiet small", type: "button", on: { click: drop } }, "Remove the group")),
    rows,
    h("div", { class: "buttons" }, more, h("button", { class: "btn quiet small", type: "button", on: { click: () => addGroup(null).element.querySelector("select").focus() } }, "Add a group")));
  const read = (path) => {
    if (!members.length) throw new Wrong(path, "A group needs at least one condition.");
    const inner = kind === "none" ? `${path}/not/any` : `${path}/${kind}`;
    const all = members.map((member, index) => member.read(`${inner}/${index}`));
    return kind === "none" ? { not: all.length === 1 ? all[0] : { any: all } } : { [kind]: all };
  };
  return { element, read };
}

function line(fields, part, drop) {
  let spec = fields.find(({ field }) => field === part?.field) ?? fields[0];
  let op = part?.op ?? spec.operators[0];
  let value = input(spec, op, part?.value);
  const slot = h("div", null, value.element);
  const opSlot = h("div", null);
  const rebuild = (keep) => {
    value = input(spec, op, keep);
    fill(slot, value.element);
  };
  const ops = () => fill(opSlot, select(spec.operators.map((word) => [word, OPS[word]]), op, { "aria-label": "How it is compared", on: { change: (event) => {
    const many = op === "in" || op === "not_in";
    op = event.target.value;
    if (many !== (op === "in" || op === "not_in")) rebuild(undefined);
  } } }));
  const what = select(fields.map(({ field }) => [field, fieldName(field)]), spec.field, { "aria-label": "What is compared", on: { change: (event) => {
    spec = fields.find(({ field }) => field === event.target.value);
    op = spec.operators[0];
    ops();
    rebuild(undefined);
  } } });
  ops();
  const wrong = h("p", { class: "wrong little", hidden: true });
  const element = h("div", { class: "line field" }, what, opSlot, h("div", null, slot, wrong), h("button", { class: "btn quiet small icon-only", type: "button", "aria-label": "Remove this condition", on: { click: drop } }, "×"));
  return {
    element,
    read(path) {
      element.dataset.path = path;
      return { field: spec.field, op, value: value.read(`${path}/value`) };
    },
  };
}

function input(spec, op, given) {
  const many = op === "in" || op === "not_in";
  const label = `Value of ${inside(fieldName(spec.field))}`;
  if (many && spec.values) {
    const chosen = new Set(Array.isArray(given) ? given : []);
    const boxes = spec.values.map((word) => h("label", { class: "tick little" }, h("input", { type: "checkbox", value: word, checked: chosen.has(word) }), name(word)));
    const element = h("div", { class: "many", role: "group", "aria-label": label }, boxes);
    return { element, read: (path) => {
      const picked = [...element.querySelectorAll(":checked")].map((box) => box.value);
      if (!picked.length) throw new Wrong(path, "Choose at least one.");
      return picked;
    } };
  }
  if (many) {
    const control = text({ value: Array.isArray(given) ? given.map((one) => shownValue(spec, one)).join(", ") : "", "aria-label": `${label}, separated by commas` });
    return { element: control, read: (path) => control.value.split(",").map((one) => one.trim()).filter(Boolean).map((one) => parse(spec, one, path)) };
  }
  if (spec.values) {
    const control = select(spec.values.map((word) => [String(word), spec.takes === "truth" ? (word ? "Yes" : "No") : name(word)]), String(given ?? spec.values[0]), { "aria-label": label });
    return { element: control, read: () => (spec.takes === "truth" ? control.value === "true" : control.value) };
  }
  const control = text({ value: given === undefined ? "" : shownValue(spec, given), "aria-label": label, inputmode: spec.takes === "text" ? null : "decimal", placeholder: { cents: "20.00", hour: "0 to 23", text: "news@letters.example" }[spec.takes] });
  return { element: control, read: (path) => parse(spec, control.value.trim(), path) };
}

const shownValue = (spec, value) => (spec.takes === "cents" ? typed(value) : String(value));

function parse(spec, given, path) {
  if (spec.takes === "cents") return cents(given) ?? fault(path, "Write an amount such as 20.00.");
  if (spec.takes === "hour") return /^\d{1,2}$/.test(given) && Number(given) < 24 ? Number(given) : fault(path, "Write an hour from 0 to 23.");
  return given || fault(path, "Write something to compare with.");
}

function fault(path, reason) {
  throw new Wrong(path, reason);
}
