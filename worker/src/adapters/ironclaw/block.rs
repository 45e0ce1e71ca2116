//! The result block: the only place where success can be read (`domain.md` §1 law 8).
//!
//! It is the last fenced block of the engine's last message, JSON, and it names our execution. Everything else is prose.

use domain::{execution::StepEnd, id::ExecutionId, money::Currency, signal::Object};
use serde::Deserialize;
use serde_json::Value;

/// What the engine declares.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) execution_id: ExecutionId,
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) outputs: Object,
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// Where the order had several steps: what came of each.
    #[serde(default)]
    pub(crate) steps: Vec<Part>,
    #[serde(default)]
    pub(crate) actual_cost_cents: Option<u32>,
    #[serde(default)]
    pub(crate) currency: Currency,
}

/// What it declares of one step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Part {
    pub(crate) ordinal: u16,
    pub(crate) status: StepEnd,
    #[serde(default)]
    pub(crate) outputs: Object,
    #[serde(default)]
    pub(crate) error: Option<String>,
}

/// Done or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Succeeded,
    Failed,
}

#[derive(Deserialize)]
struct Fenced {
    skytwin_result: Verdict,
}

/// The verdict at the end of `text`, if there is one that can be read.
pub(crate) fn read(text: &str) -> Option<Verdict> {
    let body = text.trim_end().strip_suffix("```")?;
    let (_, block) = body.rsplit_once("```")?;
    let json = block.strip_prefix("json").unwrap_or(block);
    let Fenced { skytwin_result: mut verdict } = serde_json::from_str(json).ok()?;
    verdict.outputs = storable_object(verdict.outputs);
    verdict.error = verdict.error.map(|error| storable(&error));
    for part in &mut verdict.steps {
        part.outputs = storable_object(std::mem::take(&mut part.outputs));
        part.error = part.error.take().map(|error| storable(&error));
    }
    Some(verdict)
}

fn storable_object(object: Object) -> Object {
    object.into_iter().map(|(key, value)| (storable(&key), storable_value(value))).collect()
}

/// Without NUL: Postgres takes it in no text, and a verdict that can't be stored would come back for ever.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

fn storable_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(storable_value).collect()),
        Value::Object(object) => Value::Object(storable_object(object)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn a_verdict_stands_at_the_very_end_names_its_execution_and_can_be_stored(
            words in fuzz::text_of(&[
                "```", "json", "\n", " ", "All done.", "{}", "{\"skytwin_result\":", "}", "{\"execution_id\":\"0198c0de-0000-7000-8000-000000000001\"",
                ",\"status\":", "\"succeeded\"", "\"failed\"", ",\"outputs\":{\"a\":\"\\u0000\"}",
            ]),
            (status, after) in ("succeeded|failed|success|", fuzz::text_of(&["```", " ", "\n", "That was it.", "{}"])),
            outputs in fuzz::object_of(&["a", "\0"]),
        ) {
            let verdict = serde_json::json!({ "skytwin_result": { "execution_id": ID, "status": status, "outputs": outputs } });
            for text in [words, format!("{}{after}", fenced(&verdict.to_string()))] {
                if let Some(verdict) = read(&text) {
                    let block = text.trim_end().strip_suffix("```").and_then(|text| text.rsplit_once("```")).unwrap().1;
                    prop_assert!(block.contains(ID) && verdict.execution_id.to_string() == ID, "{text}");
                    prop_assert_eq!(block.contains("\"succeeded\""), verdict.status == Status::Succeeded, "{}", text);
                    prop_assert!(!serde_json::to_string(&verdict.outputs).unwrap().contains("\\u0000"));
                }
            }
        }
    }

    const ID: &str = "0198c0de-0000-7000-8000-000000000001";

    fn fenced(json: &str) -> String {
        format!("All done.\n\n```json\n{json}\n```\n")
    }

    #[test]
    fn a_fenced_block_at_the_end_is_a_verdict() {
        let text = fenced(&format!(
            r#"{{"skytwin_result":{{"execution_id":"{ID}","status":"succeeded","outputs":{{"a":"b\u0000c"}},"actual_cost_cents":1299,"currency":"EUR"}}}}"#
        ));
        let verdict = read(&text).unwrap();
        assert_eq!((verdict.execution_id.to_string().as_str(), verdict.status), (ID, Status::Succeeded));
        assert_eq!((verdict.actual_cost_cents, verdict.currency.as_str()), (Some(1299), "EUR"));
        assert_eq!(verdict.outputs.get("a"), Some(&Value::from("bc")), "a NUL would not fit into the database");
    }

    #[test]
    fn steps_are_read_one_by_one_and_one_in_other_words_is_no_verdict() {
        let text = |status: &str| {
            fenced(&format!(
                r#"{{"skytwin_result":{{"execution_id":"{ID}","status":"failed","error":"no","steps":[
                {{"ordinal":0,"status":"succeeded","outputs":{{"a":1}}}},{{"ordinal":1,"status":"{status}","error":"n\u0000o"}}]}}}}"#
            ))
        };
        let verdict = read(&text("failed")).unwrap();
        let parts: Vec<_> =
            verdict.steps.iter().map(|part| (part.ordinal, part.status, part.error.as_deref())).collect();
        assert_eq!(parts, [(0, StepEnd::Succeeded, None), (1, StepEnd::Failed, Some("no"))]);
        assert_eq!(read(&text("done")), None);
    }

    #[test]
    fn nothing_else_is_a_verdict() {
        let good = format!(r#"{{"skytwin_result":{{"execution_id":"{ID}","status":"succeeded"}}}}"#);
        let not_verdicts = [
            "Done! Everything succeeded.".to_owned(),
            good.clone(),
            format!("{} That was it.", fenced(&good)),
            format!("{}{}", fenced(&good), fenced("{}")),
            fenced(&good.replace("succeeded", "success")),
            fenced(&good.replace("succeeded", "accepted")),
            fenced(&good.replace(ID, "the one you gave me")),
            fenced(&good.replace("\"status\"", "\"state\"")),
            fenced(&good.replace("\"status\"", "\"actual_cost_cents\":-5,\"status\"")),
            fenced(&good.replace("skytwin_result", "result")),
            fenced(&good.replace('}', "")),
            "```".to_owned(),
            "``````".to_owned(),
            String::new(),
        ];
        assert!(read(&fenced(&good)).is_some());
        for text in not_verdicts {
            assert_eq!(read(&text), None, "{text}");
        }
    }
}
