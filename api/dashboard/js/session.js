// Who is signed in, and the few things every page needs of them: scopes, settings, how much waits.
// One copy for the page; whoever shows any of it listens for changes instead of asking again.
import { get, useCsrf } from "./api.js";
import { useZone } from "./format.js";

const listeners = new Set();

export const session = {
  person: null,
  operator: false,
  scopes: [],
  settings: null,
  waiting: 0,
  unread: 0,
};

/** Asks who we are; false when nobody. */
export async function recognise() {
  const who = await get("/session", { quiet: true }).catch((problem) => {
    if (problem.status === 401) return null;
    throw problem;
  });
  if (!who) return false;
  useCsrf(who.csrf);
  Object.assign(session, { person: who.user, operator: who.scopes.includes("operator"), scopes: who.scopes });
  if (who.user?.timezone) useZone(who.user.timezone);
  changed();
  return true;
}

/** Whether the session may do this. */
export const may = (scope) => session.scopes.includes(scope);

/** Calls back whenever something here changed, until `signal` ends it. */
export function watch(act, signal) {
  listeners.add(act);
  signal?.addEventListener("abort", () => listeners.delete(act));
}

/** Takes new facts and tells whoever shows them. */
export function changed(facts = {}) {
  Object.assign(session, facts);
  if (facts.settings?.timezone) useZone(facts.settings.timezone);
  for (const act of [...listeners]) act();
}

/** Reads the settings and the numbers in the navigation again. */
export async function refresh() {
  if (session.operator || !session.person) return;
  const [settings, pending, unread] = await Promise.all([get("/settings"), get("/approvals?limit=100"), get("/notifications/unread")]);
  changed({ settings, waiting: pending.items.filter((approval) => approval.kind === "ask").length, unread: unread.unread });
}
