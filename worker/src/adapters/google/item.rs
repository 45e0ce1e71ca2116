//! One item of a page, read by itself: one that can't be read is left out, and costs no other.
//!
//! Invariant: what is wrong with an item is said in names of ours. Of what stands in it, nothing gets into a sentence or a
//! log but its id.

use serde::{Deserialize as _, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::at;
use crate::ports::source::LeftOut;

/// Characters of an id that are told.
const ID: usize = 100;

/// The item as what it should be.
pub(super) fn read<T: DeserializeOwned>(item: &Value) -> Result<T, LeftOut> {
    T::deserialize(item).map_err(|_| {
        let (_, wrong) = sorted::<T>(item);
        match wrong.as_slice() {
            [] => left_out(item, "it is not what it should be".to_owned()),
            names => left_out(item, format!("{} of the wrong type", listed(names))),
        }
    })
}

/// What is left of an item without the members that are wrong.
pub(super) fn rest<T: DeserializeOwned + Default>(item: &Value) -> T {
    T::deserialize(Value::Object(sorted::<T>(item).0)).unwrap_or_default()
}

/// An item that is left out, and why.
pub(super) fn left_out(item: &Value, wrong: String) -> LeftOut {
    LeftOut { id: at(item, "id").as_str().map(plain).unwrap_or_default(), wrong }
}

/// The same where a member is not there or not what it should be.
pub(super) fn unclear(item: &Value, name: &str) -> LeftOut {
    left_out(item, format!("`{name}` is missing or of the wrong type"))
}

/// An id as it may be told.
pub(super) fn plain(id: &str) -> String {
    id.chars().filter(char::is_ascii_graphic).take(ID).collect()
}

/// Members that are good by themselves, and the names of the others. Only what the type knows can be wrong, so every name
/// is one of ours.
fn sorted<T: DeserializeOwned>(item: &Value) -> (Map<String, Value>, Vec<&str>) {
    let (mut good, mut wrong) = (Map::new(), Vec::new());
    for (name, value) in item.as_object().into_iter().flatten() {
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        if T::deserialize(Value::Object(alone)).is_ok() {
            good.insert(name.clone(), value.clone());
        } else {
            wrong.push(name.as_str());
        }
    }
    (good, wrong)
}

/// `` `a` is ``, `` `a`, `b` are ``.
fn listed(names: &[&str]) -> String {
    let ticked: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", ticked.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// For members that may as well not be there: what is of the wrong type counts as absent.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(T::deserialize(Value::deserialize(from)?).unwrap_or_default())
}
