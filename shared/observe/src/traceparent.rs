//! The W3C `traceparent`: which trace some work belongs to, and which step of it caused it.

use std::fmt;

/// `00-<trace>-<parent>-<flags>` of <https://www.w3.org/TR/trace-context/>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    /// The trace; not 0.
    pub trace: u128,
    /// The step that caused this one; not 0.
    pub parent: u64,
    /// Bit 0: somebody upstream records this trace.
    pub flags: u8,
}

impl Traceparent {
    /// Reads a header; a later version's further fields are skipped, as the standard wants. Whatever is not exactly one is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let (trace, parent) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let flags = hex(parts.next()?, 2)?;
        let whole = match version {
            0 => parts.next().is_none(),
            0xff => false,
            _ => true,
        };
        (whole && trace != 0 && parent != 0).then_some(())?;
        Some(Self { trace, parent: u64::try_from(parent).ok()?, flags: u8::try_from(flags).ok()? })
    }

    /// The trace as logs and headers show it: 32 hex digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.parent, self.flags)
    }
}

/// Exactly so many lower-case digits.
fn hex(text: &str, length: usize) -> Option<u128> {
    let digits = text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    u128::from_str_radix(text, 16).ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_whole_one_is_taken() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(Traceparent::parse(good).unwrap().to_string(), good);
        assert!(Traceparent::parse(&good.replacen("00", "01", 1).replace("-01", "-01-later")).is_some());
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        for wrong in
            ["", "00", zero, "00-XYZ-1-1", &good.to_uppercase(), &format!("{good}-more"), &good.replacen("00", "ff", 1)]
        {
            assert_eq!(Traceparent::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_header_says_is_read_or_refused_and_what_we_write_is_read_back(
            text in "\\PC{0,80}", trace in 1_u128.., parent in 1_u64.., flags: u8
        ) {
            Traceparent::parse(&text);
            let written = Traceparent { trace, parent, flags };
            prop_assert_eq!(Traceparent::parse(&written.to_string()), Some(written));
        }
    }
}
