// Now: everything that waits for the person's word, the most pressing first; answered one by one, several at once, by
// mouse, touch or keys alone.
import { fill, h, match } from "../dom.js";
import { get } from "../api.js";
import { busy } from "../form.js";
import { confirm } from "../dialog.js";
import { count, money } from "../format.js";
import { icon } from "../icons.js";
import { help, keys } from "../keys.js";
import { on } from "../live.js";
import { empty, failed, ghosts } from "../region.js";
import { changed, may } from "../session.js";
import { say } from "../hear.js";
import { sayRefused } from "../toast.js";
import { withoutCost } from "../words.js";
import { approvalCard } from "../parts/approval-card.js";
import { answerMany } from "../parts/answering.js";

const EVENTS = ["open", "approval.created", "approval.resolved", "approval.expired", "spend.changed", "settings.changed"];
const MOST = 100;

/** The page. */
export function now(context) {
  const asks = h("div", { class: "cards" });
  const suggestions = h("div", { class: "cards" });
  const summary = h("p", { "aria-live": "polite" }, "Looking…");
  const body = h("div", { class: "region", "aria-busy": "true" }, ghosts(3));
  const picked = new Set();
  const bar = batchBar(picked, () => shown, settle, show);
  const keysHint = h("button", { class: "btn quiet small wide-only", type: "button", on: { click: () => help() } }, icon("keys"), "Keys");
  let shown = [];
  let spend = null;
  let more = false;
  let timer = null;
  let drawn = false;

  const element = h("div", { class: "page" },
    h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Now"), summary), h("div", { class: "actions" }, keysHint)),
    body);

  async function load() {
    try {
      const [page, spent] = await Promise.all([get(`/approvals?limit=${MOST}`, { signal: context.signal }), get("/spend?limit=1", { signal: context.signal })]);
      shown = page.items;
      more = Boolean(page.next);
      spend = spent;
      show();
    } catch (problem) {
      if (!context.signal.aborted && !drawn) fill(body, failed(problem, load));
    } finally {
      body.removeAttribute("aria-busy");
      context.ready();
    }
  }

  function show() {
    for (const id of [...picked]) if (!shown.some((approval) => approval.id === id)) picked.delete(id);
    const waiting = shown.filter((approval) => approval.kind === "ask");
    const passive = shown.filter((approval) => approval.kind !== "ask");
    changed({ waiting: waiting.length });
    summary.textContent = shown.length ? [waiting.length && `${count(waiting.length, "thing")} ${waiting.length === 1 ? "needs" : "need"} your word`, passive.length && count(passive.length, "suggestion")].filter(Boolean).join(" · ") : "Nothing waits for you.";
    const focused = document.activeElement?.closest?.("[data-approval]")?.dataset.approval;
    const place = focused ? cards().findIndex((card) => card.dataset.approval === focused) : -1;
    if (!shown.length) {
      drawn = true;
      fill(body, empty(icon("check"), "All clear", "When your twin needs your word, it appears here at once. What it did meanwhile is under Activity.", h("a", { class: "btn", href: "/activity" }, "See what it did")));
    } else {
      if (!body.contains(asksPart)) fill(body, asksPart, suggestionsPart, bar.element);
      asksPart.hidden = !waiting.length;
      suggestionsPart.hidden = !passive.length;
      match(asks, waiting.map((approval) => ({ approval, spend })), ({ approval }) => approval.id, card);
      match(suggestions, passive.map((approval) => ({ approval, spend })), ({ approval }) => approval.id, card);
      drawn = true;
    }
    // What had the focus was answered, perhaps elsewhere: go on with the next one.
    if (place >= 0 && !cards().some((one) => one.dataset.approval === focused)) (cards()[Math.min(place, cards().length - 1)] ?? element.querySelector("h1")).focus();
    bar.show();
  }

  const asksPart = h("section", { class: "section", "aria-labelledby": "asks" }, h("h2", { id: "asks", class: "hear" }, "Needs your word"), asks);
  const suggestionsPart = h("section", { class: "section", "aria-labelledby": "suggestions" },
    h("div", { class: "title" }, h("h2", { id: "suggestions" }, "Suggestions"), h("p", { class: "little soft" }, "These don't interrupt you; they expire silently.")), suggestions);

  const card = ({ approval, spend: spent }) => approvalCard(approval, {
    spend: spent,
    heading: "h3",
    picked: picked.has(approval.id),
    pick: may("answer") ? (wanted) => { picked[wanted ? "add" : "delete"](approval.id); bar.show(); } : null,
    done: () => settle([approval.id]),
  });

  function settle(ids) {
    shown = shown.filter((approval) => !ids.includes(approval.id));
    show();
    if (more || !shown.length) load();
  }

  const cards = () => [...element.querySelectorAll("[data-approval]")];
  const current = () => document.activeElement?.closest?.("[data-approval]");
  const move = (by) => () => {
    const all = cards();
    const at = all.indexOf(current());
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const press = (word) => () => {
    const target = current() ?? cards()[0];
    if (!current()) return target?.focus();
    return target.querySelector(`[data-deed="${word}"]`)?.click();
  };
  keys([
    ["j", "Next", move(1)], ["k", "Back", move(-1)], ["a", "Approve", press("approve")], ["r", "Reject", press("reject")],
    ["e", "Edit, then approve", press("edit")], ["x", "Select", press("pick")], ["o", "Details", press("open")],
  ], context.signal);
  on(EVENTS, (name) => {
    if (name === "approval.created") say("Something new waits for your word");
    clearTimeout(timer);
    timer = setTimeout(load, 150);
  }, context.signal);
  context.signal.addEventListener("abort", () => clearTimeout(timer));
  load();
  return element;
}

/** The bar for several at once. */
function batchBar(picked, all, settle, redraw) {
  const words = h("p", null);
  const chosen = () => all().filter((approval) => picked.has(approval.id));
  const act = (label, word, kind) => {
    const element = h("button", { class: `btn ${kind}`, type: "button", on: { click: () => busy(element, () => send(word)).catch(sayRefused) } }, label);
    return element;
  };
  async function send(word) {
    const approvals = chosen();
    const costs = approvals.filter((approval) => approval.action.cost.kind === "known");
    const sums = new Map();
    for (const { action: { cost } } of costs) sums.set(cost.currency, (sums.get(cost.currency) ?? 0) + cost.cents);
    const total = [...sums].map(([currency, cents]) => money(cents, currency)).join(" and ");
    const list = h("ul", { class: "rules" }, approvals.map((approval) => h("li", null, h("span", { class: "mark" }, icon("general")), h("p", null, withoutCost(approval.summary)))));
    const sure = await confirm(`${word === "approve" ? "Approve" : "Reject"} ${count(approvals.length, "thing")}?`, [list, word === "approve" && total ? `Together they cost ${total}.` : ""], word === "approve" ? "Approve all" : "Reject all", { bad: word === "reject" });
    if (!sure) return;
    settle(await answerMany(approvals, word));
  }
  const clear = h("button", { class: "btn quiet", type: "button", on: { click: () => { picked.clear(); for (const box of document.querySelectorAll("[data-deed=pick]")) box.checked = false; redraw(); } } }, "Clear");
  const element = h("div", { class: "batch", hidden: true, role: "group", "aria-label": "Answer several at once" }, words, act("Approve all", "approve", "main"), act("Reject all", "reject", "bad"), clear);
  return {
    element,
    show() {
      element.hidden = picked.size === 0;
      words.textContent = `${picked.size} selected`;
    },
  };
}
