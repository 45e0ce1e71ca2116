// Notifications: what the person was told, unread first to the eye; read one by one or all at once.
import { h } from "../dom.js";
import { get, post, query } from "../api.js";
import { busy, button, choices } from "../form.js";
import { day } from "../format.js";
import { icon } from "../icons.js";
import { paged } from "../paging.js";
import { empty } from "../region.js";
import { changed, session } from "../session.js";
import { say, sayRefused } from "../toast.js";
import { name, plain } from "../words.js";
import { chip, when } from "../parts/badges.js";

const LOUD = { info: "", warning: "warn", critical: "bad" };

/** Where a link of the API leads on the dashboard. */
export function pageOf(link) {
  const found = /^\/api\/v1\/(approvals|decisions|executions|accounts|channels|trust|spend|jobs)(?:\/([^/]+))?/.exec(link ?? "");
  if (!found) return link?.startsWith("/") && !link.startsWith("/api/") ? link : null;
  const [, what, id] = found;
  const pages = { approvals: id ? `/approvals/${id}` : "/", decisions: id ? `/activity/${id}` : "/activity", executions: id ? `/executions/${id}` : "/activity", accounts: "/accounts", channels: "/settings", trust: "/trust", spend: "/money", jobs: "/queue" };
  return pages[what];
}

/** The page. */
export function notifications(context) {
  let unread = new URLSearchParams(location.search).has("unread");
  const list = paged(context, {
    events: ["notification.created"],
    load: (cursor, signal) => get(query("/notifications", { unread, cursor, limit: 50 }), { signal }),
    make: (one) => row(one, mark),
    nothing: () => empty(icon("bell"), unread ? "All read" : "Nothing yet", unread ? "You have read everything." : "When something needs you, or something was done, you are told here."),
  });

  // Reading is safe to show before it is stored: nothing follows from it.
  async function mark(one) {
    if (one.read_at) return;
    const at = new Date().toISOString();
    list.change((items) => items.map((item) => (item.id === one.id ? { ...item, read_at: at } : item)));
    changed({ unread: Math.max(0, session.unread - 1) });
    try {
      changed(await post(`/notifications/${one.id}/read`));
    } catch (problem) {
      list.change((items) => items.map((item) => (item.id === one.id ? { ...item, read_at: null } : item)));
      changed({ unread: session.unread + 1 });
      sayRefused(problem);
    }
  }

  const all = button("Mark all read", async () => {
    changed(await post("/notifications/read-all"));
    say("All read.");
    list.again();
  });
  return h("div", { class: "page" },
    h("div", { class: "head" },
      h("div", null, h("h1", { tabindex: "-1" }, "Notifications"), h("p", null, "What you were told.")),
      h("div", { class: "actions" }, choices("Which", [["all", "All"], ["unread", "Unread"]], unread ? "unread" : "all", (word) => { unread = word === "unread"; list.again(); }), all, h("a", { class: "btn", href: "/settings" }, "Where to reach you"))),
    list.element);
}

function row(one, mark) {
  const href = pageOf(one.link);
  const title = href
    ? h("a", { class: one.read_at ? "" : "unread", href, "data-focus": `open-${one.id}`, on: { click: () => mark(one) } }, one.title)
    : h("span", { class: one.read_at ? "" : "unread" }, one.title);
  const read = h("button", { class: "btn quiet small", type: "button", "data-focus": `read-${one.id}`, on: { click: () => busy(read, () => mark(one)) } }, "Mark read", h("span", { class: "hear" }, `: ${one.title}`));
  return h("li", null,
    h("div", { class: "grow section" },
      h("div", { class: "chips" }, !one.read_at && h("span", { class: "chip accent" }, h("i", { class: "dot" }), "New"), one.severity !== "info" && chip(name(one.severity), LOUD[one.severity]), title),
      one.body && h("p", { class: "little soft clamp" }, plain(one.body))),
    h("div", { class: "end" }, h("span", { class: "little soft" }, when(one.deliver_at), h("span", { class: "hear" }, `, ${day(one.deliver_at)}`)), !one.read_at && read));
}
