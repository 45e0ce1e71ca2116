// Money: the last 24 hours against the limits as a picture, what is reserved, when it frees up, and the ledger.
import { h, svg } from "../dom.js";
import { get, put, query, read } from "../api.js";
import { amount, button, field, form, moneyField, text, Wrong } from "../form.js";
import { ask } from "../dialog.js";
import { moment, money as shown, time } from "../format.js";
import { icon } from "../icons.js";
import { paged } from "../paging.js";
import { empty, region } from "../region.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { name } from "../words.js";
import { chip, when } from "../parts/badges.js";
import { limitBar } from "../parts/money.js";

const EVENTS = ["spend.changed", "settings.changed"];
const HOUR = 3_600_000;

/** The page. */
export function money(context) {
  let currency = "USD";
  const today = region(context, {
    label: "The last 24 hours",
    events: EVENTS,
    load: (signal) => get("/spend?limit=200", { signal }),
    show: (spend, again) => {
      currency = spend.currency;
      return h("div", { class: "pair" }, picture(spend, again), hours(spend));
    },
  });
  const ledger = paged(context, {
    events: ["spend.changed"],
    load: async (cursor, signal) => (await get(query("/spend", { cursor, limit: 50 }), { signal })).entries,
    make: (entry) => row(entry, currency),
    nothing: () => empty(icon("money"), "Nothing spent yet", "Every reserved, spent, released and refunded cent will be listed here."),
  });
  return h("div", { class: "page" },
    h("div", { class: "head" },
      h("div", null, h("h1", { tabindex: "-1" }, "Money"), h("p", null, "What your twin may spend, and what it did.")),
      h("div", { class: "actions" }, may("settings") && button("Change limits", () => limits(today.again)))),
    today,
    overrides(context),
    h("section", { class: "section", "aria-labelledby": "ledger" }, h("h2", { id: "ledger" }, "Every entry"), ledger.element));
}

function picture(spend, again) {
  const { currency, limits: { per_action_cents: single, daily_cents: daily }, settled_cents: settled, reserved_cents: reserved, remaining_cents: left } = spend;
  const part = (label, cents, word) => h("div", { class: word }, h("dt", null, label), h("dd", null, shown(cents, currency)));
  return h("section", { class: "card stack", "aria-labelledby": "left" },
    h("h2", { id: "left" }, daily === null ? "Spent within 24 hours" : "Left within 24 hours"),
    h("p", null, h("span", { class: "figure" }, shown(daily === null ? settled + reserved : left, currency)), daily !== null && h("span", { class: "soft" }, ` of ${shown(daily, currency)}`)),
    daily !== null && limitBar({ settled, reserved, limit: daily }, "big"),
    h("dl", { class: "legend" }, part("Spent", settled, "used"), part("Reserved", reserved, "held"), daily !== null && part("Left", left, "free")),
    h("p", { class: "little soft" },
      single === null ? "No limit per action: every cost is asked about. " : `At most ${shown(single, currency)} per action. `,
      daily === null && "No daily limit: every cost is asked about. ",
      spend.next_free && [`${shown(spend.next_free.cents, currency)} free up at `, when(spend.next_free.at, moment), "."]),
    (single === null || daily === null) && may("settings") && h("div", { class: "buttons" }, button("Set limits", () => limits(again), { kind: "small" })));
}

/** What was spent in each of the last 24 hours. */
function hours({ entries, currency }) {
  const now = Date.now();
  const sums = Array(24).fill(0);
  for (const entry of entries.items) {
    const age = Math.floor((now - new Date(entry.at)) / HOUR);
    if (age < 24 && entry.kind === "settle") sums[23 - age] += entry.cents;
    if (age < 24 && entry.kind === "refund") sums[23 - age] -= entry.cents;
  }
  const most = Math.max(...sums, 100);
  const total = sums.reduce((sum, cents) => sum + Math.max(0, cents), 0);
  const bars = sums.map((cents, at) => {
    const height = Math.max(2, (Math.max(0, cents) / most) * 90);
    return svg("rect", { x: at * 20 + 3, y: 100 - height, width: 14, height, rx: 3, class: cents > 0 ? (at === 23 ? "now" : null) : "none" }, svg("title", null, `${time(now - (23 - at) * HOUR)}: ${shown(Math.max(0, cents), currency)}`));
  });
  const marks = [0, 8, 16, 23].map((at) => svg("text", { x: at * 20 + (at === 23 ? 17 : 3), y: 120, "text-anchor": at === 23 ? "end" : "start" }, at === 23 ? "now" : time(now - (24 - at) * HOUR)));
  return h("section", { class: "card stack", "aria-labelledby": "hours" },
    h("h2", { id: "hours" }, "Hour by hour"),
    h("p", { class: "little soft" }, total ? `${shown(total, currency)} in the last 24 hours; the most in one hour was ${shown(Math.max(...sums), currency)}.` : "Nothing was spent in the last 24 hours."),
    svg("svg", { class: "hours", viewBox: "0 0 480 125", role: "img", "aria-label": `Spent per hour over the last 24 hours: ${shown(total, currency)} in total` }, bars, marks));
}

