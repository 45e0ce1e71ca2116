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

const STATE = { active: ["Connected", "good"], refreshing: ["Renewing", "info"], needs_reauth: ["Needs you", "bad"], revoked: ["Disconnected", ""] };

/** The page. */
export function accounts(context) {
  const result = new URLSearchParams(location.search);
  return h("div", { class: "page" },
    h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Accounts"), h("p", null, "Where your twin looks, and where it acts for you."))),
    result.get("connected") && h("p", { class: "note good" }, `${sentence(result.get("connected"))} is connected.`),
    result.get("problem") && h("p", { class: "note bad", role: "alert" }, result.get("problem")),
    region(context, {
      label: "Accounts",
      events: ["connection.changed"],
      // An API without accounts is an honest state, not a failure.
      load: (signal) => get("/accounts", { signal }).catch((problem) => {
        if (problem.status === 404) return { items: [], absent: true };
        throw problem;
      }),
      show: (found, again) => (found.absent
        ? empty(icon("accounts"), "No accounts on this installation", "Signals reach your twin through the API; connecting mail and calendars is not switched on here.")
        : [list(found.items, again), providers(found.providers ?? ["google"], found.items)]),
    }));
}

function list(items, again) {
  if (!items.length) return empty(icon("accounts"), "Nothing is connected", "Connect an account, and what comes in there reaches your twin by itself.");
  return h("ul", { class: "rows card tight" }, items.map((one) => {
    const [words, kind] = STATE[one.state] ?? [name(one.state), ""];
    const title = one.email ?? one.account ?? one.label ?? sentence(one.provider);
    return h("li", null,
      h("div", { class: "grow" }, h("h3", null, title), h("p", { class: "little soft" }, sentence(one.provider), one.updated_at && [", since ", when(one.updated_at)], one.error && `: ${one.error}`)),
      h("div", { class: "end" }, chip(words, kind),
        one.state === "needs_reauth" && may("settings") && button("Sign in again", () => connect(one.provider), { kind: "main small" }),
        one.state !== "revoked" && may("settings") && button(["Disconnect", h("span", { class: "hear" }, ` ${title}`)], () => disconnect(one, title, again), { kind: "small quiet", "data-focus": `off-${one.id}` })));
  }));
}

function providers(all) {
  return may("settings") && h("section", { class: "section", "aria-labelledby": "connect" }, h("h2", { id: "connect" }, "Connect"),
    h("div", { class: "buttons" }, all.map((one) => (typeof one === "string" ? one : one.name)).map((one) => button(`Connect ${sentence(one)}`, () => connect(one)))));
}

async function connect(provider) {
  const answer = await post("/accounts/connect", { provider });
  location.assign(answer.url ?? answer.authorization_url);
}

async function disconnect(one, title, again) {
  if (!(await confirm(`Disconnect ${title}?`, "Your twin no longer sees what comes in there and can't act there. What it learned stays.", "Disconnect", { bad: true }))) return;
  await remove(`/accounts/${one.id}`);
  say("Disconnected.");
  again();
}
