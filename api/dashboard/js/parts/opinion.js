// What the person thinks of a decision after the fact: yes or no to a refusal, praise or blame for a deed, and a
// preference said anew.
import { h } from "../dom.js";
import { post } from "../api.js";
import { button, field, form, lines, text } from "../form.js";
import { ask } from "../dialog.js";
import { may } from "../session.js";
import { say } from "../toast.js";
import { name } from "../words.js";
import { valueField } from "./preference.js";

/** The panel for what can be said of this decision. */
export function opinionPanel(decision, done) {
  if (!may("answer")) return null;
  const refused = decision.outcome === "block" && decision.candidates.length > 0;
  const did = decision.executions.some((execution) => execution.kind !== "undo");
  const tell = (label, answer, kind, said) => button(label, async () => {
    await post(`/decisions/${decision.id}/feedback`, { answer });
    say(said);
    done();
  }, { kind: `small ${kind}`, "data-focus": answer });
  return h("section", { class: "card stack" },
    h("div", { class: "section" }, h("h2", null, "Teach your twin"), h("p", { class: "soft" }, refused ? "Was this what you would have wanted? Nothing runs; it is how trust grows." : did ? "Was this right?" : "Would you rather have had it otherwise?")),
    h("div", { class: "buttons" },
      refused && [tell("Yes, I'd want that", "approve", "main", "Thank you. Trust grows with every yes."), tell("No", "reject", "bad", "Thank you, noted.")],
      did && [tell("Well done", "reward", "", "Thank you, noted."), tell("Ask me next time", "punish", "bad", "It will ask the next ten times.")],
      (decision.candidates.length > 0) && button("I prefer something else", () => restate(decision, done), { kind: "small", "data-focus": "restate" })));
}

function restate(decision, done) {
  const chosen = decision.candidates.find((one) => one.ordinal === decision.chosen) ?? decision.candidates[0];
  const before = chosen?.support[0];
  const key = text({ value: before?.key ?? "", maxlength: 100, placeholder: "left to the twin" });
  const value = valueField(true);
  const comment = lines({ rows: 2, maxlength: 2000 });
  return ask("Say what you prefer", (close) => [
    h("p", null, chosen ? `This was about: ${name(chosen.action.verb).toLowerCase()} in ${name(decision.domain).toLowerCase()}.` : null),
    form(async () => {
      await post(`/decisions/${decision.id}/feedback`, { answer: "restate_preference", value: value.read(), key: key.value.trim() || undefined, comment: comment.value.trim() || undefined });
      say("Noted as your own word.");
      close(true);
      done();
    }, { submit: "Say so" },
    value.element,
    field("About (optional)", key, { path: "/key", hint: "The name of the preference, such as auto_archive. Left empty, it is the one this rested on." }),
    field("In your words (optional)", comment, { path: "/comment" })),
  ]);
}
