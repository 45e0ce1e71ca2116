//! Who the person is at a provider: from the `id_token` that came with the tokens, or from its userinfo endpoint.
//!
//! An `id_token` is believed without a look at its signature because it came from the token endpoint itself, over TLS, in
//! answer to our own request (OpenID Connect Core §3.1.3.7); it still has to be meant for us.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::account::{Identity, Trouble};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{Tokens, wire::Wire};

/// Longer names are no names.
const LONGEST: usize = 256;

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    aud: Value,
    #[serde(flatten)]
    who: Who,
}

#[derive(Deserialize)]
struct Who {
    sub: Option<Value>,
    id: Option<Value>,
    email: Option<String>,
    name: Option<String>,
}

/// Whose token this is, if it was made for this client.
pub(crate) fn read(id_token: &str, client_id: &str) -> Option<Identity> {
    let payload = id_token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let ours = match &claims.aud {
        Value::String(aud) => aud == client_id,
        Value::Array(all) => all.iter().any(|aud| aud == client_id),
        _ => false,
    };
    identity(claims.who).filter(|_| ours)
}

/// Asks the provider who the holder of these tokens is.
pub(crate) async fn ask(wire: &Wire, url: &Url, tokens: &Tokens) -> Result<Identity, Trouble> {
    let answer = wire.get(url, tokens.access()).await.map_err(|lost| lost.trouble())?;
    let nobody = || Trouble::Misconfigured { code: format!("userinfo_{}", answer.status().as_u16()) };
    if !answer.status().is_success() {
        return Err(nobody());
    }
    serde_json::from_slice(answer.body()).ok().and_then(identity).ok_or_else(nobody)
}

fn identity(who: Who) -> Option<Identity> {
    let subject = match who.sub.or(who.id)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fits = |text: &String| (1..=LONGEST).contains(&text.len()) && !text.contains(char::is_control);
    fits(&subject).then(|| Identity { subject, label: who.email.or(who.name).filter(fits) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn only_a_token_that_was_made_for_us_names_anybody(
            claims in fuzz::json_of(&["aud", "sub", "id", "email", "name", "us", "them", "17"]),
            text in fuzz::text_of(&["e30", ".", "eyJhdWQiOiJ1cyJ9", "="]),
        ) {
            for text in [token(&claims.to_string()), text] {
                if let Some(identity) = read(&text, "us") {
                    prop_assert!(claims["aud"] == "us" || claims["aud"].as_array().is_some_and(|all| all.contains(&"us".into())));
                    for name in identity.label.iter().chain([&identity.subject]) {
                        prop_assert!((1..=LONGEST).contains(&name.len()) && !name.contains(char::is_control));
                    }
                }
            }
        }
    }

    fn token(claims: &str) -> String {
        format!("e30.{}.signature", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn an_id_token_names_the_person_if_it_was_made_for_us() {
        let ann = Identity { subject: "17".into(), label: Some("ann@example.com".into()) };
        for aud in [r#""us""#, r#"["them", "us"]"#] {
            let claims = format!(r#"{{"sub": "17", "aud": {aud}, "email": "ann@example.com", "iss": "x"}}"#);
            assert_eq!(read(&token(&claims), "us"), Some(ann.clone()));
            assert_eq!(read(&token(&claims), "others"), None);
        }
        for wrong in ["", "x", "a.b.c", &token(r#"{"aud": "us"}"#), &token(r#"{"aud": "us", "sub": ""}"#)] {
            assert_eq!(read(wrong, "us"), None, "{wrong}");
        }
    }

    #[test]
    fn a_number_names_a_person_too() {
        let who = serde_json::from_str(r#"{"id": 42, "name": "Ann"}"#).unwrap();
        assert_eq!(identity(who), Some(Identity { subject: "42".into(), label: Some("Ann".into()) }));
    }
}
