//! Pages: lists are read from a position, never by offset, so that new rows neither repeat nor skip old ones.

use domain::time::Timestamp;
use uuid::Uuid;

/// Where the last page ended: the row's instant and id.
pub type Cursor = (Timestamp, Uuid);

/// Some rows of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page starts; none when this was the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were read one more than `limit`; `at` says where a row stands.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, at: impl Fn(&T) -> Cursor) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = more.then(|| items.last().map(&at)).flatten();
        Self { items, next }
    }
}

/// How many rows to read for a page: one more says whether there is another page.
pub(crate) fn one_more(limit: u32) -> i64 {
    i64::from(limit) + 1
}
