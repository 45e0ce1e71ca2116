// Small marks: outcome, risk, cost, confidence, state, and moments in time. Colour never says anything that words do not.
import { h } from "../dom.js";
import { full, moment, money, span } from "../format.js";
import { icon } from "../icons.js";
import { everySecond } from "../tick.js";
import { CONFIDENCES, inside, name } from "../words.js";

const OUTCOME = { auto: ["good", "check"], ask: ["accent", "ask"], alert: ["bad", "bell"], suggest: ["info", "general"], inform: ["", "activity"], block: ["warn", "no"] };
const RISK = { negligible: "good", low: "good", moderate: "warn", high: "bad", critical: "bad" };
const STATE = { planned: "", running: "info", succeeded: "good", failed: "bad", unknown: "warn", cancelled: "", pending: "accent", approved: "good", rejected: "warn", expired: "" };

/** A chip. */
export const chip = (text, kind = "", picture) => h("span", { class: `chip ${kind}` }, picture && icon(picture), text);
/** What came of a signal. */
export const outcome = (word) => chip(name(word), OUTCOME[word]?.[0], OUTCOME[word]?.[1]);
/** How bad it could be. */
export const risk = (word) => chip(`${name(word)} risk`, RISK[word]);
/** Where something stands. */
export const state = (word) => chip(name(word), STATE[word]);
/** Which part of life. */
export const domain = (word) => chip(name(word), "", word);
/** How soon, where it is worth saying. */
export const urgency = (word) => (word === "critical" || word === "high" ? chip(`${name(word)} urgency`, word === "critical" ? "bad" : "warn", "clock") : null);

/** What it costs. */
export function cost(of) {
  if (of.kind === "unknown") return chip("Cost unknown", "warn", "money");
  return of.kind === "known" ? chip(money(of.cents, of.currency), "", "money") : chip("Free", "", "money");
}

/** How sure, as five pips and a word. */
export function confidence(word) {
  const rank = CONFIDENCES.indexOf(word);
  const pips = CONFIDENCES.map((_, place) => h("i", { class: place <= rank ? "on" : null }));
  return h("span", { class: "chips" }, h("span", { class: "pips", "aria-hidden": "true" }, pips), h("span", { class: "little soft" }, name(word)));
}

/** A moment; everything about it on hover. */
export const when = (at, show = moment) => h("time", { datetime: at, title: full(at) }, show(at));

/** How long there is left, counting down. */
export function left(until, { soonBelow = 600_000 } = {}) {
  const words = h("span", null);
  const element = h("span", { class: "left", title: `Until ${full(until)}` }, icon("clock"), words);
  return everySecond(element, () => {
    const rest = new Date(until) - Date.now();
    words.textContent = rest > 0 ? `${span(rest)} left` : "Time is over";
    element.classList.toggle("soon", rest < soonBelow);
  });
}

/** How sure, inside a sentence. */
export const sure = (word) => inside(word);
