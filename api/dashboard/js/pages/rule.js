// One rule of the person's own, built piece by piece, and tried on the past before it counts: what it would have changed.
import { fill, h } from "../dom.js";
import { post, put, read, remove } from "../api.js";
import { busy, button, choices, field, form, lines, select, text, tick, Wrong } from "../form.js";
import { confirm } from "../dialog.js";
import { count } from "../format.js";
import { region } from "../region.js";
import { say as hear } from "../hear.js";
import { say, sayRefused } from "../toast.js";
import { DOMAINS, name, plain, withoutCost } from "../words.js";
import { domain as domainChip, outcome, when } from "../parts/badges.js";
import { known } from "../parts/action.js";
import { conditionForm } from "../parts/condition.js";
import { effect } from "./rules.js";

const EFFECTS = [["require_approval", "Ask me"], ["deny", "Never do it"], ["allow", "Allowed as far as I'm concerned"]];
const FRESH = { name: "", description: "", domain: null, priority: 0, enabled: true, rules: [{ when: { all: [{ field: "cost_cents", op: "gt", value: 2000 }] }, effect: "require_approval", reason: "" }] };

/** The page, for a new rule or one there is. */
export function rule(context) {
  const { id } = context.params;
  return h("div", { class: "page" },
    h("div", { class: "head" }, h("div", { class: "section" }, h("p", { class: "little" }, h("a", { href: "/rules" }, "Rules")), h("h1", { tabindex: "-1" }, id ? "Edit a rule" : "New rule"))),
    // Read once: what is being typed must not be drawn over when something happens elsewhere. Saving checks the revision.
    region(context, {
      load: async (signal) => {
        const [catalogue, found] = await Promise.all([known(), id ? read(`/policies/${id}`, { signal }) : { body: FRESH, etag: null }]);
        return { fields: catalogue.conditions, policy: found.body, etag: found.etag };
      },
      show: (data) => (context.drawn ??= editor(context, id, data)),
    }));
}

function editor(context, id, { fields, policy, etag }) {
  const title = text({ value: policy.name, maxlength: 100 });
  const about = lines({ rows: 2, value: policy.description, maxlength: 1000 });
  const domain = select([["", "Everywhere"], ...DOMAINS.map((word) => [word, name(word)])], policy.domain ?? "");
  const priority = text({ value: String(policy.priority), inputmode: "numeric" });
  const on = tick("In force", { checked: policy.enabled });
  const list = h("div", { class: "form" });
  const all = [];
  const addRule = (given) => {
    const made = ruleForm(fields, given, () => {
      all.splice(all.indexOf(made), 1);
      made.element.remove();
      number();
    });
    all.push(made);
    list.append(made.element);
    number();
    return made;
  };
  const number = () => all.forEach((made, index) => made.number(index, all.length));
  for (const given of policy.rules) addRule(given);

  const written = () => {
    if (!/^-?\d{1,9}$/.test(priority.value.trim())) throw new Wrong("/priority", "Write a whole number.");
    return { name: title.value.trim(), description: about.value.trim(), domain: domain.value || null, priority: Number(priority.value), enabled: on.box.checked, rules: all.map((made, index) => made.read(`/rules/${index}`)) };
  };
  const result = h("section", { class: "section", "aria-live": "polite", "aria-label": "What it would have changed" });
  const save = form(async () => {
    const body = written();
    if (id) await put(`/policies/${id}`, body, { etag });
    else await post("/policies", body);
    say("In force from now on.");
    context.go("/rules");
  }, { submit: "Save", extra: [
    id && button("Remove", () => drop(id, etag, policy.name, context), { kind: "bad" }),
    tryButton(() => post("/policies/simulate", { policy: { ...written(), name: title.value.trim() || "Draft" }, replaces: id, decisions: 200 }), result, () => save),
  ] },
  h("div", { class: "form-row" }, field("What it is called", title, { path: "/name" }), field("Only in", domain, { path: "/domain" })),
  list,
  h("div", { class: "buttons" }, h("button", { class: "btn small", type: "button", on: { click: () => addRule({ when: null, effect: "require_approval", reason: "" }).element.querySelector("select").focus() } }, "Add another case")),
  h("details", null, h("summary", null, "More"), h("div", { class: "inside" }, field("What it is for", about, { path: "/description" }), field("Priority", priority, { path: "/priority", hint: "Higher is listed first. “Never” wins whatever the priority." }), on.element)));
  return [h("section", { class: "card", "aria-label": "The rule" }, save), result];
}

function ruleForm(fields, given, drop) {
  const condition = conditionForm(fields, given.when);
  const reason = text({ value: given.reason ?? "", maxlength: 500, placeholder: "I want to see larger sums" });
  let word = given.effect;
  const heading = h("h2", { hidden: true });
  const away = h("button", { class: "btn quiet small", type: "button", on: { click: drop } }, "Remove this case");
  const reasonField = field("Why (you will read this when it asks)", reason, {});
  const element = h("fieldset", { class: "section" }, h("legend", { class: "hear" }, "A case"), h("div", { class: "title section" }, heading), condition.element,
    choices("Then", EFFECTS, word, (next) => { word = next; }, { hidden: false }), reasonField, h("div", { class: "buttons" }, away));
  return {
    element,
    number(index, total) {
      heading.hidden = total < 2;
      heading.textContent = `Case ${index + 1}`;
      away.hidden = total < 2;
      reasonField.dataset.path = `/rules/${index}/reason`;
    },
    read: (path) => ({ when: condition.read(`${path}/when`), effect: word, reason: reason.value.trim() }),
  };
}

/** Tries the rule on the past; what it can't do yet is said where it is. */
function tryButton(run, result, home) {
  const element = h("button", { class: "btn", type: "button" }, "Try it on the past");
  element.addEventListener("click", async () => {
    try {
      await busy(element, async () => {
        const found = await run();
        fill(result, outcomeOf(found));
        hear(`${count(found.changes.length, "decision")} would have gone another way`);
        result.scrollIntoView({ block: "nearest", behavior: "smooth" });
      });
    } catch (problem) {
      if (!problem.errors?.length) return sayRefused(problem);
      home().place({ ...problem, errors: problem.errors.map(({ path, reason }) => ({ path: path.replace(/^\/policy/, ""), reason })) });
    }
  });
  return element;
}

function outcomeOf({ considered, spoken_on: spoken, changes }) {
  return [
    h("h2", null, changes.length ? `${count(changes.length, "decision")} would have gone another way` : "Nothing would have changed"),
    h("p", { class: "soft" }, `Tried on your last ${count(considered, "decision")} that proposed something, judged by today's limits and trust. It would have spoken on ${spoken}.`),
    changes.length > 0 && h("ul", { class: "rows card tight" }, changes.map((one) =>
      h("li", null, outcome(one.outcome),
        h("div", { class: "grow" }, h("a", { href: `/activity/${one.decision}` }, withoutCost(one.action)), h("p", { class: "little soft" }, one.after.reasons.map((reason) => plain(reason.text)).join(" "))),
        h("div", { class: "end" }, domainChip(one.domain), h("span", { class: "chips" }, effect(one.before.effect), "→", effect(one.after.effect)), h("span", { class: "little soft" }, when(one.decided_at)))))),
  ];
}

async function drop(id, etag, title, context) {
  if (!(await confirm("Remove this rule?", `“${title}” no longer counts from now on.`, "Remove", { bad: true }))) return;
  await remove(`/policies/${id}`, { etag });
  say("Removed.");
  context.go("/rules");
}
