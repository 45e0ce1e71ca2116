// Where notifications go besides this page: webhooks and mail, as far as this installation has them.
import { h } from "../dom.js";
import { get, post, put, remove } from "../api.js";
import { button, field, form, select, text, toggle } from "../form.js";
import { ask, confirm } from "../dialog.js";
import { icon } from "../icons.js";
import { region } from "../region.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { name } from "../words.js";
import { chip } from "./badges.js";

/** The section; nothing where the API has no channels. */
export function channels(context) {
  return region(context, {
    ghost: h("div", { class: "ghost row-high" }),
    load: (signal) => get("/channels", { signal }).catch((problem) => {
      if (problem.status === 404) return null;
      throw problem;
    }),
    show: (found, again) => found && h("section", { class: "section", "aria-labelledby": "channels" },
      h("div", { class: "title" }, h("div", null, h("h2", { id: "channels" }, "Where to reach you"), h("p", { class: "little soft" }, "Besides this page. Quiet hours hold there too.")), may("settings") && button([icon("plus"), "Add"], () => write(null, again), { kind: "small", "data-focus": "add-channel" })),
      found.items.length ? h("ul", { class: "rows card tight" }, found.items.map((one) => row(one, again))) : h("p", { class: "card soft" }, "Nowhere else. Add a webhook or a mail address to be told when you are not here.")),
  });
}

const target = (one) => one.url ?? one.address ?? one.to ?? one.target ?? "";

function row(one, again) {
  return h("li", null,
    h("div", { class: "grow" }, h("h3", null, name(one.kind)), h("p", { class: "little soft" }, target(one))),
    h("div", { class: "end" }, one.state && chip(name(one.state), one.state === "dead" ? "bad" : ""), may("settings") && [
      typeof one.enabled === "boolean" && toggle(["On", h("span", { class: "hear" }, `: ${target(one)}`)], one.enabled, async (enabled) => { await put(`/channels/${one.id}`, { ...writable(one), enabled }); again(); }, { "data-focus": `on-${one.id}` }),
      button(["Test", h("span", { class: "hear" }, ` ${target(one)}`)], async () => { await post(`/channels/${one.id}/test`); say("A test is on its way."); }, { kind: "small", "data-focus": `test-${one.id}` }),
      button(["Remove", h("span", { class: "hear" }, ` ${target(one)}`)], () => drop(one, again), { kind: "small quiet", "data-focus": `drop-${one.id}` }),
    ]));
}

const writable = ({ id: _id, state: _state, created_at: _made, updated_at: _changed, ...rest }) => rest;

function write(_one, again) {
  const kind = select([["webhook", "Webhook"], ["email", "Mail"]], "webhook");
  const where = text({ placeholder: "https://example.org/hook" });
  return ask("Where to reach you", (close) => form(async () => {
    const made = await post("/channels", kind.value === "webhook" ? { kind: "webhook", url: where.value.trim() } : { kind: "email", address: where.value.trim() });
    close(true);
    again();
    if (made?.secret) await ask("The signing secret", () => [h("p", null, "Shown this once. Whoever receives the webhook checks its signature with it."), h("pre", { tabindex: "0" }, made.secret)]);
    else say("Added.");
  }, { submit: "Add" }, field("How", kind, { path: "/kind" }), field("Where", where, { path: "/url", hint: "An https address, or a mail address." })));
}

async function drop(one, again) {
  if (!(await confirm("Remove this?", target(one), "Remove", { bad: true }))) return;
  await remove(`/channels/${one.id}`);
  again();
}
