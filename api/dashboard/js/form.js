// Inputs with their labels, hints and faults: so that every field has a name, and the API's refusals land where they belong.
import { fill, h } from "./dom.js";
import { sayRefused } from "./toast.js";
import { cents, typed } from "./format.js";

let number = 0;
const id = () => `field-${(number += 1)}`;

/** A labelled control. `path` is where the API names it in its refusals. */
export function field(label, control, { hint, path } = {}) {
  const name = control.id || id();
  control.id = name;
  const about = `${name}-about`;
  const wrong = h("p", { class: "wrong", id: `${name}-wrong`, hidden: true });
  control.setAttribute("aria-describedby", [hint && about, `${name}-wrong`].filter(Boolean).join(" "));
  return h("div", { class: "field", "data-path": path }, h("label", { for: name }, label), control, hint && h("p", { class: "hint", id: about }, hint), wrong);
}

/** A text input. */
export const text = (props) => h("input", { type: "text", autocomplete: "off", ...props });
/** Several lines. */
export const lines = (props) => h("textarea", { rows: 3, ...props });

/** A choice of words: options as [value, label]. */
export function select(options, value, props) {
  return h("select", { ...props, value }, options.map(([word, label]) => h("option", { value: word }, label)));
}

/** An amount; `read()` gives cents, null for nothing, undefined for what is no amount. */
export function amount(value, currency, props) {
  const input = h("input", { type: "text", inputmode: "decimal", autocomplete: "off", ...props, value: typed(value) });
  const box = h("div", { class: "money-input" }, h("span", { "aria-hidden": "true" }, currency), input);
  return { input, box, read: () => (input.value.trim() === "" ? null : (cents(input.value) ?? undefined)) };
}

/** A labelled amount. */
export function moneyField(label, money, { hint, path } = {}) {
  const made = field(label, money.input, { hint, path });
  made.querySelector("label").after(money.box);
  return made;
}

/** A check box with its words. */
export function tick(label, props) {
  const box = h("input", { type: "checkbox", ...props });
  return { box, element: h("label", { class: "tick" }, box, h("span", null, label)) };
}

/** A switch that says what it does; `change(on)` may refuse by throwing, then it goes back. */
export function toggle(label, on, change, props) {
  const element = h("button", { class: "switch", type: "button", role: "switch", "aria-checked": String(on), ...props }, h("i", { "aria-hidden": "true" }), h("span", null, label));
  element.addEventListener("click", async () => {
    if (element.disabled) return;
    const wanted = element.getAttribute("aria-checked") !== "true";
    element.disabled = true;
    try {
      await change(wanted);
      element.setAttribute("aria-checked", String(wanted));
    } catch (problem) {
      sayRefused(problem);
    }
    element.disabled = false;
    element.focus();
  });
  return element;
}

/** One of a few, side by side: options as [value, label]. */
export function choices(legend, options, value, change, { hidden = true } = {}) {
  const group = id();
  return h("fieldset", null, h("legend", { class: hidden ? "hear" : null }, legend),
    h("div", { class: "choices" }, options.map(([word, label]) =>
      h("label", null, h("input", { type: "radio", name: group, value: word, checked: word === value, on: { change: () => change(word) } }), label))));
}

/** A button that is busy while its work runs, and says what went wrong. */
export function button(label, work, { kind = "", ...props } = {}) {
  const element = h("button", { class: `btn ${kind}`, type: "button", ...props, on: { click: () => busy(element, work).catch(sayRefused) } }, label);
  return element;
}

/** Runs `work` with the button busy; once at a time. */
export async function busy(element, work) {
  if (element.getAttribute("aria-busy") === "true") return;
  element.setAttribute("aria-busy", "true");
  element.disabled = true;
  try {
    await work();
  } finally {
    element.removeAttribute("aria-busy");
    element.disabled = false;
  }
}

/** A form that sends itself; faults the API names go to their fields, the rest to the top. */
export function form(send, { submit, extra, kind = "main" } = {}, ...children) {
  const top = h("div", { class: "note bad", role: "alert", hidden: true });
  const ok = h("button", { class: `btn ${kind}`, type: "submit" }, submit);
  const element = h("form", { class: "form", novalidate: true }, top, children, h("div", { class: "buttons end" }, extra, ok));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    clear(element, top);
    try {
      await busy(ok, send);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (!problem.problem && !(problem instanceof Wrong)) console.error(problem);
      place(element, top, problem);
    }
  });
  element.place = (problem) => {
    clear(element, top);
    place(element, top, problem);
  };
  return element;
}

/** Something is wrong with what was typed, found before it was sent. */
export class Wrong extends Error {
  constructor(path, reason) {
    super(reason);
    this.errors = [{ path, reason }];
  }
}

function clear(element, top) {
  top.hidden = true;
  for (const wrong of element.querySelectorAll(".wrong")) wrong.hidden = true;
  for (const control of element.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

function place(element, top, problem) {
  const left = [];
  let first = null;
  for (const { path, reason } of problem.errors ?? []) {
    const homes = [...element.querySelectorAll("[data-path]")].filter((home) => path === home.dataset.path || path.startsWith(`${home.dataset.path}/`));
    const home = homes.sort((a, b) => b.dataset.path.length - a.dataset.path.length)[0];
    const control = home?.querySelector("input, select, textarea");
    const wrong = home?.querySelector(".wrong");
    if (!wrong) {
      left.push(reason);
      continue;
    }
    fill(wrong, reason);
    wrong.hidden = false;
    control?.setAttribute("aria-invalid", "true");
    first ??= control;
  }
  if (left.length || !(problem.errors ?? []).length) {
    fill(top, left.length ? left.join(" ") : problem.message);
    top.hidden = false;
  }
  (first ?? top).scrollIntoView({ block: "nearest" });
  first?.focus();
}
