//! Paging: an opaque cursor that says after which row the next page begins, and the page itself.
//!
//! A cursor names a place (instant and id), not a count, so rows that arrive in between are neither skipped nor told twice.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::DateTime;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use store::Cursor;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::problem::Problem;

/// Rows of a page when nobody asks for a number.
pub const USUAL: u32 = 50;
/// Most rows of a page.
pub const MOST: u32 = 200;

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// `next` of the page before; leave it out for the first.
    pub cursor: Option<String>,
    /// Rows on the page, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

impl Paging {
    /// The place and the number of rows.
    pub fn read(&self) -> Result<(Option<Cursor>, u32), Problem> {
        read(self.cursor.as_deref(), self.limit)
    }
}

/// The place and the number of rows that a cursor and a limit mean.
pub fn read(cursor: Option<&str>, limit: Option<u32>) -> Result<(Option<Cursor>, u32), Problem> {
    let limit = rows(limit)?;
    match cursor {
        None => Ok((None, limit)),
        Some(text) => match decode(text) {
            Some(place) => Ok((Some(place), limit)),
            None => Err(Problem::one("cursor", "this is no cursor of ours; take `next` of the page before as it is")),
        },
    }
}

/// The number of rows that a limit means.
pub fn rows(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::one("limit", format!("a page has 1 to {MOST} rows")))
    }
}

/// A page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page; null on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// What the store gave, as it is shown.
    pub fn of<R>(page: store::Page<R>, show: impl FnMut(R) -> T) -> Self {
        Self { items: page.items.into_iter().map(show).collect(), next: page.next.map(encode) }
    }
}

/// The cursor of a place.
pub fn encode((at, id): Cursor) -> String {
    let mut bytes = [0; 24];
    let (time, row) = bytes.split_at_mut(8);
    time.copy_from_slice(&at.utc().timestamp_micros().to_be_bytes());
    row.copy_from_slice(id.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Cursor> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (time, row) = bytes.split_at_checked(8)?;
    let at = DateTime::from_timestamp_micros(i64::from_be_bytes(time.try_into().ok()?))?;
    let place = (Timestamp::new(at), Uuid::from_slice(row).ok()?);
    // An instant beyond what rows can have is none of ours.
    (encode(place) == text).then_some(place)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn only_what_we_wrote_is_a_cursor_and_it_is_written_in_one_way(
            (place, spoilt) in (any::<i64>(), any::<u128>()).prop_flat_map(|(micros, row)| {
                let at = DateTime::from_timestamp_micros(micros).unwrap_or_default();
                let place = (Timestamp::new(at), Uuid::from_u128(row));
                (Just(place), fuzz::spoilt(encode(place)))
            }),
            raw in prop::collection::vec(any::<u8>(), 24),
            text in fuzz::text(),
        ) {
            prop_assert_eq!(decode(&encode(place)), Some(place));
            let damaged = String::from_utf8_lossy(&spoilt).into_owned();
            for text in [damaged, BASE64_URL_SAFE_NO_PAD.encode(raw), text] {
                if let Some(read) = decode(&text) {
                    prop_assert_eq!(encode(read), text);
                }
            }
        }
    }

    #[test]
    fn a_cursor_reads_back_to_the_microsecond_and_nonsense_is_refused() {
        let place = ("2026-03-01T09:00:00.000001Z".parse().unwrap(), Uuid::from_u128(7));
        assert_eq!(decode(&encode(place)), Some(place));
        for wrong in ["", "x", "AAAA", "!!!!", &encode(place)[1..], &"A".repeat(500)] {
            assert!(read(Some(wrong), None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_page_has_at_least_one_row_and_no_more_than_the_most() {
        assert_eq!(read(None, None).unwrap(), (None, USUAL));
        assert_eq!(read(None, Some(MOST)).unwrap().1, MOST);
        for wrong in [0, MOST + 1, u32::MAX] {
            assert!(read(None, Some(wrong)).is_err(), "{wrong}");
        }
    }
}
