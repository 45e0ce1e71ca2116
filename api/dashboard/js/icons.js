// The icons: a few strokes each on a 24-unit grid, drawn in the colour of the text beside them.
import { svg } from "./dom.js";

const PATHS = {
  now: "M5 12.5l4.5 4.5L19 7.5",
  activity: "M4 6h16M4 12h16M4 18h10",
  twin: "M9.5 17a5 5 0 1 1 0-10 5 5 0 0 1 0 10zM14.5 17a5 5 0 1 1 0-10 5 5 0 0 1 0 10z",
  trust: "M12 3l7 3v5.5c0 4.5-3 7.7-7 9.5-4-1.8-7-5-7-9.5V6z",
  money: "M4 7h16v11H4zM4 11h16M8 15h3",
  rules: "M6 4h12v16H6zM9 9h6M9 13h6M9 17h3",
  accounts: "M10 14a4 4 0 0 1 0-5.6l2.4-2.4A4 4 0 0 1 18 11.6l-1.2 1.2M14 10a4 4 0 0 1 0 5.6L11.6 18A4 4 0 0 1 6 12.4l1.2-1.2",
  bell: "M6 16V11a6 6 0 1 1 12 0v5l1.5 2h-15zM10 20.5h4",
  settings: "M4 8h9M17 8h3M4 16h3M11 16h9M15 6v4M9 14v4",
  queue: "M4 5h16v4H4zM4 10h16v4H4zM4 15h16v4H4z",
  stop: "M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7zM9 12h6",
  play: "M8 5l11 7-11 7z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  ask: "M12 17.5v.01M9.5 9a2.6 2.6 0 1 1 3.8 2.3c-.9.5-1.3 1-1.3 2.2",
  no: "M7 7l10 10M17 7L7 17",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.5V12l3 2",
  undo: "M8 5L4 9l4 4M4 9h9a6 6 0 0 1 0 12h-3",
  email: "M4 6h16v12H4zM4 7l8 6 8-6", calendar: "M4 6h16v14H4zM4 10.5h16M8 3.5v4M16 3.5v4", subscriptions: "M5 12a7 7 0 0 1 12-5l2 2M19 4.5V9h-4.5M19 12a7 7 0 0 1-12 5l-2-2M5 19.5V15h4.5",
  shopping: "M4 5h2.5l2 10h9l2-7H7M10 19.5h.01M17 19.5h.01", travel: "M3 13l18-8-6 15-3.5-6z", finance: "M4 7h16v11H4zM4 11h16M8 15h3", smart_home: "M4 11l8-7 8 7M6 10v10h12V10",
  tasks: "M4 7l1.5 1.5L8 6M4 15l1.5 1.5L8 14M12 7.5h8M12 15.5h8", social_media: "M4 5h16v11h-9l-4 4v-4H4z", documents: "M7 3h7l4 4v14H7zM14 3v4h4", health: "M12 20s-8-4.6-8-10.3A4.4 4.4 0 0 1 12 7a4.4 4.4 0 0 1 8 2.7C20 15.4 12 20 12 20z", general: "M12 4l2 5.5L20 12l-6 2.5L12 20l-2-5.5L4 12l6-2.5z",
  sun: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  keys: "M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8", plus: "M12 5v14M5 12h14", out: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
};

/** An icon; hidden from those who hear the page, since words stand beside it. */
export function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, svg("path", { d: PATHS[name] ?? PATHS.general }));
}
