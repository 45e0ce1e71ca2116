// The start: who is here, the frame around, the table of pages, and how one page follows another.
import "./theme.js";
import { fill, h } from "./dom.js";
import { whenSignedOut } from "./api.js";
import { frame } from "./frame.js";
import { join, leave } from "./live.js";
import { failed } from "./region.js";
import { go, route } from "./router.js";
import { recognise, refresh, session } from "./session.js";
import { accounts } from "./pages/accounts.js";
import { activity } from "./pages/activity.js";
import { approval, execution } from "./pages/approval.js";
import { askTwin } from "./pages/ask.js";
import { decision } from "./pages/decision.js";
import { limits } from "./pages/limits.js";
import { money } from "./pages/money.js";
import { notifications } from "./pages/notifications.js";
import { now } from "./pages/now.js";
import { queue } from "./pages/queue.js";
import { rule } from "./pages/rule.js";
import { rules } from "./pages/rules.js";
import { settings } from "./pages/settings.js";
import { signIn } from "./pages/sign-in.js";
import { trust } from "./pages/trust.js";
import { twin } from "./pages/twin.js";
import { versions } from "./pages/versions.js";

const SHARED = [["/settings", [settings, "Settings"]]];
const PERSON = [
  ["", [now, "Now"]], ["/approvals/:id", [approval, "Your word"]], ["/executions/:id", [execution, "What was done"]],
  ["/activity", [activity, "Activity"]], ["/activity/:id", [decision, "Decision"]],
  ["/twin", [twin, "Twin"]], ["/twin/ask", [askTwin, "Ask your twin"]], ["/twin/versions", [versions, "How your twin came to be"]],
  ["/trust", [trust, "Trust"]], ["/money", [money, "Money"]],
  ["/rules", [rules, "Rules"]], ["/rules/limits", [limits, "Quiet hours and domains"]], ["/rules/new", [rule, "New rule"]], ["/rules/:id", [rule, "Rule"]],
  ["/accounts", [accounts, "Accounts"]], ["/notifications", [notifications, "Notifications"]], ...SHARED,
];
const OPERATOR = [["", [queue, "Queue"]], ["/queue", [queue, "Queue"]], ...SHARED];

const app = document.getElementById("app");
let leaving = new AbortController();

whenSignedOut(() => {
  leave();
  fill(app, signIn(start, "Your session is over. Sign in again to go on."));
});

async function start() {
  try {
    const link = location.pathname === "/sign-in" && location.hash;
    if (link || !(await recognise())) {
      fill(app, signIn(start));
      return;
    }
    if (location.pathname === "/sign-in") history.replaceState(null, "", "/");
    await refresh();
  } catch (problem) {
    fill(app, h("div", { class: "sign-in" }, h("main", { class: "card", id: "main" }, h("h1", null, "SkyTwin"), failed(problem, start))));
    return;
  }
  const { element, main, here } = frame();
  fill(app, element);
  if (!session.operator) join();
  let first = true;
  route(session.operator ? OPERATOR : PERSON, (page, params, place) => {
    leaving.abort();
    leaving = new AbortController();
    const [build, title] = page ?? [missing, "Not found"];
    const name = (text) => { document.title = `${text} · SkyTwin`; };
    let placed = false;
    const context = {
      params,
      signal: leaving.signal,
      go,
      title: name,
      drawn: null,
      // The first content is there: back to where the eye was.
      ready() {
        if (!placed) requestAnimationFrame(() => scrollTo(0, place));
        placed = true;
      },
    };
    name(title);
    scrollTo(0, 0);
    fill(main, build(context));
    here();
    if (!first) (main.querySelector("h1") ?? main).focus({ preventScroll: true });
    first = false;
  });
}

function missing(context) {
  context.ready();
  return h("div", { class: "page" }, h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Nothing here"), h("p", null, "There is no page at this address."))), h("p", null, h("a", { href: "/" }, "Back to the start")));
}

start();
