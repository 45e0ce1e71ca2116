//! Checks of what came in that no type can make, collected so that a caller learns of every mistake at once.

use domain::catalogue::Invalid;

use crate::problem::Problem;

/// What is wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<Invalid>);

impl Checks {
    /// Notes a mistake.
    pub(crate) fn wrong(&mut self, path: impl Into<String>, reason: impl Into<String>) {
        self.0.push(Invalid { path: path.into(), reason: reason.into() });
    }

    /// Notes a mistake unless `fine`.
    pub(crate) fn want(&mut self, fine: bool, path: impl Into<String>, reason: impl Into<String>) {
        if !fine {
            self.wrong(path, reason);
        }
    }

    /// Wants text that says something, in at most `longest` characters.
    pub(crate) fn text(&mut self, text: &str, path: &str, longest: usize) {
        let fine = !text.trim().is_empty() && text.chars().count() <= longest;
        self.want(fine, path, format!("must say something, in at most {longest} characters"));
    }

    /// Passes if nothing is wrong.
    pub(crate) fn done(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(self.0)) }
    }
}
