//! What outside could send: strategies for the property tests of parsers (`docs/safety.md` lists those).
//!
//! Only tests use it. Arbitrary bytes hardly get past a parser's first line, so most of what is made here speaks the
//! format's own language: its words in wrong places, values at the edges, a good input after an accident.

use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Map, Value};

/// Texts at the edges of what formats know: signs, alphabets, and numbers and instants that hardly fit or don't exist.
const EDGES: &[&str] = &[
    "",
    " ",
    "\0",
    "\n",
    "\r\n",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{feff}",
    "İ",
    "ß",
    "é",
    "😀",
    "-",
    "--",
    "+1",
    "-1",
    "0",
    "00",
    "0.1",
    "0.005",
    "1e999",
    "NaN",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "null",
    "true",
    "[]",
    "{}",
    "\"",
    "\\",
    "'",
    "<",
    ">",
    "&",
    ";",
    ",",
    ":",
    "=",
    "*",
    "@",
    "%00",
    "../..",
    "```",
    "0000-01-01T00:00:00+23:59",
    "2016-12-31T23:59:60Z",
    "2026-02-30",
    "2026-03-01T09:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "+262142-12-31T23:59:59",
];

/// The usual number of cases (256, or `PROPTEST_CASES`) divided by `by`, for what takes its time. Nothing is written
/// beside the sources.
pub fn cases(by: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (usual.cases / by.max(1)).max(1), failure_persistence: None, ..usual }
}

/// Any text: plain, of every alphabet, with controls, or from the edges.
pub fn text() -> BoxedStrategy<String> {
    let edge = || select(EDGES).prop_map(str::to_owned);
    prop_oneof![4 => "[ -~]{0,40}", 2 => "\\PC{0,40}", 2 => any::<String>(), 3 => edge()].boxed()
}

/// Text in a format's language: these words in any order, with other text among them.
pub fn text_of(words: &[&str]) -> BoxedStrategy<String> {
    vec(prop_oneof![3 => word(words), 1 => text()], 0..10).prop_map(|parts| parts.concat()).boxed()
}

/// Any JSON, a few levels deep.
pub fn json() -> BoxedStrategy<Value> {
    json_of(&[])
}

/// JSON in a format's language: names and texts are mostly these words.
pub fn json_of(words: &[&str]) -> BoxedStrategy<Value> {
    let word = prop_oneof![4 => word(words), 1 => text()].boxed();
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        2 => any::<bool>().prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        2 => (-10_i64..1000).prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        6 => word.clone().prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(4, 64, 6, move |inner| {
        let members = btree_map(word.clone(), inner.clone(), 0..6);
        prop_oneof![
            1 => vec(inner, 0..6).prop_map(Value::from),
            3 => members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    tree.boxed()
}

/// A JSON object in a format's language.
pub fn object_of(words: &[&str]) -> BoxedStrategy<Map<String, Value>> {
    let name = prop_oneof![6 => word(words), 1 => text()];
    btree_map(name, json_of(words), 0..12).prop_map(|members| members.into_iter().collect()).boxed()
}

/// Bytes in the language of a JSON format: whole, damaged, or no JSON at all.
pub fn bytes_of(words: &[&str]) -> BoxedStrategy<Vec<u8>> {
    let whole = json_of(words).prop_map(|value| value.to_string().into_bytes());
    let damaged = whole.clone().prop_flat_map(spoilt);
    prop_oneof![4 => whole, 2 => damaged, 1 => vec(any::<u8>(), 0..200)].boxed()
}

/// What is left of good bytes after one to three accidents: cut short, a byte added, changed or lost, the end doubled.
/// Now and then nothing has changed.
pub fn spoilt(good: impl Into<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    let good = good.into();
    let accidents = vec((0..5_u8, any::<Index>(), any::<u8>()), 1..4);
    accidents.prop_map(move |accidents| accidents.into_iter().fold(good.clone(), damaged)).boxed()
}

fn damaged(mut bytes: Vec<u8>, (kind, at, byte): (u8, Index, u8)) -> Vec<u8> {
    let at = at.index(bytes.len() + 1);
    match kind {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, byte),
        2 => bytes.get_mut(at).into_iter().for_each(|hit| *hit ^= byte.max(1)),
        3 if at < bytes.len() => drop(bytes.remove(at)),
        _ => bytes.extend_from_within(at..),
    }
    bytes
}

/// One of these words, or any text where there are none.
fn word(words: &[&str]) -> BoxedStrategy<String> {
    if words.is_empty() {
        return text();
    }
    select(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).boxed()
}
