// Hooks: addresses where whoever can sign leaves signals. A secret is shown once, when it is made.
import { h } from "../dom.js";
import { get, post, remove } from "../api.js";
import { button, field, form, text } from "../form.js";
import { ask, confirm } from "../dialog.js";
import { icon } from "../icons.js";
import { region } from "../region.js";
import { may } from "../session.js";
import { when } from "./badges.js";

/** The section. */
export function hooks(context) {
  return region(context, {
    ghost: h("div", { class: "ghost row-high" }),
    load: (signal) => get("/webhooks", { signal }),
    show: (found, again) => h("section", { class: "section", "aria-labelledby": "hooks" },
      h("div", { class: "title" }, h("div", null, h("h2", { id: "hooks" }, "Hooks"), h("p", { class: "little soft" }, "For everything else: whoever signs as Standard Webhooks has it can post to an address of yours.")),
        may("settings") && button([icon("plus"), "New hook"], () => write(again), { kind: "small", "data-focus": "new-hook" })),
      found.items.length ? h("ul", { class: "rows card tight" }, found.items.map((one) => row(one, again))) : h("p", { class: "card soft" }, "None yet.")),
  });
}

const address = (one) => location.origin + one.path;

function row(one, again) {
  const hear = h("span", { class: "hear" }, ` ${one.name}`);
  return h("li", null,
    h("div", { class: "grow section" }, h("h3", null, one.name), h("p", { class: "little soft" }, `Its signals come from ${one.source}. Since `, when(one.created_at), "."), h("code", { class: "little" }, address(one))),
    may("settings") && h("div", { class: "end" },
      button(["New secret", hear.cloneNode(true)], () => renew(one), { kind: "small", "data-focus": `renew-${one.id}` }),
      button(["Remove", hear], () => drop(one, again), { kind: "small quiet", "data-focus": `drop-${one.id}` })));
}

function write(again) {
  const title = text({ maxlength: 200 });
  const source = text({ maxlength: 200 });
  return ask("A new hook", (close) => form(async () => {
    const made = await post("/webhooks", { name: title.value.trim(), source: source.value.trim() });
    close();
    again();
    await shown(made);
  }, { submit: "Make it" },
  field("What you call it", title, { path: "/name" }),
  field("What its signals come from", source, { path: "/source", hint: "One word, such as billing, travel or smart_home: it tells your twin what they are about." })));
}

const shown = ({ hook, secret }) => ask("Its address and its secret", () => [
  h("p", null, "Give both to whoever is to post there. The secret is shown this once."),
  h("pre", { tabindex: "0", "aria-label": "Address" }, address(hook)),
  h("pre", { tabindex: "0", "aria-label": "Secret" }, secret),
]);

async function renew(one) {
  if (!(await confirm(`A new secret for ${one.name}?`, "The one before is good for another 24 hours, so that its sender can change over.", "Make a new secret"))) return;
  await shown(await post(`/webhooks/${one.id}/secrets`));
}

async function drop(one, again) {
  if (!(await confirm(`Remove ${one.name}?`, "Whatever is sent there from now on is turned away.", "Remove", { bad: true }))) return;
  await remove(`/webhooks/${one.id}`);
  again();
}
