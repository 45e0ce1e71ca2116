//! Signatures as the Standard Webhooks specification has them: HMAC-SHA256 over id, time and the exact bytes.
//!
//! Invariant: compared in constant time, and only within five minutes of the time that was signed, so that what somebody
//! has recorded is good for nothing later. Pure: the clock and the secrets are arguments.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta};
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How far the signed time may be from ours, either way.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// What a signature begins with; others are of schemes that are not spoken here.
const SCHEME: &str = "v1,";

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// Not a time.
    #[error("`webhook-timestamp` must be whole seconds since 1970")]
    Time,
    /// Too far away.
    #[error(
        "`webhook-timestamp` is more than five minutes away from our clock; sign anew for every attempt, and check the clock"
    )]
    Late,
    /// None of the signatures holds.
    #[error(
        "no signature in `webhook-signature` holds: it must be `v1,` and the base64 of the HMAC-SHA256 over id, timestamp and the exact body, joined by dots, under the hook's secret"
    )]
    Signature,
}

/// What was sent with a request.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or more, blanks between them.
    pub signatures: &'a str,
    /// The exact bytes.
    pub body: &'a [u8],
}

impl Signed<'_> {
    /// Whether any of the signatures holds under any of the secrets.
    pub fn check<'s>(&self, secrets: impl IntoIterator<Item = &'s [u8]>, now: Timestamp) -> Result<(), Unsigned> {
        let at = self.timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let at = at.map(Timestamp::new).ok_or(Unsigned::Time)?;
        if now.since(at).abs() > TOLERANCE {
            return Err(Unsigned::Late);
        }
        let given =
            || self.signatures.split(' ').filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix(SCHEME)?).ok());
        let holds = |secret: &[u8]| {
            given().any(|signature| {
                mac(secret, self.id, self.timestamp, self.body).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
            })
        };
        if secrets.into_iter().any(holds) { Ok(()) } else { Err(Unsigned::Signature) }
    }
}

fn mac(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Some(mac)
}

/// Bytes of a secret of ours.
pub const SECRET: usize = 32;

/// The signatures of a request that is about to be sent, under each of these secrets, blanks between them.
pub fn sign_all<'s>(
    secrets: impl IntoIterator<Item = &'s [u8]>,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Option<String> {
    let signatures = secrets.into_iter().map(|secret| sign(secret, id, timestamp, body));
    let signatures = signatures.collect::<Option<Vec<_>>>()?;
    (!signatures.is_empty()).then(|| signatures.join(" "))
}

/// The signature of a request that is about to be sent.
pub fn sign(secret: &[u8], id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let mac = mac(secret, id, &timestamp.to_string(), body)?;
    Some(format!("{SCHEME}{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

/// A secret as whoever shares it is given it.
pub fn written(secret: &[u8]) -> String {
    format!("{PREFIX}{}", BASE64_STANDARD.encode(secret))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn only_what_was_signed_passes_and_only_as_it_was(
            (body, id, damaged) in (prop::collection::vec(any::<u8>(), 0..60), "[!-~]{1,20}").prop_flat_map(|(body, id)| {
                let signature = super::sign(SECRET, &id, 1_772_442_000, &body).unwrap();
                let good = [id.as_bytes(), b"1772442000", signature.as_bytes(), &body].map(<[u8]>::to_vec);
                let damaged = (0..4_usize).prop_flat_map(move |part| {
                    let all = good.clone();
                    fuzz::spoilt(good[part].clone()).prop_map(move |bytes| {
                        let mut all = all.clone();
                        all[part] = bytes;
                        all
                    })
                });
                (Just(body), Just(id), damaged)
            }),
            noise in fuzz::text_of(&["v1,", "v1a,", " ", "AAAA", "="]),
        ) {
            let signature = super::sign(SECRET, &id, 1_772_442_000, &body).unwrap();
            let said = |id: &str, timestamp: &str, signatures: &str, body: &[u8]| {
                Signed { id, timestamp, signatures, body }.check([&b"another"[..], SECRET], now())
            };
            prop_assert_eq!(said(&id, "1772442000", &signature, &body), Ok(()));
            prop_assert!(said(&id, "1772442000", &noise, &body).is_err());
            let [other_id, timestamp, signatures, other_body] = damaged;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (other_id, timestamp, signatures) = (text(&other_id), text(&timestamp), text(&signatures));
            if said(&other_id, &timestamp, &signatures, &other_body).is_ok() {
                // A signature among others, or one whose end is doubled, is still this one; nothing else may differ.
                prop_assert_eq!((other_id, timestamp.as_str(), other_body), (id, "1772442000", body));
                prop_assert!(signatures.split(' ').any(|one| one == signature), "{}", signatures);
            }
        }
    }

    const SECRET: &[u8] = b"thirty-two bytes that nobody knows";
    const BODY: &[u8] = br#"{"type":"bill.due"}"#;

    fn now() -> Timestamp {
        Timestamp::new(DateTime::from_timestamp(1_772_442_000, 0).unwrap())
    }

    fn sign(secret: &[u8], timestamp: &str) -> String {
        super::sign(secret, "msg-1", timestamp.parse().unwrap_or_default(), BODY).unwrap()
    }

    fn check(timestamp: &str, signatures: &str, body: &[u8]) -> Result<(), Unsigned> {
        Signed { id: "msg-1", timestamp, signatures, body }.check([&b"another"[..], SECRET], now())
    }

    #[test]
    fn one_good_signature_under_any_of_the_secrets_is_enough() {
        let good = sign(SECRET, "1772442000");
        assert_eq!(check("1772442000", &good, BODY), Ok(()));
        assert_eq!(check("1772442000", &format!("v1a,xyz v1,AAAA {good}"), BODY), Ok(()));
        let both = sign_all([&b"nobody's"[..], SECRET], "msg-1", 1_772_442_000, BODY).unwrap();
        assert_eq!((check("1772442000", &both, BODY), both.split(' ').count()), (Ok(()), 2));
        assert_eq!(sign_all([], "msg-1", 1_772_442_000, BODY), None, "nothing is sent unsigned");
        assert_eq!(check("1772442000", &sign(b"nobody's", "1772442000"), BODY), Err(Unsigned::Signature));
        assert_eq!(check("1772442000", &good, b"{}"), Err(Unsigned::Signature));
        assert_eq!(check("1772442001", &good, BODY), Err(Unsigned::Signature), "the time is signed too");
        assert_eq!(check("1772442000", good.trim_start_matches("v1,"), BODY), Err(Unsigned::Signature));
    }

    #[test]
    fn what_was_signed_more_than_five_minutes_away_is_no_longer_good() {
        for (timestamp, wanted) in [
            ("1772441700", Ok(())),
            ("1772442300", Ok(())),
            ("1772441699", Err(Unsigned::Late)),
            ("1772442301", Err(Unsigned::Late)),
            ("soon", Err(Unsigned::Time)),
            ("99999999999999999999", Err(Unsigned::Time)),
        ] {
            assert_eq!(check(timestamp, &sign(SECRET, timestamp), BODY), wanted, "{timestamp}");
        }
    }

    #[test]
    fn the_specifications_own_example_holds() {
        // From the published test vectors of the specification's libraries.
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = Signed {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            signatures: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            body,
        };
        let then = Timestamp::new(DateTime::from_timestamp(1_614_265_330, 0).unwrap());
        assert_eq!(signed.check([secret.as_slice()], then), Ok(()));
    }
}
