// Signing in: by a one-time link, whose secret stands behind the `#` and is used once, or by pasting a token.
import { fill, h } from "../dom.js";
import { post } from "../api.js";
import { field, form, Wrong } from "../form.js";

/** The whole page; `entered()` is called when somebody is signed in. */
export function signIn(entered, why) {
  const token = h("input", { type: "password", autocomplete: "current-password", spellcheck: "false", name: "token" });
  const link = location.hash.slice(1);
  const note = h("p", { class: "note", role: "status", hidden: !why && !link }, why ?? "Signing you in…");
  const enter = async (shown) => {
    await post("/sign-in", shown, { quiet: true });
    history.replaceState(null, "", location.pathname === "/sign-in" ? "/" : location.pathname + location.search);
    entered();
  };
  if (link) {
    history.replaceState(null, "", location.pathname);
    enter({ link }).catch((problem) => {
      note.className = "note bad";
      fill(note, problem.status === 401 ? "This link was used already or is too old. Ask for a new one, or paste a token." : problem.message);
    });
  }
  document.title = "Sign in · SkyTwin";
  return h("div", { class: "sign-in" }, h("main", { class: "card", id: "main", tabindex: "-1" },
    h("div", { class: "section" }, h("span", { class: "brand" }, h("img", { src: "/icon.svg", alt: "" }), "SkyTwin"), h("h1", null, "Sign in")),
    note,
    form(async () => {
      const shown = token.value.trim();
      if (!shown) throw new Wrong("/token", "Paste a token first.");
      try {
        await enter({ token: shown });
      } catch (problem) {
        throw problem.status === 401 ? new Wrong("/token", "This token is unknown, expired or revoked.") : problem;
      }
    }, { submit: "Sign in" }, field("Token", token, { path: "/token", hint: "Or open the one-time link you were given: nothing to type there." }))));
}
