// Times, money and spans as the person reads them, in the zone their settings name: not that of the machine.

const LOCALE = navigator.language?.startsWith("en") ? navigator.language : "en-GB";
let zone = "UTC";
let formats = make();

/** The zone everything is shown in from now on. */
export function useZone(name) {
  zone = name;
  formats = make();
}

/** The zone in use. */
export const currentZone = () => zone;

function make() {
  const format = (options) => new Intl.DateTimeFormat(LOCALE, { timeZone: zone, ...options });
  return {
    time: format({ hour: "numeric", minute: "2-digit" }),
    exact: format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    day: format({ weekday: "long", day: "numeric", month: "long" }),
    dayYear: format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    moment: format({ day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }),
    full: format({ dateStyle: "full", timeStyle: "long" }),
    key: new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }),
  };
}

/** 14:05 */
export const time = (at) => formats.time.format(new Date(at));
/** 14:05:31 */
export const exact = (at) => formats.exact.format(new Date(at));
/** 3 Mar, 14:05, or only the time when it is today. */
export const moment = (at) => (dayKey(at) === dayKey(Date.now()) ? time(at) : formats.moment.format(new Date(at)));
/** Everything, with the zone. */
export const full = (at) => `${formats.full.format(new Date(at))} (${zone})`;
/** Which local day: 2026-03-01. */
export const dayKey = (at) => formats.key.format(new Date(at));

/** Today, yesterday, or the day's name and date. */
export function day(at) {
  const key = dayKey(at);
  if (key === dayKey(Date.now())) return "Today";
  if (key === dayKey(Date.now() - 86_400_000)) return "Yesterday";
  return (key.slice(0, 4) === dayKey(Date.now()).slice(0, 4) ? formats.day : formats.dayYear).format(new Date(at));
}

/** 12,99 with its currency. */
export function money(cents, currency = "USD") {
  return new Intl.NumberFormat(LOCALE, { style: "currency", currency, minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(cents / 100);
}

/** Cents out of what a person typed; null when it is no amount. No floats: 0.29 is 29, not 28. */
export function cents(text) {
  const found = /^\s*(\d{1,10})(?:[.,](\d{1,2}))?\s*$/.exec(text);
  return found ? Number(found[1]) * 100 + Number((found[2] ?? "0").padEnd(2, "0")) : null;
}

/** Cents as they stand in an input. */
export const typed = (amount) => (amount === null || amount === undefined ? "" : `${Math.trunc(amount / 100)}.${String(amount % 100).padStart(2, "0")}`);

/** How long: 45 s, 12 min, 3 h 20 min, 2 days. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes < 5 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

/** 1 approval, 2 approvals. */
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
