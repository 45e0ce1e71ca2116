// Settings of the page itself and of access: theme, keys, who is signed in where, which tokens open what.
import { h } from "../dom.js";
import { get, post, remove } from "../api.js";
import { button, choices } from "../form.js";
import { confirm } from "../dialog.js";
import { currentZone } from "../format.js";
import { help } from "../keys.js";
import { leave } from "../live.js";
import { region } from "../region.js";
import { may, session } from "../session.js";
import { theme, useTheme } from "../theme.js";
import { say } from "../toast.js";
import { name } from "../words.js";
import { chip, when } from "../parts/badges.js";
import { channels } from "../parts/channels.js";

/** The page. */
export function settings(context) {
  return h("div", { class: "page" },
    h("div", { class: "head" },
      h("div", null, h("h1", { tabindex: "-1" }, "Settings"), h("p", null, session.person ? `Signed in as ${session.person.name}. Times are shown in ${currentZone()}.` : "Signed in as an operator.")),
      h("div", { class: "actions" }, button("Sign out", signOut))),
    h("section", { class: "card stack", "aria-labelledby": "look" }, h("h2", { id: "look" }, "This page"),
      h("div", { class: "pair" },
        choices("Theme", [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]], theme(), useTheme, { hidden: false }),
        h("div", { class: "section" }, h("p", { class: "little" }, "Everything works with keys alone."), h("div", null, button("Keys", () => help(), { kind: "small" }))))),
    session.person && channels(context),
    list(context, "Signed in", "/sessions", (one, again) => h("li", null,
      h("div", { class: "grow" }, h("h3", null, browser(one.agent)), h("p", { class: "little soft" }, "Since ", when(one.created_at), ", last used ", when(one.seen_at))),
      h("div", { class: "end" }, one.current ? chip("This one", "accent") : button(["Sign out", h("span", { class: "hear" }, ` ${browser(one.agent)}`)], () => end(one, again), { kind: "small", "data-focus": `end-${one.id}` })))),
    list(context, "Tokens", "/tokens", (one, again) => {
      const gone = one.revoked_at !== null || (one.expires_at && new Date(one.expires_at) < Date.now());
      return h("li", null,
        h("div", { class: "grow" }, h("h3", null, one.name), h("p", { class: "little soft" }, `May: ${one.scopes.map((scope) => name(scope).toLowerCase()).join(", ")}. Since `, when(one.created_at), one.expires_at && [", until ", when(one.expires_at)])),
        h("div", { class: "end" }, gone ? chip(one.revoked_at ? "Revoked" : "Expired") : (may("settings") || session.operator) && button(["Revoke", h("span", { class: "hear" }, ` ${one.name}`)], () => revoke(one, again), { kind: "small bad", "data-focus": `revoke-${one.id}` })));
    }));
}

function list(context, title, path, row) {
  const id = path.slice(1);
  return h("section", { class: "section", "aria-labelledby": id }, h("h2", { id }, title),
    region(context, { load: (signal) => get(path, { signal }), show: (found, again) => h("ul", { class: "rows card tight" }, found.items.map((one) => row(one, again))), ghost: h("div", { class: "ghost row-high" }) }));
}

/** What a browser is, out of what it calls itself. */
function browser(agent) {
  const found = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(agent.includes("Edg/") ? "Edg/" : agent);
  const system = /(Windows|Mac OS|Android|iPhone|iPad|Linux)/.exec(agent)?.[1];
  return found ? `${{ Edg: "Edge", OPR: "Opera" }[found[1]] ?? found[1]}${system ? ` on ${system}` : ""}` : agent;
}

async function end(one, again) {
  await remove(`/sessions/${one.id}`);
  say("Signed out there.");
  again();
}

async function revoke(one, again) {
  if (!(await confirm(`Revoke “${one.name}”?`, "Whatever uses it stops working at once.", "Revoke", { bad: true }))) return;
  await remove(`/tokens/${one.id}`);
  say("Revoked.");
  again();
}

/** Ends the session and everything that runs on it. */
export async function signOut() {
  await post("/sign-out");
  leave();
  location.assign("/sign-in");
}
