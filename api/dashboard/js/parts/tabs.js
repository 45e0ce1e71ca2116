// The pages within a page: links, so that each has an address.
import { h } from "../dom.js";

/** Tabs as [href, label]. */
export function tabs(all) {
  return h("nav", { class: "tabs", "aria-label": "Parts of this page" }, all.map(([href, label]) => h("a", { href, "aria-current": location.pathname === href ? "page" : null }, label)));
}
