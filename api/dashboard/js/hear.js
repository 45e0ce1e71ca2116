// Words for those who hear the page: said politely, never shown.
import { h } from "./dom.js";

const voice = h("p", { class: "hear", role: "status", "aria-live": "polite" });
document.body.append(voice);

/** Says it once. */
export function say(text) {
  voice.textContent = "";
  requestAnimationFrame(() => { voice.textContent = text; });
}
