//! Mailboxes as the headers of a mail write them (RFC 5322): exactly which addresses stand there, or none at all.
//!
//! Invariant: what can't be told for certain names nobody. A reply goes where these say, so a name, a comment or a quote
//! that merely looks like an address is never taken for one, and half a list is no list.

/// More than this is no list that anybody answers to.
const MOST: usize = 50;
/// Characters of an address (RFC 5321 §4.5.3.1).
const LONGEST: usize = 254;
/// What may stand in front of the @ besides letters and digits (RFC 5322 `atext`), and dots between them.
const MARKS: &str = "!#$%&'*+-/=?^_`{|}~.";

/// The addresses in a header such as `Kim Doe <kim@work.example>, ann@work.example`; none if any of it is unclear.
pub fn read(header: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut entry = Entry::default();
    let mut letters = header.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if entry.address.is_none() => {
                skip(&mut letters, None, '"')?;
                entry.quotes = true;
            }
            '(' => {
                skip(&mut letters, Some('('), ')')?;
                // It parts what is around it: nothing is put together out of two pieces.
                entry.push(' ')?;
            }
            '<' if entry.address.is_none() => entry.address = Some(until_closed(&mut letters)?),
            '<' | '>' | ')' => return None,
            ',' | ';' => std::mem::take(&mut entry).end(&mut found)?,
            other => entry.push(other)?,
        }
    }
    entry.end(&mut found)?;
    (!found.is_empty() && found.len() <= MOST).then_some(found)
}

/// Whether everybody of the one list is on the other, however their addresses are capitalised.
pub fn within(some: &[String], all: &[String]) -> bool {
    some.iter().all(|one| all.iter().any(|other| one.eq_ignore_ascii_case(other)))
}

/// One entry of a list as far as it is read.
#[derive(Debug, Default)]
struct Entry {
    /// What stands outside quotes, comments and angle brackets.
    plain: String,
    quotes: bool,
    address: Option<String>,
}

impl Entry {
    fn push(&mut self, letter: char) -> Option<()> {
        if self.address.is_some() {
            // Nothing follows an address but the next entry.
            return letter.is_whitespace().then_some(());
        }
        self.plain.push(letter);
        Some(())
    }

    /// Takes over its address; one that is empty has none, and one that is neither has no place in a list.
    fn end(self, found: &mut Vec<String>) -> Option<()> {
        match self.address {
            Some(address) => found.push(checked(&address)?),
            None if self.quotes => return None,
            None if self.plain.trim().is_empty() => {}
            None => found.push(checked(&self.plain)?),
        }
        Some(())
    }
}

/// Passes over a quoted text or a comment, which may hold others of its kind; none where it is never closed.
fn skip(letters: &mut std::str::Chars<'_>, open: Option<char>, close: char) -> Option<()> {
    let mut depth = 1_usize;
    while depth > 0 {
        match letters.next()? {
            '\\' => {
                letters.next()?;
            }
            letter if letter == close => depth -= 1,
            letter if open == Some(letter) => depth += 1,
            _ => {}
        }
    }
    Some(())
}

fn until_closed(letters: &mut std::str::Chars<'_>) -> Option<String> {
    let mut inside = String::new();
    loop {
        match letters.next()? {
            '>' => return Some(inside),
            letter => inside.push(letter),
        }
    }
}

fn checked(text: &str) -> Option<String> {
    let address = text.trim();
    let (local, host) = address.split_once('@')?;
    let dotted = |name: &str| !name.split('.').any(str::is_empty);
    let named = local.chars().all(|c| c.is_alphanumeric() || MARKS.contains(c));
    let hosted = host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.'));
    let fits = address.chars().count() <= LONGEST;
    (fits && named && hosted && dotted(local) && dotted(host)).then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_read_out_of_everything_that_may_stand_around_it() {
        for (header, wanted) in [
            ("kim@work.example", &["kim@work.example"][..]),
            (" \"Doe, Kim\" <kim.doe+x@work.example> ", &["kim.doe+x@work.example"]),
            ("kim@work.example (Kim (at work))", &["kim@work.example"]),
            ("Kim <kim@work.example>,, ann@work.example,", &["kim@work.example", "ann@work.example"]),
            ("Team: Kim <kim@work.example>, <ann@work.example>;", &["kim@work.example", "ann@work.example"]),
            ("jörg@bücher.example", &["jörg@bücher.example"]),
        ] {
            assert_eq!(read(header).unwrap_or_default(), wanted, "{header}");
        }
    }

    #[test]
    fn what_only_looks_like_an_address_is_none() {
        for (header, wanted) in [
            ("boss@work.example <other@evil.example>", Some("other@evil.example")),
            ("\"boss@work.example\" <other@evil.example>", Some("other@evil.example")),
            ("\"Boss <boss@work.example>\" <other@evil.example>", Some("other@evil.example")),
            ("other@evil.example (<boss@work.example>)", Some("other@evil.example")),
            ("<boss@work.example> other@evil.example", None),
            ("<boss@work.example> <other@evil.example>", None),
            ("\"boss\"@work.example", None),
            ("boss@work.example, nobody", None),
            ("boss@work.example@evil.example", None),
            ("boss@work.example\u{202e}", None),
            ("boss @work.example", None),
            ("boss@work..example", None),
            ("boss@work(.example)evil.example", None),
            ("\"boss@work.example", None),
            ("", None),
        ] {
            assert_eq!(read(header), wanted.map(|one| vec![one.to_owned()]), "{header}");
        }
        assert_eq!(read(&["a@b.example"; 51].join(",")), None, "nobody answers to so many");
        assert_eq!(read(&format!("{}@b.example", "a".repeat(250))), None);
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn whatever_stands_in_a_header_names_plain_addresses_that_stand_there_or_nobody(
            header in fuzz::text_of(&["kim@work.example", "Kim ", "<", ">", "<ann@b.example>", ", ", "\"", "\\", "(", ")", "@", ";", ":"]),
        ) {
            for address in read(&header).unwrap_or_default() {
                prop_assert!(header.contains(&address));
                prop_assert!(!address.contains([' ', '<', '>', ',', ';', '"', '(', ')']) && !address.contains(char::is_control));
                prop_assert_eq!(read(&address), Some(vec![address.clone()]));
                prop_assert_eq!(read(&format!("\"{address}\" <x@y.example>")), Some(vec!["x@y.example".to_owned()]));
            }
        }
    }
}
