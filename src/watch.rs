//! `skytwin watch`: what happens, in a terminal, as it happens. When the line breaks it goes on from the last event.

use std::{io::IsTerminal, time::Duration};

use chrono_tz::Tz;
use domain::time::Timestamp;
use runtime::Config;
use serde_json::{Map, Value};

use crate::{Error, Result, post};

/// Signs of life come every 20 s or so: a line that says nothing for longer is dead.
const SILENCE: Duration = Duration::from_mins(1);
/// The longest that may have come without the end of a frame, in bytes: a page of events is far below.
const LONGEST: usize = 16 << 20;
/// Between two attempts to reach the API.
const AGAIN: Duration = Duration::from_secs(2);

/// Prints what happens, from an event's number on or from now on, until it is stopped.
pub async fn run(mut after: Option<i64>) -> Result<()> {
    let (url, token) = post::found(&Config::from_env()?)?;
    let client = post::Client::new(url.clone(), token)?;
    let who = client.get("/api/v1/session").await?;
    let zone =
        who.pointer("/user/timezone").and_then(Value::as_str).and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC);
    let page = Page { zone, colours: std::io::stdout().is_terminal() };
    loop {
        match client.follow("/api/v1/events/stream", after, SILENCE).await {
            Ok(response) => read(response, &mut after, &page).await,
            Err(refused @ Error::Refused { status: 400..=428, .. }) => return Err(refused),
            Err(error) => eprintln!("{error}"),
        }
        eprintln!("… the line to {url} is gone; trying again");
        tokio::time::sleep(AGAIN).await;
    }
}

/// Prints a stream until it ends or breaks; `after` is left at the last event that was printed.
async fn read(mut response: reqwest::Response, after: &mut Option<i64>, page: &Page) {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            return;
        }
        while let Some(end) = bytes.windows(2).position(|pair| pair == b"\n\n") {
            let frame: Vec<u8> = bytes.drain(..end + 2).collect();
            let frame = Frame::of(&String::from_utf8_lossy(&frame));
            *after = frame.id.or(*after);
            if let Some(line) = page.line(&frame) {
                println!("{line}");
            }
        }
    }
}

/// One frame of the stream.
#[derive(Debug, Default)]
struct Frame {
    id: Option<i64>,
    name: String,
    data: Map<String, Value>,
}

impl Frame {
    fn of(text: &str) -> Self {
        let mut frame = Self::default();
        for line in text.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => frame.id = id.parse().ok(),
                Some(("event", name)) => name.clone_into(&mut frame.name),
                Some(("data", data)) => frame.data = serde_json::from_str(data).unwrap_or_default(),
                _ => {}
            }
        }
        frame
    }
}

/// How lines look.
struct Page {
    zone: Tz,
    colours: bool,
}

impl Page {
    /// Time, number, name in words, short facts; nothing for signs of life.
    fn line(&self, frame: &Frame) -> Option<String> {
        let text = |name: &str| frame.data.get(name).and_then(Value::as_str);
        let at: Timestamp = text("at")?.parse().ok()?;
        let at = at.utc().with_timezone(&self.zone).format("%H:%M:%S");
        let (name, facts) = match frame.name.as_str() {
            "heartbeat" => return None,
            "hello" if frame.data.get("reset") == Some(&Value::Bool(true)) => {
                ("started over".to_owned(), "the number asked for was never reached".to_owned())
            }
            "hello" => ("listening".to_owned(), String::new()),
            name => (plain(&name.replace(['.', '_'], " ")), facts(frame.data.get("facts").and_then(Value::as_object)?)),
        };
        let number = frame.id.unwrap_or_default();
        Some(if self.colours {
            format!("\x1b[2m{at} {number:>6}\x1b[0m  \x1b[1;{}m{name:<22}\x1b[0m  {facts}", colour(&frame.name))
        } else {
            format!("{at} {number:>6}  {name:<22}  {facts}")
        })
    }
}

/// By what it is about: questions yellow, deeds green, what was taken back or broke red, the rest blue.
fn colour(name: &str) -> u8 {
    match name.split('.').next().unwrap_or_default() {
        "approval" | "notification" => 33,
        "execution" | "decision" => 32,
        "undo" | "connection" => 31,
        _ => 34,
    }
}

/// Facts in a line; of an id, the end is enough to tell it from others.
fn facts(facts: &Map<String, Value>) -> String {
    let told = facts.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let end = text.parse::<uuid::Uuid>().ok().and_then(|_| text.get(text.len().checked_sub(8)?..));
        let short = end.map_or_else(|| text.clone(), |end| format!("…{end}"));
        format!("{} {}", plain(name), plain(&short))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What came from outside must not move the cursor or paint the screen.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn whatever_a_stream_says_is_one_plain_line_or_none(
            text in fuzz::text_of(&["id: ", "7", "event: ", "approval.created", "data: ", "{\"at\":\"2026-03-02T09:00:00Z\",\"facts\":", "}", "\n", "\u{1b}[2J"]),
            name in fuzz::text(),
            facts in fuzz::object_of(&["approval", "\u{1b}[2J", "019c3000-0000-7000-8000-0000deadbeef"]),
        ) {
            let page = Page { zone: Tz::Europe__Berlin, colours: false };
            let data = serde_json::json!({ "at": "2026-03-02T09:00:00Z", "facts": facts });
            for text in [text, format!("id: 7\nevent: {name}\ndata: {data}\n\n")] {
                if let Some(line) = page.line(&Frame::of(&text)) {
                    prop_assert!(!line.contains(char::is_control), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn an_event_is_a_line_in_the_persons_time_and_nothing_in_it_commands_the_terminal() {
        let frame = Frame::of(
            "id: 7\nevent: approval.created\ndata: {\"seq\":7,\"at\":\"2026-03-02T09:00:00Z\",\
             \"facts\":{\"approval\":\"019c3000-0000-7000-8000-0000deadbeef\",\"text\":\"\\u001b[2Jhi\",\"n\":2}}\n\n",
        );
        let page = Page { zone: Tz::Europe__Berlin, colours: false };
        let line = page.line(&frame).unwrap();
        assert_eq!(line, "10:00:00      7  approval created        approval …deadbeef, n 2, text [2Jhi");
        let painted = Page { colours: true, ..page }.line(&frame).unwrap();
        assert!(painted.contains("\x1b[1;33mapproval created"), "{painted}");
    }

    #[test]
    fn signs_of_life_are_no_lines() {
        let page = Page { zone: Tz::UTC, colours: false };
        let beat = Frame::of("id: 7\nevent: heartbeat\ndata: {\"at\":\"2026-03-02T09:00:00Z\"}\n\n");
        assert_eq!((beat.id, page.line(&beat)), (Some(7), None));
    }
}
