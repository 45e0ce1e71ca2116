// Accounts: where signals come from and where things are done; connected, watched and disconnected here.
import { h } from "../dom.js";
import { get, post, remove } from "../api.js";
import { button } from "../form.js";
import { confirm } from "../dialog.js";
import { icon } from "../icons.js";
import { empty, region } from "../region.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { name, sentence } from "../words.js";
import { chip, when } from "../parts/badges.js";
import { hooks } from "../parts/hooks.js";

const STATE = { active: ["Connected", "good"], refreshing: ["Connected", "good"], needs_reauth: ["Needs you", "bad"], revoked: ["Disconnected", ""] };
const SOURCE = { gmail: "Mail", google_calendar: "Calendar" };

/** The page. */
export function accounts(context) {
  const came = new URLSearchParams(location.search);
  // Said once: a page that is loaded again has nothing new to say.
  if (came.size) history.replaceState(history.state, "", location.pathname);
  const all = region(context, {
    label: "Accounts",
    events: ["connection.changed", "signal.received"],
    load: async (signal) => {
      const [found, read] = await Promise.all([get("/accounts", { signal }), get("/sources", { signal })]);
      return { ...found, sources: read.items };
    },
    show: (found, again) => [list(found, again), providers(found.providers)],
  });
  // That nothing new was found is no event.
  const looking = setInterval(all.again, 10_000);
  context.signal.addEventListener("abort", () => clearInterval(looking));
  return h("div", { class: "page" },
    h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Accounts"), h("p", null, "Where your twin looks, and where it acts for you."))),
    came.get("connected") && h("p", { class: "note good", role: "status" }, `${sentence(came.get("connected"))} is connected.`),
    came.get("problem") && h("p", { class: "note bad", role: "alert" }, came.get("problem")),
    all,
    hooks(context));
}

function list({ items, sources }, again) {
  if (!items.length) return empty(icon("accounts"), "Nothing is connected", "Connect an account, and what comes in there reaches your twin by itself.");
  return h("ul", { class: "rows card tight" }, items.map((one) => {
    const [words, kind] = STATE[one.state] ?? [name(one.state), ""];
    const title = one.label ?? sentence(one.provider);
    const over = one.state === "revoked";
    return h("li", null,
      h("div", { class: "grow section" },
        h("h2", null, title),
        h("p", { class: "little soft" }, sentence(one.provider), over ? ", disconnected " : ", since ", when(over ? one.updated_at : one.created_at), "."),
        one.state === "needs_reauth" && h("p", { class: "little" }, `${sentence(one.provider)} no longer lets your twin in. Nothing is read or done there until you sign in again.`),
        one.state === "active" && one.error && h("p", { class: "little" }, one.error),
        !over && h("ul", null, sources.filter((source) => source.account_id === one.id).map((source) => h("li", { class: "little" }, reading(source, one.state !== "needs_reauth"))))),
      h("div", { class: "end" }, chip(words, kind),
        one.state === "needs_reauth" && may("settings") && button("Sign in again", () => connect(one.provider), { kind: "main small", "data-focus": `in-${one.id}` }),
        !over && may("settings") && button(["Disconnect", h("span", { class: "hear" }, ` ${title}`)], () => disconnect(one, title, again), { kind: "small quiet", "data-focus": `off-${one.id}` })));
  }));
}

/** How reading goes, in a line. */
function reading(source, connected) {
  const what = h("strong", null, SOURCE[source.kind] ?? name(source.kind));
  const last = source.read_at ? [" read ", when(source.read_at)] : " not read yet";
  if (!connected) return [what, last, "; waits for you."];
  if (source.trouble) return [what, last, ". ", source.trouble, " Tried again ", when(source.due_at), ".", leftOut(source)];
  return [what, last, "; next ", when(source.due_at), ".", leftOut(source)];
}

/** What could not be read there, if anything was: it is not tried again by itself, so it is said for good. */
function leftOut({ left_out: lost }) {
  return lost ? [` Left out ${lost.count === 1 ? "once" : `${lost.count} times`}, last `, when(lost.last_at), `: ${lost.why}`] : null;
}

function providers(all) {
  if (!may("settings")) return null;
  return h("section", { class: "section", "aria-labelledby": "connect" }, h("h2", { id: "connect" }, "Connect"),
    all.length
      ? h("div", { class: "buttons" }, all.map((one) => button(`Connect ${sentence(one)}`, () => connect(one), { "data-focus": `connect-${one}` })))
      : h("p", { class: "card soft" }, "No provider is set up on this installation. Whoever runs it can add one; the README says how."));
}

/** Leaves for the provider, which sends the person back to this page. */
async function connect(provider) {
  location.assign((await post("/accounts/connect", { provider })).authorization_url);
}

async function disconnect(one, title, again) {
  if (!(await confirm(`Disconnect ${title}?`, "Your twin no longer sees what comes in there and can't act there. What it learned stays.", "Disconnect", { bad: true }))) return;
  const { revoked_at_provider: told } = await remove(`/accounts/${one.id}`);
  say(told ? "Disconnected." : `Disconnected. ${sentence(one.provider)} could not be told; you can also end the access on its own pages.`);
  again();
}
