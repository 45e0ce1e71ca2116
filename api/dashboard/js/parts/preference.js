// A preference's value: shown as a person would say it, and changed in the shape it has.
import { h } from "../dom.js";
import { choices, field, lines, text, Wrong } from "../form.js";

/** A value in words. */
export function valueWords(value) {
  if (value === true) return "Yes";
  if (value === false) return "No";
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.entries(value).map(([key, inner]) => `${key.replaceAll("_", " ")}: ${valueWords(inner)}`).join(", ");
  if (Array.isArray(value)) return value.map(valueWords).join(", ");
  return String(value);
}

const KINDS = [["yes", "Yes"], ["no", "No"], ["text", "Text"], ["number", "Number"], ["json", "Structured"]];
const kindOf = (value) => (value === true ? "yes" : value === false ? "no" : typeof value === "number" ? "number" : typeof value === "string" ? "text" : "json");

/** Inputs for a value of any kind; `read()` gives it or throws what is wrong. */
export function valueField(value) {
  let kind = kindOf(value);
  const one = text({ value: typeof value === "string" || typeof value === "number" ? String(value) : "" });
  const json = lines({ rows: 4, value: kind === "json" ? JSON.stringify(value, null, 1) : "{}" });
  const oneField = field("Value", one, { path: "/value" });
  const jsonField = field("Value, as JSON", json, { path: "/value" });
  const show = () => {
    oneField.hidden = kind !== "text" && kind !== "number";
    jsonField.hidden = kind !== "json";
  };
  show();
  return {
    element: h("div", { class: "form" }, choices("What you prefer", KINDS, kind, (word) => { kind = word; show(); }, { hidden: false }), oneField, jsonField),
    read() {
      if (kind === "yes" || kind === "no") return kind === "yes";
      if (kind === "text") return one.value.trim() || fail("Write what you prefer.");
      if (kind === "number") return Number.isFinite(Number(one.value)) && one.value.trim() ? Number(one.value) : fail("Write a number.");
      try {
        return JSON.parse(json.value);
      } catch {
        return fail("This is not well-formed JSON.");
      }
    },
  };
}

function fail(reason) {
  throw new Wrong("/value", reason);
}
