// How the twin came to be: its versions, what each changed, and the way back to one.
import { h } from "../dom.js";
import { get, post, query } from "../api.js";
import { button } from "../form.js";
import { ask, confirm } from "../dialog.js";
import { count } from "../format.js";
import { icon } from "../icons.js";
import { paged } from "../paging.js";
import { empty } from "../region.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { name } from "../words.js";
import { chip, when } from "../parts/badges.js";
import { profileWords } from "../parts/profile.js";
import { tabs } from "../parts/tabs.js";
import { change, TABS } from "./twin.js";

const PAGE = 50;

/** The page. */
export function versions(context) {
  const list = paged(context, {
    key: (version) => version.version,
    events: ["twin.updated"],
    load: async (before, signal) => {
      const { items } = await get(query("/twin/versions", { before, limit: PAGE }), { signal });
      return { items, next: items.length === PAGE ? items[items.length - 1].version : null };
    },
    make: (version) => row(version, () => list.again()),
    nothing: () => empty(icon("twin"), "The first version", "With your first answer your twin learns something, and the change appears here."),
  });
  return h("div", { class: "page" },
    h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Twin"), h("p", null, "Every change to what it knows. Going back is a new version, so nothing is lost."))),
    tabs(TABS), list.element);
}

function row(version, again) {
  return h("li", null,
    h("div", { class: "grow" },
      h("h2", null, `Version ${version.version}`, " ", h("span", { class: "soft little" }, name(version.cause))),
      h("p", { class: "little soft" }, version.changed.length ? version.changed.map((one) => one.replace("/", ": ").replaceAll("_", " ")).join(", ") : "Nothing changed")),
    h("div", { class: "end" }, when(version.at),
      button(["What changed", h("span", { class: "hear" }, ` in version ${version.version}`)], () => difference(version), { kind: "small", "data-focus": `diff-${version.version}` }),
      may("settings") && button(["Go back to it", h("span", { class: "hear" }, `: version ${version.version}`)], () => revert(version, again), { kind: "small quiet", "data-focus": `revert-${version.version}` })));
}

async function difference(version) {
  const found = await get(`/twin/versions/${version.version}/diff`);
  const gone = profileWords(found.fields_before);
  const come = profileWords(found.fields_after);
  const said = (title, all) => all.length > 0 && h("section", { class: "section" }, h("p", { class: "label" }, title), h("ul", { class: "section" }, all.map((one) => h("li", null, one))));
  const nothing = !found.changes.length && !gone.length && !come.length;
  return ask(`Version ${version.version}`, () => [
    nothing && h("p", { class: "soft" }, "It differs in nothing from the version before."),
    found.changes.map(change), said("It no longer says of you", gone), said("It says of you now", come),
  ], { wide: true });
}

async function revert(version, again) {
  const found = await get(`/twin/versions/${version.version}`);
  const text = [`Your twin holds again what it held then: ${count(found.preferences.length, "preference")}. What it noticed from your answers stays. Every version is kept, so you can go forward again.`];
  if (!(await confirm(`Go back to version ${version.version}?`, [...text, chip(name(version.cause))], "Go back"))) return;
  await post(`/twin/versions/${version.version}/revert`);
  say(`It holds again what version ${version.version} held.`);
  again();
}
