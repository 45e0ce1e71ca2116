//! What a person does not eat, by their own words, held against the names of what is to be bought.

use crate::words::{alike, says, words};

/// What of these items a person does not eat, by their own words: `gluten-free`, `vegan`, `no peanuts`, `nut allergy`.
pub(crate) fn eats_not(restrictions: &[String], items: &[String]) -> bool {
    restrictions.iter().any(|restriction| items.iter().any(|item| violates(&words(restriction), &words(item))))
}

const GLUTEN: &[&str] = &[
    "wheat", "barley", "rye", "spelt", "bread", "pasta", "flour", "cracker", "bagel", "noodle", "gluten", "seitan",
    "couscous",
];
const DAIRY: &[&str] = &["milk", "cheese", "butter", "cream", "yogurt", "yoghurt", "whey", "dairy", "lactose", "ghee"];
const MEAT: &[&str] = &[
    "meat", "beef", "chicken", "pork", "bacon", "ham", "turkey", "lamb", "sausage", "fish", "salmon", "tuna", "shrimp",
    "gelatin", "steak",
];
const NUTS: &[&str] =
    &["nut", "peanut", "almond", "walnut", "cashew", "pecan", "hazelnut", "pistachio", "marzipan", "praline"];
const ANIMAL: &[&str] = &["egg", "honey", "mayonnaise"];
const SHELLFISH: &[&str] = &["shrimp", "prawn", "crab", "lobster", "clam", "mussel", "oyster", "shellfish"];
/// Words of a restriction that name nothing to eat.
const EMPTY: &[&str] = &[
    "free",
    "no",
    "non",
    "without",
    "avoid",
    "allergy",
    "allergic",
    "to",
    "allergen",
    "intolerant",
    "intolerance",
    "diet",
    "low",
];

fn violates(restriction: &[String], item: &[String]) -> bool {
    let has = |names: &[&str]| item.iter().any(|word| names.iter().any(|name| alike(word, name)));
    let core: Vec<&String> = restriction.iter().filter(|word| !EMPTY.contains(&word.as_str())).collect();
    // "gluten-free bread" keeps a gluten-free rule; "vegan cheese" keeps a vegan one.
    let promised = says(item, "free")
        || says(item, "plant")
        || core
            .iter()
            .any(|word| ["vegan", "vegetarian", "kosher", "halal"].contains(&word.as_str()) && item.contains(word));
    let said = |name: &str| core.iter().any(|word| alike(word, name));
    if promised && (core.iter().any(|word| item.contains(word)) || says(item, "plant")) {
        return false;
    }
    (said("gluten") && has(GLUTEN))
        || (said("celiac") && has(GLUTEN))
        || ((said("dairy") || said("lactose")) && has(DAIRY))
        || (said("vegetarian") && has(MEAT))
        || (said("vegan") && (has(MEAT) || has(DAIRY) || has(ANIMAL)))
        || (said("nut") && has(NUTS))
        || (said("shellfish") && has(SHELLFISH))
        || core.iter().any(|word| item.iter().any(|named| alike(named, word)))
}
