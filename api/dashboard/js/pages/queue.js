// Queue, for operators: how deep, how old, how fast and by how many, what is dead and why, the engine's breaker, and the switch that stops everything.
import { h } from "../dom.js";
import { get, post } from "../api.js";
import { button } from "../form.js";
import { confirm } from "../dialog.js";
import { span } from "../format.js";
import { icon } from "../icons.js";
import { empty, region } from "../region.js";
import { say } from "../toast.js";
import { name } from "../words.js";
import { chip, when } from "../parts/badges.js";
import { everySecond } from "../tick.js";

const EVERY = 5;

/** The page. */
export function queue(context) {
  const pace = paces();
  const element = region(context, {
    label: "The queue",
    load: async (signal) => {
      const [jobs, system, engine, workers] = await Promise.all(["/jobs", "/system", "/engine", "/workers"].map((path) => get(path, { signal })));
      return { jobs, system, engine, workers: workers.items, done: pace(jobs.queues) };
    },
    show: ({ jobs, system, engine, workers, done }, again) => [whole(system, again), breaker(engine), depths(jobs.queues, workers, done), dead(jobs.dead, again)],
  });
  // Operators have no stream of their own: look again every few seconds while the page is seen.
  let rest = EVERY;
  everySecond(element, () => {
    rest -= 1;
    if (rest > 0 || document.hidden) return;
    rest = EVERY;
    element.again?.();
  });
  return h("div", { class: "page" }, h("div", { class: "head" }, h("div", null, h("h1", { tabindex: "-1" }, "Queue"), h("p", null, "What the workers have before them. Looked at every few seconds."))), element);
}

function whole(system, again) {
  const stopped = system.stopped_at !== null;
  const turn = async (word) => {
    if (word === "stop" && !(await confirm("Stop everything?", "Signals are still taken, but nothing is decided or done for anybody until you let it go on.", "Stop everything", { bad: true }))) return;
    await post(`/system/${word}`);
    say(word === "stop" ? "Everything is stopped." : "Everything goes on.");
    again();
  };
  return h("section", { class: `card stack ${stopped ? "bad" : ""}`, "aria-labelledby": "whole" },
    h("div", { class: "title section" }, h("h2", { id: "whole" }, "The whole system"), stopped ? h("p", null, "Stopped since ", when(system.stopped_at), ".") : h("p", { class: "soft" }, "Running.")),
    h("div", { class: "buttons" }, stopped ? button([icon("play"), "Let everything go on"], () => turn("resume"), { kind: "main" }) : button([icon("stop"), "Stop everything"], () => turn("stop"), { kind: "bad" })));
}

const PASSES = { closed: ["Work passes", "good"], open: ["Its work waits", "bad"], half_open: ["Being tried", "warn"] };

/** The breaker of each engine that was ever in trouble. */
function breaker(engine) {
  const all = engine.items;
  if (!all.length) return null;
  return h("section", { class: "section", "aria-labelledby": "engine" }, h("h2", { id: "engine" }, "Engines"),
    h("ul", { class: "rows card tight" }, all.map((one) => h("li", null, h("div", { class: "grow" }, h("strong", null, one.name), (one.misconfigured ?? one.last_failure) && h("p", { class: "little soft" }, one.misconfigured ?? one.last_failure)),
      h("div", { class: "end" }, one.misconfigured_since && chip("Needs an operator", "bad"), chip(...(PASSES[one.state] ?? [one.state])), one.failures > 0 && chip(`${one.failures} failures`, "warn"), one.until && h("span", { class: "little soft" }, "until ", when(one.until)))))));
}

/** Tells per queue how many jobs were done in a minute, between one look and the next; nothing at the first. */
function paces() {
  let before = null;
  return (queues) => {
    const now = { at: Date.now(), done: new Map(queues.map((one) => [one.queue, one.done])) };
    const last = before;
    before = now;
    // Finished jobs are thrown away after a while: then there is nothing to compare.
    return new Map(queues.flatMap((one) => {
      const more = last ? one.done - (last.done.get(one.queue) ?? 0) : -1;
      return more < 0 ? [] : [[one.queue, Math.round((more * 60_000) / Math.max(1, now.at - last.at))]];
    }));
  };
}

function depths(queues, workers, done) {
  const head = ["Queue", "Workers", "Due", "Oldest", "Later", "Running", "Done a minute", "Dead", "Done"];
  const at = (queue) => workers.filter((one) => one.queue === queue).length;
  return h("section", { class: "section", "aria-labelledby": "depth" }, h("h2", { id: "depth" }, "How deep"),
    h("div", { class: "card tight scroll", tabindex: "0", role: "region", "aria-label": "How deep each queue is" }, h("table", null,
      h("thead", null, h("tr", null, head.map((word, at) => h("th", { scope: "col", class: at > 0 ? "number" : null }, word)))),
      h("tbody", null, queues.map((one) => h("tr", null,
        h("th", { scope: "row" }, name(one.queue)),
        h("td", { class: "number" }, at(one.queue) || chip("0", "bad")),
        [one.due, one.oldest_due_seconds === null ? "–" : span(one.oldest_due_seconds * 1000), one.scheduled, one.running, done.get(one.queue) ?? "–"].map((cell) => h("td", { class: "number" }, String(cell))),
        h("td", { class: "number" }, one.dead ? chip(String(one.dead), "bad") : "0"), h("td", { class: "number" }, String(one.done))))))));
}

function dead(all, again) {
  return h("section", { class: "section", "aria-labelledby": "dead" }, h("h2", { id: "dead" }, "Dead"),
    all.length
      ? h("ul", { class: "rows card tight" }, all.map((one) => h("li", null,
        h("div", { class: "grow section" }, h("h3", null, name(one.queue)), h("p", { class: "little" }, one.reason), h("p", { class: "tiny soft" }, h("code", null, one.payload))),
        h("div", { class: "end" }, h("span", { class: "little soft" }, `${one.attempts} of ${one.max_attempts} tries`, one.died_at && [", ", when(one.died_at)]),
          button(["Try again", h("span", { class: "hear" }, `: ${name(one.queue)}`)], async () => { await post(`/jobs/${encodeURIComponent(one.id)}/retry`); say("It runs again."); again(); }, { kind: "small", "data-focus": `retry-${one.id}` })))))
      : h("div", { class: "card" }, empty(icon("check"), "Nothing is dead", "What is given up after all its tries is kept here with the reason.")));
}
