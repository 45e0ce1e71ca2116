//! The dashboard and the alert rules name metrics and labels that exist, and every metric is looked at by one of them.

use std::{collections::BTreeSet, fs, path::Path};

use observe::{About, Kind, metrics};

fn ops(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops").join(file);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every expression of the dashboard.
fn panels() -> Vec<String> {
    let dashboard: serde_json::Value = serde_json::from_str(&ops("grafana.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().cloned().unwrap_or_default());
    targets.map(|target| target["expr"].as_str().expect("an expression").to_owned()).collect()
}

/// Every expression of the alerts.
fn alerts() -> Vec<String> {
    let text = ops("alerts.yml");
    text.lines().filter_map(|line| line.trim().strip_prefix("expr: ").map(ToOwned::to_owned)).collect()
}

/// The metric that a scraped name belongs to.
fn metric(name: &str) -> Option<About> {
    metrics::all().into_iter().find(|about| {
        let series: &[&str] = match about.kind {
            Kind::Counter | Kind::Gauge => &[""],
            Kind::Histogram => &["_bucket", "_sum", "_count"],
        };
        series.iter().any(|suffix| name == format!("{}{suffix}", about.name))
    })
}

/// The words of an expression, with what follows the word.
fn words(expr: &str) -> Vec<(&str, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = expr;
    while let Some(start) = rest.find(is_word) {
        let (word, after) = rest[start..].split_at(rest[start..].find(|c| !is_word(c)).unwrap_or(rest.len() - start));
        found.push((word, after));
        rest = after;
    }
    found
}

#[test]
fn dashboard_and_alerts_use_metrics_and_labels_that_exist_and_no_metric_is_collected_for_nobody() {
    let (panels, alerts) = (panels(), alerts());
    assert!(panels.len() > 20 && alerts.len() > 10, "{} panels, {} alerts", panels.len(), alerts.len());
    let mut seen = BTreeSet::new();
    for expr in panels.iter().chain(&alerts) {
        let mut labels: BTreeSet<&str> = ["instance", "le"].into();
        for (word, _) in words(expr).into_iter().filter(|(word, _)| word.starts_with("skytwin_")) {
            let about = metric(word).unwrap_or_else(|| panic!("there is no metric {word}: {expr}"));
            seen.insert(about.name);
            labels.extend(about.labels);
        }
        assert!(labels.len() > 1, "no metric in {expr}");
        let wanted = expr.split(" by (").skip(1).flat_map(|after| after.split(')').next().unwrap().split(", "));
        let matched = expr.split('{').skip(1).flat_map(|after| {
            after.split('}').next().unwrap().split(',').map(|one| one.split(['=', '!']).next().unwrap())
        });
        for label in wanted.chain(matched) {
            assert!(labels.contains(label), "no metric has the label `{label}`: {expr}");
        }
    }
    let unseen: Vec<&str> = metrics::all().iter().map(|about| about.name).filter(|name| !seen.contains(name)).collect();
    assert_eq!(unseen, Vec::<&str>::new(), "nobody looks at these");
}
