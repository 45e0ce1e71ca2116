// An action's parameters, as facts to read and as a form to change, by what the catalogue says each must look like.
import { h } from "../dom.js";
import { money } from "../format.js";
import { get } from "../api.js";
import { amount, field, lines, moneyField, text, tick, Wrong } from "../form.js";
import { name } from "../words.js";

let catalogue = null;

/** The catalogue: every verb with its parameters, every field a rule can compare. Read once. */
export function known() {
  catalogue ??= get("/catalogue").catch((problem) => {
    catalogue = null;
    throw problem;
  });
  return catalogue;
}

const written = (value) => (typeof value === "string" ? value : Array.isArray(value) && value.every((item) => typeof item !== "object") ? value.join(", ") : JSON.stringify(value, null, 1));
const label = (key) => (key === "cost_cents" ? "Cost" : name(key));

/** With what, as facts. */
export function parameters(action) {
  const given = Object.entries(action.parameters).filter(([key]) => key !== "currency");
  if (!given.length) return h("p", { class: "soft" }, "It needs nothing further.");
  return h("dl", { class: "facts" }, given.map(([key, value]) => [
    h("dt", null, label(key)),
    h("dd", null, key === "cost_cents" && Number.isInteger(value) ? money(value, action.parameters.currency ?? "USD") : written(value)),
  ]));
}

const LONG = new Set(["body", "text", "content", "message", "draft", "description", "reply"]);

/** Inputs for an action's parameters; `read()` gives them as they shall be, or throws what is wrong. */
export function parameterForm(row, action) {
  const given = action.parameters;
  const parts = row.parameters.map((parameter) => input(parameter, given[parameter.name], given));
  return {
    element: h("div", { class: "form" }, parts.map((part) => part.element)),
    read: () => Object.fromEntries(parts.map((part) => [part.name, part.read()]).filter(([, value]) => value !== undefined)),
  };
}

function input(parameter, value, given) {
  const path = `/parameters/${parameter.name}`;
  const hint = parameter.target && value !== undefined ? "Says what it is done to, so it can't be changed." : parameter.required ? null : "Optional";
  const wrong = (reason) => { throw new Wrong(path, reason); };
  const made = (control, read) => ({ name: parameter.name, element: field(label(parameter.name), control, { hint, path }), read });
  const fixed = parameter.target && value !== undefined;
  if (fixed) return made(text({ value: written(value), readonly: true }), () => value);
  switch (parameter.shape) {
    case "cents": {
      const money = amount(value, given.currency ?? "USD");
      const read = () => {
        const cents = money.read();
        return cents === undefined ? wrong("write an amount such as 12.50") : (cents ?? undefined);
      };
      return { name: parameter.name, element: moneyField(label(parameter.name), money, { hint, path }), read };
    }
    case "flag": {
      const { box, element } = tick(label(parameter.name), { checked: value === true });
      return { name: parameter.name, element, read: () => (value === undefined && !box.checked ? undefined : box.checked) };
    }
    case "list": {
      const control = lines({ value: (Array.isArray(value) ? value.map(written) : []).join("\n") });
      const read = () => {
        const items = control.value.split("\n").map((line) => line.trim()).filter(Boolean);
        const same = Array.isArray(value) && items.join("\n") === value.map(written).join("\n");
        return same ? value : items.length ? items : undefined;
      };
      return { name: parameter.name, element: field(label(parameter.name), control, { hint: "One per line", path }), read };
    }
    default: {
      const structured = value !== undefined && typeof value === "object";
      const before = value === undefined ? "" : written(value);
      const control = LONG.has(parameter.name) || structured || before.length > 60 ? lines({ value: before, rows: 5 }) : text({ value: before, inputmode: parameter.shape === "number" ? "decimal" : null });
      return made(control, () => {
        const now = control.value.trim();
        if (now === before.trim()) return value;
        if (now === "") return undefined;
        if (structured) {
          try {
            return JSON.parse(now);
          } catch {
            return wrong("this is no longer well-formed JSON");
          }
        }
        return typeof value === "number" && Number.isFinite(Number(now)) ? Number(now) : now;
      });
    }
  }
}
