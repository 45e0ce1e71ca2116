// Where notifications go besides this page: webhooks and mail, what was sent there, and what is wrong with them.
import { h } from "../dom.js";
import { get, post, put, query, remove } from "../api.js";
import { button, field, form, select, text, toggle } from "../form.js";
import { ask, confirm } from "../dialog.js";
import { icon } from "../icons.js";
import { region } from "../region.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { chip, when } from "./badges.js";

const KINDS = { webhook: "Webhook", email: "Mail" };
const LOUD = [["info", "Everything"], ["warning", "Warnings and what is critical"], ["critical", "Only what is critical"]];
const STATES = { pending: ["On its way", "info"], delivered: ["Arrived", "good"], dead: ["Given up", "bad"] };
const etag = (one) => ({ etag: `"${one.revision}"` });

/** The section. */
export function channels(context) {
  return region(context, {
    ghost: h("div", { class: "ghost row-high" }),
    events: ["channel.changed", "delivery.changed"],
    load: (signal) => get("/channels", { signal }),
    show: (found, again) => h("section", { class: "section", "aria-labelledby": "channels" },
      h("div", { class: "title" },
        h("div", null, h("h2", { id: "channels" }, "Where to reach you"), h("p", { class: "little soft" }, "Besides this page. Quiet hours hold there too.")),
        may("settings") && button([icon("plus"), "Add"], () => write(found.kinds, null, again), { kind: "small", "data-focus": "add-channel" })),
      found.items.length
        ? h("ul", { class: "rows card tight" }, found.items.map((one) => row(context, found.kinds, one, again)))
        : h("p", { class: "card soft" }, "Nowhere else. Add a webhook or a mail address to be told when you are not here.")),
  });
}

function row(context, kinds, one, again) {
  const about = h("span", { class: "hear" }, ` ${one.name}`);
  const act = (label, does, kind = "small quiet") => button([label, about.cloneNode(true)], does, { kind, "data-focus": `${label}-${one.id}` });
  return h("li", null,
    h("div", { class: "grow" },
      h("div", { class: "chips" }, h("h3", null, one.name), chip(KINDS[one.kind] ?? one.kind), !one.enabled && chip("Off", "warn"), one.failing_since && chip("Failing", "bad")),
      h("p", { class: "little soft clamp" }, one.address),
      one.trouble && h("p", { class: "little" }, one.trouble)),
    h("div", { class: "end" },
      act("What was sent", () => sent(context, one)),
      may("settings") && [
        act("Test", async () => { await post(`/channels/${one.id}/test`); say("A test is on its way. “What was sent” says what became of it."); }, "small"),
        act("Change", () => write(kinds, one, again)),
        act("Remove", () => drop(one, again)),
        toggle(["On", h("span", { class: "hear" }, `: ${one.name}`)], one.enabled, async (enabled) => { await put(`/channels/${one.id}`, { ...writable(one), enabled }, etag(one)); again(); }, { "data-focus": `on-${one.id}` }),
      ]));
}

const writable = ({ kind, name, address, minimum_severity, enabled }) => ({ kind, name, address, minimum_severity, enabled });

function write(kinds, one, again) {
  const kind = select((one ? [one.kind] : kinds).map((word) => [word, KINDS[word] ?? word]), one?.kind ?? kinds[0]);
  const title = text({ value: one?.name ?? "", placeholder: "Home" });
  const address = text({ value: one?.address ?? "", inputmode: "url", autocapitalize: "off", spellcheck: "false" });
  const loud = select(LOUD, one?.minimum_severity ?? "warning");
  const hint = kinds.includes("email") ? "An https address, or a mail address." : "An https address. Mail is not set up in this installation.";
  return ask(one ? "Change where to reach you" : "Where to reach you", (close) => form(async () => {
    const body = { kind: kind.value, name: title.value.trim() || null, address: address.value.trim(), minimum_severity: loud.value, enabled: one?.enabled ?? true };
    const made = one ? await put(`/channels/${one.id}`, body, etag(one)) : await post("/channels", body);
    close(true);
    again();
    if (made?.secret) showSecret(made.secret);
    else say(one ? "Saved." : "Added.");
  }, { submit: one ? "Save" : "Add" },
  field("How", kind, { path: "/kind" }),
  field("Where", address, { path: "/address", hint }),
  field("What it is called", title, { path: "/name", hint: "Its address, if you leave this empty." }),
  field("What is told there", loud, { path: "/minimum_severity" })));
}

function showSecret(secret) {
  return ask("The signing secret", (close) => [
    h("p", null, "Shown this once. Whoever receives the webhook checks its signature with it, as Standard Webhooks describes."),
    h("pre", { class: "secret", tabindex: "0", "data-first": true }, secret),
    h("div", { class: "buttons end" }, h("button", { class: "btn main", type: "button", on: { click: () => close() } }, "I have kept it")),
  ]);
}

function sent(context, one) {
  return ask(`Sent to ${one.name}`, () => region(context, {
    events: ["delivery.changed"],
    load: (signal) => get(query(`/channels/${one.id}/deliveries`, { limit: 50 }), { signal }),
    show: (page, again) => page.items.length
      ? h("ul", { class: "rows" }, page.items.map((delivery) => deliveryRow(delivery, again)))
      : h("p", { class: "soft" }, "Nothing yet."),
  }), { wide: true });
}

function deliveryRow(one, again) {
  const [words, kind] = STATES[one.state] ?? [one.state, ""];
  const about = one.test ? "A test" : one.notifications.length === 1 ? "1 notification" : `${one.notifications.length} notifications`;
  return h("li", null,
    h("div", { class: "grow" },
      h("div", { class: "chips" }, chip(words, kind), h("span", null, about)),
      one.error && h("p", { class: "little soft" }, one.error, one.tries > 1 && ` ${one.tries} tries.`)),
    h("div", { class: "end" }, h("span", { class: "little soft" }, when(one.created_at)),
      one.state === "dead" && may("settings") && button("Try again", async () => { await post(`/deliveries/${one.id}/retry`); again(); }, { kind: "small", "data-focus": `retry-${one.id}` })));
}

async function drop(one, again) {
  if (!(await confirm("Remove this?", `${one.name}: ${one.address}`, "Remove", { bad: true }))) return;
  await remove(`/channels/${one.id}`, etag(one));
  again();
}
