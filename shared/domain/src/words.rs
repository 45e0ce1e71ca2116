//! Words: whole words, case-folded, out of names, keys and text, and when two of them mean the same.
//!
//! Whole words only, so that `contractor` is no contract and `unlock 20 %` in a newsletter opens no door.

use std::{collections::BTreeMap, sync::LazyLock};

/// The words of a name or text: split at everything that is neither letter nor digit, and at camelCase humps; lower case.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut humped = false;
    for letter in text.chars() {
        let ends = !letter.is_alphanumeric() || (letter.is_uppercase() && humped);
        if ends && !word.is_empty() {
            found.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            // İ is an i and a dot above it, which is no letter of a word
            word.extend(letter.to_lowercase().filter(|letter| letter.is_alphanumeric()));
        }
        humped = letter.is_lowercase() || letter.is_numeric();
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

/// A field name folded to `snake_case`, so that `costCents` and `cost_cents` are one.
pub(crate) fn snake(name: &str) -> String {
    // Runs of capitals stay together (`containsPHI`), which `words` does already.
    words(name).join("_")
}

/// The part of a word that its forms share: `archives`, `archived` and `archiving` are one, and so are -ise and -ize.
pub(crate) fn stem(word: &str) -> String {
    let word = word.replace("isation", "ization");
    let cut = |ending: &str, instead: &str| {
        word.strip_suffix(ending).filter(|rest| rest.chars().count() >= 3).map(|rest| format!("{rest}{instead}"))
    };
    let singular =
        cut("ies", "y").or_else(|| if word.ends_with("ss") || word.ends_with("us") { None } else { cut("s", "") });
    let word = singular.unwrap_or(word);
    let cut = |ending: &str, instead: &str| {
        word.strip_suffix(ending).filter(|rest| rest.chars().count() >= 3).map(|rest| format!("{rest}{instead}"))
    };
    let base = cut("ied", "y")
        .or_else(|| cut("ing", "").map(single))
        .or_else(|| cut("ed", "").map(single))
        .unwrap_or_else(|| word.clone());
    let base = base.strip_suffix('e').filter(|rest| rest.chars().count() >= 3).map_or(base.clone(), str::to_owned);
    base.strip_suffix("is").filter(|rest| rest.chars().count() >= 4).map_or(base.clone(), |rest| format!("{rest}iz"))
}

/// `tagg` (of tagging) back to `tag`; `call` stays.
fn single(base: String) -> String {
    let mut letters = base.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(last), Some(before)) if last == before && !"lsaeiou".contains(last) => {
            base.chars().take(base.chars().count() - 1).collect()
        }
        (_, _) => base,
    }
}

/// Words that say the same in preference keys and in what connectors send.
const SAME: &[&[&str]] = &[
    &["night", "bedtime", "evening", "sleep", "nighttime"],
    &["morning", "wake", "wakeup", "sunrise"],
    &["away", "leave", "departure", "vacation", "depart"],
    &["arrive", "arrival", "arriving", "home", "enter"],
    &["newsletter", "digest"],
    &["promotion", "promotional", "promo", "marketing", "advertising"],
    &["client", "customer"],
    &["manager", "boss", "supervisor"],
    &["team", "teammate", "colleague", "coworker"],
    &["doctor", "physician"],
    &["workout", "exercise", "fitness"],
    &["bill", "invoice"],
    &["recurring", "recurrent", "repeating"],
    &["medication", "medicine", "med", "pill"],
    &["email", "mail", "gmail"],
    &["document", "doc", "file"],
    &["urgent", "urgency", "critical"],
    &["external", "outside", "outsider"],
    &["note", "notes"],
];

/// Whether two words are forms of one or say the same.
pub(crate) fn alike(one: &str, other: &str) -> bool {
    // Forms of a word share its beginning; most pairs are told apart by that.
    let may_be_forms = one.chars().next() == other.chars().next();
    (may_be_forms && stem(one) == stem(other)) || group(one).is_some_and(|shared| group(other) == Some(shared))
}

/// The group of words that say the same as this one.
fn group(word: &str) -> Option<usize> {
    static GROUPS: LazyLock<BTreeMap<String, usize>> = LazyLock::new(|| {
        let numbered = SAME.iter().enumerate();
        numbered.flat_map(|(number, group)| group.iter().map(move |word| (stem(word), number))).collect()
    });
    GROUPS.get(&stem(word)).copied()
}

/// Whether `text` has all the words of `phrase` in a row, with plurals folded away and nothing else.
pub(crate) fn says(text: &[String], phrase: &str) -> bool {
    let wanted: Vec<&str> = phrase.split(' ').collect();
    text.windows(wanted.len()).any(|window| window.iter().zip(&wanted).all(|(word, wanted)| same_word(word, wanted)))
}

/// Equal but for a plural s.
fn same_word(word: &str, wanted: &str) -> bool {
    word == wanted || word.strip_suffix('s').is_some_and(|singular| singular == wanted)
}

/// At most eighty characters of what somebody wrote, on one line.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST { line } else { line.chars().take(MOST - 1).chain(['…']).collect() }
}

/// An address on one line, whose end says whose it is: of a long one, the last forty characters.
pub(crate) fn ending(address: &str) -> String {
    const MOST: usize = 40;
    let line: String = address.split_whitespace().collect::<Vec<_>>().join(" ");
    let over = line.chars().count().saturating_sub(MOST);
    if over == 0 { line } else { std::iter::once('…').chain(line.chars().skip(over + 1)).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn words_are_made_of_letters_and_digits_and_plain_ones_are_words_of_themselves(text in fuzz::text()) {
            for word in words(&text) {
                prop_assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric), "{word:?}");
                prop_assert!(!word.is_ascii() || words(&word) == [word.clone()], "{word}");
                prop_assert!(alike(&word, &word));
            }
            let line = shortened(&text);
            prop_assert!(line.chars().count() <= 80 && !line.contains('\n'));
            let end = ending(&text);
            prop_assert!(end.chars().count() <= 40 && !end.contains('\n'));
        }
    }

    #[test]
    fn words_are_split_at_humps_and_marks_and_folded() {
        assert_eq!(words("costCents"), ["cost", "cents"]);
        assert_eq!(words("containsPHI"), ["contains", "phi"]);
        assert_eq!(words("auto_renew_under_20"), ["auto", "renew", "under", "20"]);
        assert_eq!(words("Non-Refundable: YES!"), ["non", "refundable", "yes"]);
        assert_eq!(snake("isUnknownVendor"), "is_unknown_vendor");
        assert_eq!(words("  "), Vec::<String>::new());
    }

    #[test]
    fn forms_of_a_word_are_alike_and_different_words_are_not() {
        for (one, other) in [
            ("archive", "archiving"),
            ("invoices", "invoice"),
            ("categorise", "categorize"),
            ("tagging", "tag"),
            ("replies", "reply"),
            ("scheduling", "schedule"),
            ("bedtime", "night"),
            ("staples", "staple"),
            ("notes", "note"),
            ("filed", "file"),
            ("meetings", "meeting"),
            ("bookings", "book"),
        ] {
            assert!(alike(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("lock", "unlock"),
            ("contract", "contractor"),
            ("arm", "disarm"),
            ("new", "renew"),
            ("order", "reorder"),
            ("pay", "play"),
        ] {
            assert!(!alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn phrases_are_found_whole() {
        assert!(says(&words("Your payment due today"), "payment due"));
        assert!(!says(&words("Payment was due"), "payment due"));
        assert!(says(&words("two contracts"), "contract"));
        assert!(!says(&words("our contractor"), "contract"));
    }
}
