// The frame around every page: navigation, the stop switch, the state of the wire, and where a page is put.
import { fill, h } from "./dom.js";
import { post } from "./api.js";
import { busy } from "./form.js";
import { ask, confirm } from "./dialog.js";
import { icon } from "./icons.js";
import { linkState, on } from "./live.js";
import { changed, may, refresh, session, watch } from "./session.js";
import { say, sayRefused } from "./toast.js";

const PERSON = [["/", "now", "Now"], ["/activity", "activity", "Activity"], ["/twin", "twin", "Twin"], ["/trust", "trust", "Trust"], ["/money", "money", "Money"], ["/rules", "rules", "Rules"], ["/accounts", "accounts", "Accounts"], ["/notifications", "bell", "Notifications"], ["/settings", "settings", "Settings"]];
const OPERATOR = [["/queue", "queue", "Queue"], ["/settings", "settings", "Settings"]];
const THUMB = ["/", "/activity", "/twin", "/money"];
const STATES = { live: "Live", joining: "Connecting…", away: "Offline" };

/** Builds the frame; gives the place for pages and `here()`, to be called after each change of address. */
export function frame() {
  const pages = session.operator ? OPERATOR : PERSON;
  const main = h("main", { id: "main", tabindex: "-1" });
  const banners = h("div", { role: "region", "aria-label": "Important" });
  const link = h("span", { class: "link-state", role: "status", title: "Whether changes arrive by themselves" });
  const stop = h("div", null);
  const links = [];
  const to = (href, picture, label) => {
    const counter = href === "/" || href === "/notifications" ? h("span", { class: "count", hidden: true }) : null;
    const made = h("a", { class: "go", href }, icon(picture), h("span", null, label), counter);
    links.push({ href, element: made, counter });
    return made;
  };
  const side = h("nav", { class: "side", "aria-label": "Pages" },
    h("a", { class: "brand", href: session.operator ? "/queue" : "/" }, h("img", { src: "/icon.svg", alt: "" }), "SkyTwin"),
    h("ul", null, pages.map((page) => h("li", null, to(...page)))),
    h("p", { class: "foot little soft" }, session.person?.name ?? "Operator"));
  const thumb = h("nav", { class: "tabbar", "aria-label": "Pages, short" },
    pages.filter(([href]) => session.operator || THUMB.includes(href)).map((page) => {
      const made = to(...page);
      made.className = "";
      return made;
    }),
    !session.operator && h("button", { type: "button", on: { click: () => more(pages) } }, icon("more"), h("span", null, "More")));
  const bell = session.operator ? null : h("a", { class: "btn quiet icon-only bell", href: "/notifications" }, icon("bell"), h("span", { class: "hear" }, "Notifications: "));
  const bellCount = h("span", { class: "count", hidden: true });
  bell?.append(bellCount);
  const top = h("header", { class: "top" },
    h("a", { class: "brand", href: session.operator ? "/queue" : "/", "aria-label": "SkyTwin, home" }, h("img", { src: "/icon.svg", alt: "" })),
    session.operator ? null : link, h("span", { class: "push" }), stop, bell);
  const element = h("div", { class: "frame" }, side, h("div", { class: "stage" }, top, banners, main), thumb);

  function show() {
    const numbers = { "/": session.waiting, "/notifications": session.unread };
    for (const { href, counter } of links) if (counter) number(counter, numbers[href], href === "/" ? "waiting" : "unread");
    number(bellCount, session.unread, "unread");
    const state = linkState();
    link.dataset.state = state;
    fill(link, h("span", { class: "words" }, STATES[state]));
    const stopped = Boolean(session.settings?.stopped);
    fill(stop, session.operator || !session.settings ? null : stopped ? h("span", { class: "chip bad" }, icon("stop"), "Stopped") : switchButton());
    const wanted = `${stopped} ${state === "away"}`;
    if (banners.dataset.shows !== wanted) {
      banners.dataset.shows = wanted;
      fill(banners,
        stopped && !session.operator && h("div", { class: "banner stop" }, icon("stop"), h("p", null, "Your twin is stopped. Signals are kept, but nothing is decided or done."), may("settings") && resumeButton()),
        state === "away" && !session.operator && h("div", { class: "banner" }, h("p", null, "No connection to SkyTwin. What you see may be old; it catches up by itself as soon as it can.")));
    }
    document.documentElement.toggleAttribute("data-away", state === "away");
  }

  function here() {
    for (const { href, element: at } of links) {
      const current = href === "/" ? location.pathname === "/" || location.pathname.startsWith("/approvals") : location.pathname === href || location.pathname.startsWith(`${href}/`);
      if (current) at.setAttribute("aria-current", "page");
      else at.removeAttribute("aria-current");
    }
  }

  watch(show);
  on(["state"], show);
  on(["open", "settings.changed", "approval.created", "approval.resolved", "approval.expired", "notification.created"], later(() => refresh().catch(() => {})));
  show();
  return { element, main, here };
}

function number(element, value, word) {
  element.hidden = !value;
  fill(element, value > 99 ? "99+" : String(value), h("span", { class: "hear" }, ` ${word}`));
}

function later(act) {
  let timer = null;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, 250);
  };
}

/** Stopping takes one press: it is always safe. */
function switchButton() {
  if (!may("settings")) return null;
  const element = h("button", { class: "btn small bad", type: "button", "data-stop": true, on: { click: () => busy(element, async () => {
    await post("/stop");
    changed({ settings: { ...session.settings, stopped: true } });
    say("Stopped. Nothing is decided or done until you let it go on.", "warn");
  }).catch(sayRefused) } }, icon("stop"), "Stop");
  return element;
}

/** Going on is asked once more: what waited is decided at once. */
function resumeButton() {
  const element = h("button", { class: "btn small", type: "button", on: { click: () => busy(element, async () => {
    if (!(await confirm("Let your twin go on?", "What came in meanwhile is decided anew, by the rules as they are now.", "Go on"))) return;
    const { system_stopped: all } = await post("/resume");
    await refresh();
    say(all ? "Your own switch is off again, but the whole system is stopped by its operator." : "Your twin goes on.", all ? "warn" : "good");
  }).catch(sayRefused) } }, icon("play"), "Let it go on");
  return element;
}

/** Everything that has no place under the thumb. */
function more(pages) {
  return ask("More", (close) => h("nav", { "aria-label": "All pages" }, h("ul", { class: "more-list" }, pages.filter(([href]) => !THUMB.includes(href)).map(([href, picture, label]) =>
    h("li", null, h("a", { class: "go", href, on: { click: () => close() } }, icon(picture), label))))));
}
