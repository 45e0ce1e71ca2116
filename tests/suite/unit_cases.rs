//! Every numbered unit case has a test that is named after it, alone or as one of a range (`rr_01_to_rr_05_…`).

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

const CASES: &str = include_str!("../scenarios/unit-cases.json");

/// Every word of the domain's sources that could be the name of a test.
fn names() -> BTreeSet<String> {
    let domain = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/domain/src");
    let (mut folders, mut names) = (vec![domain], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(path).unwrap();
                names.extend(text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned));
            }
        }
    }
    names
}

/// Whether a test of this name is about the case: `sp_06`, `sp_06_a_negative_cost…`, `sp_05_to_sp_07_…`, `sp_05_and_sp_06_…`.
fn is_about(name: &str, case: &str) -> bool {
    let about = |rest: &str| rest.strip_prefix(case).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    let group = &case[..3];
    let range = name.split_once("_to_").filter(|(from, to)| from.len() == case.len() && to.starts_with(group));
    let within = range.is_some_and(|(from, to)| from.starts_with(group) && (from..=&to[..case.len()]).contains(&case));
    about(name) || within || name.split_once("_and_").is_some_and(|(_, second)| about(second))
}

#[test]
fn every_unit_case_has_a_test_of_its_name() {
    let file: Value = serde_json::from_str(CASES).unwrap();
    let names = names();
    let groups = file["unit_cases"].as_object().unwrap();
    let cases: Vec<String> = groups
        .values()
        .flat_map(|group| group.as_array().unwrap())
        .map(|case| case["id"].as_str().unwrap().replace('-', "_"))
        .collect();
    assert!(cases.len() > 150, "{} cases", cases.len());
    let without: Vec<_> = cases.iter().filter(|case| !names.iter().any(|name| is_about(name, case))).collect();
    assert_eq!(without, Vec::<&String>::new(), "unit cases without a test of their name");
}
