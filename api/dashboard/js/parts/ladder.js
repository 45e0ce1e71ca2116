// The ladder of trust: five tiers, where one stands, and what was earned.
import { h } from "../dom.js";
import { TIERS, tierName } from "../words.js";

/** The ladder for a place; `bare` leaves the names to the words beside it. */
export function ladder(place, bare = false) {
  const here = TIERS.indexOf(place.tier);
  const earned = TIERS.indexOf(place.earned);
  return h("ol", { class: bare ? "ladder bare" : "ladder", "aria-hidden": bare ? "true" : null }, TIERS.map((tier, at) =>
    h("li", { class: [at <= here && "reached", at > here && at <= earned && "earned", at === here && "here"].filter(Boolean).join(" ") || null, "aria-current": at === here ? "step" : null }, tierName(tier))));
}
