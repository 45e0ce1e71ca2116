//! Orders that something goes wrong: each is for some calls, lets so many of them pass, and strikes so many.
//!
//! What an order is for and what it does is the far side's own affair; here is when its turn is.

/// One order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order<W> {
    what: W,
    skip: u32,
    times: Option<u32>,
}

impl<W> Order<W> {
    /// Strikes once, the next call it is for.
    pub(crate) const fn once(what: W) -> Self {
        Self { what, skip: 0, times: Some(1) }
    }

    /// The same about something else.
    pub(crate) fn about(self, change: impl FnOnce(W) -> W) -> Self {
        Self { what: change(self.what), skip: self.skip, times: self.times }
    }

    /// Lets so many such calls pass first.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// So many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Every time.
    #[must_use]
    pub fn always(self) -> Self {
        Self { times: None, ..self }
    }
}

/// The orders in force, the oldest first.
#[derive(Debug)]
pub(crate) struct Orders<W>(Vec<Order<W>>);

impl<W> Default for Orders<W> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<W> Orders<W> {
    pub(crate) fn add(&mut self, orders: impl IntoIterator<Item = Order<W>>) {
        self.0.extend(orders);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a call, and gives what strikes it: the oldest order that is for it and not used up has it.
    pub(crate) fn strike(&mut self, is_for: impl Fn(&W) -> bool) -> Option<&W> {
        let order = self.0.iter_mut().find(|order| order.times != Some(0) && is_for(&order.what))?;
        if order.skip > 0 {
            order.skip -= 1;
            return None;
        }
        order.times = order.times.map(|left| left - 1);
        Some(&order.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_waits_for_its_call_and_strikes_so_many_times_and_then_the_next_has_its_turn() {
        let mut orders = Orders::default();
        orders.add([Order::once("send").after(1).times(2), Order::once("send"), Order::once("any").always()]);
        let mut struck = |call| orders.strike(|what| *what == call || *what == "any").copied();
        assert_eq!(struck("get"), Some("any"));
        let calls: Vec<_> = (0..5).map(|_| struck("send")).collect();
        assert_eq!(calls, [None, Some("send"), Some("send"), Some("send"), Some("any")]);
        orders.clear();
        assert_eq!(orders.strike(|_| true), None);
    }
}