/** Every yes above the daily limit, in the words it was said with; nothing where there was none. */
function overrides(context) {
  return region(context, {
    events: ["spend.changed"],
    ghost: h("span"),
    load: (signal) => get(query("/spend/overrides", { limit: 20 }), { signal }),
    show: (page) => page.items.length > 0 && h("section", { class: "section", "aria-labelledby": "overrides" },
      h("div", null, h("h2", { id: "overrides" }, "Above the daily limit"), h("p", { class: "little soft" }, "What you allowed all the same, and why.")),
      h("ul", { class: "rows card tight" }, page.items.map((one) => h("li", null,
        h("div", { class: "grow" },
          h("a", { class: "whole", href: `/activity/${one.decision}`, "data-focus": `override-${one.id}` }, name(one.verb)),
          h("p", { class: "little soft" }, `“${one.reason}”`),
          h("p", { class: "tiny soft" }, `${shown(one.settled_cents, one.currency)} spent and ${shown(one.reserved_cents, one.currency)} reserved then, of ${shown(one.limit_cents, one.currency)}`)),
        h("div", { class: "end" }, h("strong", { class: "even" }, shown(one.cost_cents, one.currency)), h("span", { class: "little soft even" }, when(one.at))))))),
  });
}

const KIND = { reserve: "warn", settle: "accent", release: "", refund: "good" };

function row(entry, currency) {
  return h("li", null,
    h("span", { class: "badge-slot" }, chip(name(entry.kind), KIND[entry.kind])),
    h("div", { class: "grow" },
      h("a", { class: "whole", href: `/executions/${entry.execution}`, "data-focus": `entry-${entry.id}` }, name(entry.verb)),
      entry.kind === "release" && h("p", { class: "little soft" }, "What was reserved is free again"),
      entry.flagged && h("p", { class: "little soft" }, "More than 20 % off what was expected")),
    h("div", { class: "end" }, entry.kind !== "release" && h("strong", { class: "even" }, shown(entry.cents, currency)), entry.flagged && chip("Off the estimate", "warn"), h("span", { class: "little soft even" }, when(entry.at))));
}

/** Sets the limits; only if nothing else has changed them since. */
async function limits(again) {
  const { body: settings, etag } = await read("/settings");
  const { autonomy } = settings;
  const currency = text({ value: autonomy.currency, maxlength: 3 });
  const single = amount(autonomy.max_spend_per_action_cents, autonomy.currency);
  const daily = amount(autonomy.max_daily_spend_cents, autonomy.currency);
  const cents = (money, path) => {
    const value = money.read();
    if (value === undefined) throw new Wrong(path, "Write an amount such as 12.50, or leave it empty.");
    return value;
  };
  return ask("Limits", (close) => [
    h("p", { class: "soft" }, "Limits hold your twin, not you: you may always approve more. Without a limit, every cost is asked about."),
    form(async () => {
      const changed = { ...autonomy, currency: currency.value.trim().toUpperCase(), max_spend_per_action_cents: cents(single, "/autonomy/max_spend_per_action_cents"), max_daily_spend_cents: cents(daily, "/autonomy/max_daily_spend_cents") };
      await put("/settings", { timezone: settings.timezone, autonomy: changed }, { etag });
      say("Limits saved.");
      close(true);
      again();
    }, { submit: "Save", extra: h("button", { class: "btn", type: "button", on: { click: () => close() } }, "Not now") },
    moneyField("At most per action", single, { path: "/autonomy/max_spend_per_action_cents" }),
    moneyField("At most within 24 hours", daily, { path: "/autonomy/max_daily_spend_cents" }),
    field("Currency", currency, { path: "/autonomy/currency", hint: "Three letters, such as EUR. Costs in another currency are asked about." })),
  ]);
}
