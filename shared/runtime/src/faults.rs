//! Named places where a crash test may stop the process, as a crash would: `faults.point("execute.sent").await`.
//!
//! A value like the clock, so that tests side by side do not meet each other's faults. Unarmed, and in
//! every release build, a point does nothing: there it has no state to look at and no variable to read.

#[cfg(debug_assertions)]
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// What happens at an armed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The process is gone without a word, as with kill -9.
    Abort,
    /// The task gets no further, ever; the test notices, and drops it.
    Hang,
}

/// The fault points of one process, or of one test's world.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    #[cfg(debug_assertions)]
    armed: Option<Arc<Mutex<Vec<Arm>>>>,
}

#[cfg(debug_assertions)]
#[derive(Debug)]
struct Arm {
    name: String,
    passes_left: u32,
    effect: Effect,
    tell: watch::Sender<bool>,
}

/// Knows whether an armed fault was reached.
#[derive(Debug)]
pub struct Armed(watch::Receiver<bool>);

impl Armed {
    /// Completes when the fault has struck; never, if it never does.
    pub async fn struck(&mut self) {
        if self.0.wait_for(|struck| *struck).await.is_err() {
            std::future::pending::<()>().await; // disarmed: it can't strike any more
        }
    }

    /// Has it struck?
    pub fn has_struck(&self) -> bool {
        *self.0.borrow()
    }
}

impl Faults {
    /// None, for production.
    pub fn none() -> Self {
        Self::default()
    }

    /// `SKYTWIN_FAULT=name[:n]` aborts at the n-th passing (default the first). Only in a debug build: a
    /// release build says that it ignores the variable.
    pub fn from_env() -> Self {
        let Some(wanted) = crate::config::variable("SKYTWIN_FAULT") else {
            return Self::none();
        };
        #[cfg(not(debug_assertions))]
        {
            tracing::warn!(wanted, "SKYTWIN_FAULT is ignored: this is a release build");
            Self::none()
        }
        #[cfg(debug_assertions)]
        {
            let (name, nth) = wanted.rsplit_once(':').unwrap_or((&wanted, "1"));
            let faults = Self::some();
            drop(faults.arm(name, nth.parse().unwrap_or(1), Effect::Abort));
            tracing::warn!(name, nth, "a fault is armed: this process will abort there");
            faults
        }
    }

    /// For a test, which arms them later.
    #[cfg(debug_assertions)]
    pub fn some() -> Self {
        Self { armed: Some(Arc::default()) }
    }

    /// Arms the point `name`: the `nth` passing from now (1 is the next) strikes, once.
    #[cfg(debug_assertions)]
    pub fn arm(&self, name: &str, nth: u32, effect: Effect) -> Armed {
        let (tell, told) = watch::channel(false);
        if let Some(armed) = &self.armed {
            let arm = Arm { name: name.to_owned(), passes_left: nth.max(1), effect, tell };
            armed.lock().unwrap_or_else(PoisonError::into_inner).push(arm);
        }
        Armed(told)
    }

    /// Disarms everything.
    #[cfg(debug_assertions)]
    pub fn disarm(&self) {
        if let Some(armed) = &self.armed {
            armed.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// A place where a crash is worth testing.
    #[cfg(not(debug_assertions))]
    #[inline(always)]
    pub async fn point(&self, _name: &'static str) {}

    /// A place where a crash is worth testing.
    #[cfg(debug_assertions)]
    pub async fn point(&self, name: &'static str) {
        match self.pass(name) {
            None => {}
            Some(Effect::Abort) => std::process::abort(),
            Some(Effect::Hang) => std::future::pending().await,
        }
    }

    #[cfg(debug_assertions)]
    fn pass(&self, name: &str) -> Option<Effect> {
        let mut armed = self.armed.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let at = armed.iter().position(|arm| arm.name == name)?;
        let arm = armed.get_mut(at)?;
        arm.passes_left = arm.passes_left.saturating_sub(1);
        (arm.passes_left == 0).then(|| {
            let arm = armed.swap_remove(at);
            arm.tell.send_replace(true);
            arm.effect
        })
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unarmed_point_is_passed() {
        Faults::none().point("anywhere").await;
        Faults::some().point("anywhere").await;
    }

    #[tokio::test]
    async fn an_armed_point_strikes_at_its_nth_passing_and_only_once() {
        let faults = Faults::some();
        let mut armed = faults.arm("there", 2, Effect::Hang);
        faults.point("elsewhere").await;
        faults.point("there").await;
        assert!(!armed.has_struck());
        let hung = faults.clone();
        tokio::select! {
            () = hung.point("there") => panic!("it passed"),
            () = armed.struck() => {}
        }
        faults.point("there").await;
    }
}
