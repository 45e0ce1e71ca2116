//! Money: integer cents of one currency, checked operations only, never a float (`domain.md` preamble).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The default currency (`domain.md` preamble).
    pub const USD: Self = Self(*b"USD");

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("USD")
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::USD
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let wrong = || MoneyError::Currency(code.chars().take(32).collect());
        let bytes: [u8; 3] = code.trim().to_ascii_uppercase().into_bytes().try_into().map_err(|_| wrong())?;
        if bytes.iter().all(u8::is_ascii_uppercase) { Ok(Self(bytes)) } else { Err(wrong()) }
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in cents of a currency; may be negative where money comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Cents (hundredths of the currency's unit).
    pub cents: i64,
    /// Of which currency.
    #[serde(default)]
    pub currency: Currency,
}

/// What can be wrong with an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two amounts of different currencies can't be added.
    #[error("{0} and {1} can't be added")]
    Mixed(Currency, Currency),
    /// The sum leaves the range of 64-bit cents.
    #[error("the amount is too large")]
    Overflow,
    /// Not three letters.
    #[error("`{0}` is no currency; use an ISO 4217 code such as USD")]
    Currency(String),
    /// Not a decimal number.
    #[error("`{0}` is no amount; use a decimal number with at most two decimals")]
    Amount(String),
}

impl Money {
    /// So many cents of `currency`.
    pub const fn new(cents: i64, currency: Currency) -> Self {
        Self { cents, currency }
    }

    /// So many cents of US dollars.
    pub const fn usd(cents: i64) -> Self {
        Self::new(cents, Currency::USD)
    }

    /// Adds, refusing mixed currencies and overflow.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        let cents = self.cents.checked_add(other.cents).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(cents, self.currency))
    }

    /// Reads major units written as an exact decimal: `49.99` is 4999 cents. More than two decimals are refused
    /// unless they are zeros.
    pub fn from_major(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::Amount(text.chars().take(32).collect());
        let trimmed = text.trim();
        let (sign, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, trimmed),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 2 || !numeric(whole) || !numeric(fraction) {
            return Err(wrong());
        }
        let whole: i64 = whole.parse().map_err(|_| MoneyError::Overflow)?;
        let cents: i64 = format!("{fraction:0<2}").parse().map_err(|_| wrong())?;
        let total = whole.checked_mul(100).and_then(|units| units.checked_add(cents)).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(sign * total, currency))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.cents < 0 { "-" } else { "" };
        let cents = self.cents.unsigned_abs();
        write!(f, "{sign}{}.{:02} {}", cents / 100, cents % 100, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn an_amount_reads_back_and_no_text_is_read_as_another_amount(
            cents in -i64::MAX..=i64::MAX,
            text in prop_oneof![
                " ?-?[0-9]{0,4}(\\.[0-9]{0,4})? ?",
                fuzz::text_of(&["0", "1", "99", ".", "-", "+", ",", "e", " ", "000", "1234567890123456789"]),
            ],
        ) {
            let money = Money::usd(cents);
            let written = money.to_string();
            prop_assert_eq!(Money::from_major(written.trim_end_matches(" USD"), Currency::USD), Ok(money));
            match Money::from_major(&text, Currency::USD) {
                Ok(read) => {
                    // The same decimal: nothing but zeros was left out or added.
                    let plain = |text: &str| {
                        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
                        let sign = if whole.starts_with('-') { "-" } else { "" };
                        let whole = whole.trim_start_matches('-').trim_start_matches('0');
                        let fraction = fraction.trim_end_matches('0');
                        if whole.is_empty() && fraction.is_empty() { String::new() } else { format!("{sign}{whole}.{fraction}") }
                    };
                    let shown = read.to_string();
                    prop_assert_eq!(plain(shown.trim_end_matches(" USD")), plain(text.trim()));
                }
                Err(error) => prop_assert!(error.to_string().chars().count() < 120),
            }
            if let Err(error) = text.parse::<Currency>() {
                prop_assert!(error.to_string().chars().count() < 120);
            }
        }
    }

    #[test]
    fn major_units_are_read_exactly() {
        let read = |t| Money::from_major(t, Currency::USD).map(|m| m.cents);
        assert_eq!(read("49.99"), Ok(4999));
        assert_eq!(read("999"), Ok(99_900));
        assert_eq!(read("-0.5"), Ok(-50));
        assert_eq!(read("1.100"), Ok(110));
        for wrong in ["1.234", "", ".", "1e3", "12,50", "--1", "1.-5", "NaN"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn currencies_never_mix() {
        let eur = Money::new(1, "eur".parse().unwrap());
        assert!(matches!(Money::usd(1).plus(eur), Err(MoneyError::Mixed(..))));
        assert_eq!(Money::usd(i64::MAX).plus(Money::usd(1)), Err(MoneyError::Overflow));
    }
}
