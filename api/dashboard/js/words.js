// What the API's words are called on the page. A word that is not listed is shown with its underscores taken out, so a
// newer API never breaks an older page.

const NAMES = {
  observer: "Observer", suggest: "Suggestion", low_autonomy: "Low autonomy", moderate_autonomy: "Moderate autonomy", high_autonomy: "High autonomy",
  smart_home: "Smart home", social_media: "Social media",
  auto: "Done", ask: "Asked", alert: "Alert", inform: "Noted", block: "Refused",
  never_without_approval: "Never without approval", tier_risk: "Trust and risk", action_limit: "Limit per action", daily_limit: "Daily limit",
  own_policy: "Your own rule", blocked_domain: "Allowed domains", inexperience: "Still learning", asks_owed: "Asked for a while", unreadable: "Could not be read",
  trigger: "Your trigger", quiet_hours: "Quiet hours", irreversible: "Can't be undone", stop: "Stop switch",
  require_approval: "Asks you", allow: "Allows", deny: "Forbids",
  financial_impact: "Money", legal_sensitivity: "Law", privacy_sensitivity: "Privacy", relationship_sensitivity: "Relationships", operational_risk: "How things work", reversibility: "Taking it back",
  explicit: "You said so", inferred: "Learned", corrected: "You corrected it", default: "Default",
  planned: "Waiting to run", running: "Running", succeeded: "Done", failed: "Failed", unknown: "In doubt", cancelled: "Cancelled", skipped: "Not reached",
  pending: "Waiting for you", approved: "Approved", rejected: "Rejected", expired: "Expired",
  cost_cents: "Cost", local_hour: "Hour of day", verb: "Action", flags: "What was noticed", sender: "Sender", risk: "Overall risk", tier: "Trust tier", reversible: "Can be undone",
  contains_pii: "personal data", contains_phi: "health data", bulk: "many people",
  approval_requested: "Your word is needed", approval_reminder: "Reminder", approval_expired: "Expired", executed: "Done", unknown_outcome: "Outcome in doubt", tier_changed: "Trust changed",
  limit_near: "Near a limit", limit_reached: "Limit reached", account_needs_reauth: "Account needs you", dead_job: "Stuck work", channel_failing: "You can't be reached", refused: "Refused",
  amount_threshold: "From an amount on", risk_tier_threshold: "From a risk on", low_confidence: "When not sure enough", novel_situation: "When something is new", consecutive_rejections: "After rejections in a row",
  stated: "You said so", withdrawn: "You removed it", forgotten: "You had it forgotten", revert: "You went back", start: "The start", approve: "You approved", reject: "You rejected", edit: "You changed it", undo: "You took it back", restate_preference: "You said otherwise", reward: "You praised it", punish: "You asked to be asked",
  reserve: "Reserved", settle: "Spent", release: "Released", refund: "Refunded",
  "signal.received": "It came in", "decision.made": "Decided", "approval.created": "You were asked", "approval.resolved": "Answered", "approval.expired": "Expired unanswered",
  "execution.started": "Started", "execution.step": "A step was done", "execution.settled": "Finished", "undo.requested": "You took it back", "undo.settled": "Taken back",
  "trust.changed": "Trust changed", "twin.updated": "The twin learned", "spend.changed": "Spend changed", "settings.changed": "Settings changed", "notification.created": "You were told", "feedback.recorded": "Your answer was recorded", "connection.changed": "An account changed", "channel.changed": "A channel changed", "delivery.changed": "A message was sent",
};

/** The name of a word of the API. */
export function name(word) {
  if (word === null || word === undefined) return "";
  return NAMES[word] ?? sentence(String(word).replaceAll(/[_.]/g, " "));
}

/** The same inside a sentence. */
export function inside(word) {
  const text = name(word);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** With a capital first. */
export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const CODED = /\b(low_autonomy|moderate_autonomy|high_autonomy|smart_home|social_media|require_approval)\b/g;

/** A sentence of the API with the words of its vocabularies made readable. */
export const plain = (text) => text.replaceAll(CODED, (word) => word.replaceAll("_", " "));

/** A summary without the cost in brackets: shown beside it instead. */
export const withoutCost = (text) => text.replace(/ \((?:\d+\.\d\d [A-Z]{3}|cost unknown)\)$/, "");

export const DOMAINS = ["email", "calendar", "subscriptions", "shopping", "travel", "finance", "smart_home", "tasks", "social_media", "documents", "health", "general"];
export const TIERS = ["observer", "suggest", "low_autonomy", "moderate_autonomy", "high_autonomy"];
export const RISKS = ["negligible", "low", "moderate", "high", "critical"];
export const CONFIDENCES = ["speculative", "low", "moderate", "high", "confirmed"];
export const OUTCOMES = ["auto", "ask", "alert", "suggest", "inform", "block"];

/** What a tier is called. */
export const tierName = (tier) => (tier === "suggest" ? "Suggests only" : name(tier));

/** What a tier means, in a sentence. */
export const TIER_MEANING = {
  observer: "Only watches. You see what it would do and say yes or no; nothing runs.",
  suggest: "Proposes everything and does nothing by itself.",
  low_autonomy: "Does what carries no or little risk, and asks before the rest.",
  moderate_autonomy: "Does what carries up to moderate risk, and asks before the rest.",
  high_autonomy: "Does what carries up to high risk. What is never done alone is still asked.",
};
