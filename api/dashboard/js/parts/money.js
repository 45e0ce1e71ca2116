// Money beside its limits: what an action would take of what is left.
import { h } from "../dom.js";
import { money } from "../format.js";

/** A bar of what is spent, reserved and would be added, with its sentence; null without a limit or a known cost. */
export function costAgainst(cost, spend) {
  if (cost.kind !== "known" || !spend || cost.cents === 0) return null;
  const { currency, limits, settled_cents: settled, reserved_cents: reserved } = spend;
  if (cost.currency !== currency) return h("p", { class: "little soft" }, `Your limits are in ${currency}, this costs ${money(cost.cents, cost.currency)}.`);
  const daily = limits.daily_cents;
  const single = limits.per_action_cents;
  const after = settled + reserved + cost.cents;
  const said = [
    single === null ? "You have set no limit per action." : cost.cents > single ? `Above your limit of ${money(single, currency)} per action.` : `Within your limit of ${money(single, currency)} per action.`,
    daily === null ? "You have set no daily limit." : after > daily ? `It would bring today to ${money(after, currency)}, above your ${money(daily, currency)}.` : `It would bring today to ${money(after, currency)} of ${money(daily, currency)}.`,
  ];
  return h("div", { class: "section" }, daily ? limitBar({ settled, reserved, fresh: cost.cents, limit: daily }) : null, h("p", { class: "little soft" }, said.join(" ")));
}

/** The bar alone; the words beside it say the same. */
export function limitBar({ settled, reserved, fresh = 0, limit }, kind = "") {
  const most = Math.max(limit, settled + reserved + fresh, 1);
  const over = settled + reserved + fresh > limit;
  const part = (cents, word) => cents > 0 && h("i", { class: word, vars: { "--part": String(cents / most) } });
  return h("div", { class: `bar ${kind}`, "aria-hidden": "true" }, part(settled, "used"), part(reserved, "held"), part(fresh, over ? "over" : "new"));
}
