// The live wire: one event stream per page, joined again by itself from the last event seen.
// Invariant: an event is only ever a hint to read again, so a page is right after any gap: on every join it is told "open".

const NAMES = [
  "signal.received", "decision.made", "approval.created", "approval.resolved", "approval.expired", "execution.started", "execution.step",
  "execution.settled", "undo.requested", "undo.settled", "trust.changed", "twin.updated", "spend.changed", "settings.changed",
  "notification.created", "feedback.recorded", "connection.changed", "channel.changed", "delivery.changed",
];
const SILENCE = 50_000;
// A browser opens only a few connections to one place: a page nobody looks at gives its own back after so long.
const UNSEEN = 20_000;
const WAITS = [1000, 2000, 5000, 10_000, 20_000];

const listeners = new Set();
let source = null;
let last = null;
let heard = 0;
let failures = 0;
let retry = null;
let hiding = null;
let wanted = false;
let state = "joining";

/** `live`, `joining` or `away`. */
export const linkState = () => state;

/** Calls `act(name, facts)` for each of these events, for "open" and for "state", until `signal` ends it. */
export function on(names, act, signal) {
  const listener = { names: new Set(names), act };
  listeners.add(listener);
  signal?.addEventListener("abort", () => listeners.delete(listener));
}

function tell(name, facts) {
  for (const { names, act } of [...listeners]) if (names.has(name)) act(name, facts);
}

function become(next) {
  if (state === next) return;
  state = next;
  tell("state", { state });
}

/** Joins the stream; once is enough. */
export function join() {
  wanted = true;
  pause();
  const after = last === null ? "" : `?after=${last}`;
  source = new EventSource(`/api/v1/events/stream${after}`);
  source.onopen = () => {
    heard = Date.now();
    failures = 0;
    become("live");
    tell("open", {});
  };
  source.onerror = () => again();
  for (const name of ["hello", "heartbeat"]) source.addEventListener(name, hear);
  for (const name of NAMES) source.addEventListener(name, (event) => take(name, event));
}

function hear(event) {
  heard = Date.now();
  if (event.lastEventId) last = event.lastEventId;
}

function take(name, event) {
  hear(event);
  let told = {};
  try {
    told = JSON.parse(event.data);
  } catch {
    // What can't be read is still a hint that something happened.
  }
  tell(name, told.facts ?? told);
}

// The browser would try again by itself, but not after a refusal, and it would not say so.
function again() {
  source?.close();
  become(failures > 0 || !navigator.onLine ? "away" : "joining");
  const wait = WAITS[Math.min(failures, WAITS.length - 1)];
  failures += 1;
  clearTimeout(retry);
  retry = setTimeout(join, wait * (0.75 + Math.random() / 2));
}

/** Leaves the stream, on signing out. */
export function leave() {
  wanted = false;
  pause();
  last = null;
}

/** Gives the connection back; what is missed meanwhile comes with the next join. */
function pause() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

const stale = () => !source || Date.now() - heard > SILENCE;

addEventListener("online", () => wanted && join());
addEventListener("offline", () => wanted && again());
addEventListener("pagehide", pause);
addEventListener("pageshow", (event) => event.persisted && wanted && join());
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(pause, UNSEEN);
  else if (wanted && stale()) join();
});
setInterval(() => {
  if (source && state === "live" && stale()) again();
}, 5000);
