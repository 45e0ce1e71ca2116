//! The provider's books: codes, grants and their tokens, by the rules of RFC 6749 and RFC 7636. Values in, values out.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::{
    fault::{On, What},
    server::Person,
};
use crate::orders::Orders;

/// How often an account was the subject of each call, whatever came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Consents.
    pub authorize: u32,
    /// Codes for tokens.
    pub exchange: u32,
    /// Refreshes.
    pub refresh: u32,
    /// Tokens given back.
    pub revoke: u32,
}

/// A consent that was given and not yet turned into tokens.
#[derive(Clone, Debug)]
struct Code {
    grant: usize,
    redirect: String,
    challenge: Option<String>,
    used: bool,
}

/// What a person let the client do.
#[derive(Clone, Debug)]
struct Grant {
    subject: String,
    scope: String,
    revoked: bool,
    refresh: String,
}

/// What a token answer says.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) access: String,
    /// Only where a new one is given.
    pub(super) refresh: Option<String>,
    pub(super) scope: String,
    pub(super) subject: String,
}

/// Why there is none: `error` and `error_description`, in the words Google uses.
pub(super) type Refusal = (&'static str, &'static str);

const VOID: Refusal = ("invalid_grant", "Token has been expired or revoked.");
const BAD_CODE: Refusal = ("invalid_grant", "Malformed auth code.");

/// The books.
#[derive(Debug, Default)]
pub(super) struct Books {
    people: Vec<Person>,
    /// A refresh gives a new refresh token and voids the one it was asked with.
    pub(super) rotates: bool,
    pub(super) faults: Orders<What>,
    codes: HashMap<String, Code>,
    grants: Vec<Grant>,
    /// Access token to grant.
    access: HashMap<String, usize>,
    calls: HashMap<String, Calls>,
    minted: Vec<String>,
}

impl Books {
    pub(super) fn of(people: Vec<Person>) -> Self {
        Self { people, ..Self::default() }
    }

    /// The person meant by `login_hint`, or the first there is.
    pub(super) fn person(&self, hint: Option<&str>) -> Option<&Person> {
        match hint {
            Some(hint) => self.people.iter().find(|person| person.email == hint || person.subject == hint),
            None => self.people.first(),
        }
    }

    pub(super) fn calls(&self, subject: &str) -> Calls {
        self.calls.get(subject).copied().unwrap_or_default()
    }

    pub(super) fn count(&mut self, on: On, subject: &str) {
        let calls = self.calls.entry(subject.to_owned()).or_default();
        match on {
            On::Authorize => calls.authorize += 1,
            On::Exchange => calls.exchange += 1,
            On::Refresh => calls.refresh += 1,
            On::Revoke => calls.revoke += 1,
        }
    }

    /// A person says yes; gives the code.
    pub(super) fn consent(&mut self, subject: &str, scope: &str, redirect: &str, challenge: Option<&str>) -> String {
        let refresh = self.mint("1//");
        self.grants.push(Grant { subject: subject.into(), scope: scope.into(), revoked: false, refresh });
        let code = self.mint("4/");
        let kept = Code {
            grant: self.grants.len() - 1,
            redirect: redirect.into(),
            challenge: challenge.map(Into::into),
            used: false,
        };
        self.codes.insert(code.clone(), kept);
        code
    }

    /// Whom a code is of, for counting.
    pub(super) fn subject_of_code(&self, code: &str) -> Option<&str> {
        self.codes.get(code).and_then(|code| self.grants.get(code.grant)).map(|grant| grant.subject.as_str())
    }

    /// Whom a token is of, for counting, be it void or not.
    pub(super) fn subject_of(&self, token: &str) -> Option<&str> {
        let family = token.rsplit_once('~').map_or(token, |(first, _)| first);
        let by_access = self.access.get(token).and_then(|grant| self.grants.get(*grant));
        let by_refresh = || self.grants.iter().find(|grant| grant.refresh.split('~').next() == Some(family));
        by_access.or_else(by_refresh).map(|grant| grant.subject.as_str())
    }

    /// A code for tokens, once, for the holder of the verifier.
    pub(super) fn exchange(&mut self, code: &str, redirect: &str, verifier: Option<&str>) -> Result<Given, Refusal> {
        let kept = self.codes.get_mut(code).ok_or(BAD_CODE)?;
        if kept.redirect != redirect {
            return Err(("redirect_uri_mismatch", "Bad Request"));
        }
        match (&kept.challenge, verifier) {
            (Some(_), None) => return Err(("invalid_grant", "Missing code verifier.")),
            (Some(challenge), Some(verifier)) if *challenge != self::challenge(verifier) => {
                return Err(("invalid_grant", "Invalid code verifier."));
            }
            (None, _) | (Some(_), Some(_)) => {}
        }
        let grant = kept.grant;
        if std::mem::replace(&mut kept.used, true) {
            // A code that comes twice was stolen: what it gave is void (RFC 6749 §4.1.2).
            self.revoke_grant(grant);
            return Err(BAD_CODE);
        }
        let refresh = self.grants.get(grant).map(|grant| grant.refresh.clone());
        self.give(grant, refresh)
    }

    /// A refresh token for a new access token.
    pub(super) fn refresh(&mut self, token: &str) -> Result<Given, Refusal> {
        let found = self.grants.iter().position(|grant| grant.refresh == token && !grant.revoked);
        let at = found.ok_or(VOID)?;
        let next = self.rotates.then(|| self.rotated(token));
        if let (Some(next), Some(grant)) = (&next, self.grants.get_mut(at)) {
            grant.refresh.clone_from(next);
        }
        self.give(at, next)
    }

    /// Gives a token back, and with it its grant; false when it is void already.
    pub(super) fn revoke(&mut self, token: &str) -> bool {
        let by_refresh = self.grants.iter().position(|grant| grant.refresh == token && !grant.revoked);
        let by_access = || self.access.get(token).copied();
        let found = by_refresh.or_else(by_access);
        if let Some(grant) = found {
            self.revoke_grant(grant);
        }
        found.is_some()
    }

    /// Voids every grant of an account, as its owner may on the provider's own page.
    pub(super) fn revoke_all(&mut self, subject: &str) {
        for at in 0..self.grants.len() {
            if self.grants.get(at).is_some_and(|grant| grant.subject == subject) {
                self.revoke_grant(at);
            }
        }
    }

    /// Whose access token it is, while it is good.
    pub(super) fn holder(&self, access: &str) -> Option<&str> {
        let grant = self.access.get(access).and_then(|grant| self.grants.get(*grant))?;
        (!grant.revoked).then_some(grant.subject.as_str())
    }

    /// Lets every access token of an account run out.
    pub(super) fn expire(&mut self, subject: &str) {
        let grants = &self.grants;
        self.access.retain(|_, grant| grants.get(*grant).is_none_or(|grant| grant.subject != subject));
    }

    fn give(&mut self, at: usize, refresh: Option<String>) -> Result<Given, Refusal> {
        let access = self.mint("ya29.");
        let grant = self.grants.get(at).filter(|grant| !grant.revoked).ok_or(VOID)?;
        let given =
            Given { access: access.clone(), refresh, scope: grant.scope.clone(), subject: grant.subject.clone() };
        self.access.insert(access, at);
        Ok(given)
    }

    fn revoke_grant(&mut self, at: usize) {
        if let Some(grant) = self.grants.get_mut(at) {
            grant.revoked = true;
        }
        self.access.retain(|_, grant| *grant != at);
    }

    /// The token's successor: the same family, one generation on.
    fn rotated(&mut self, token: &str) -> String {
        let family = token.split('~').next().unwrap_or(token).to_owned();
        let next = format!("{family}~{}", self.minted.len());
        self.minted.push(next.clone());
        next
    }

    /// Long and unlike any other: tests search for them where they must not be. Nobody has to be unable to guess them.
    fn mint(&mut self, prefix: &str) -> String {
        let seed = format!("{prefix} {}", self.minted.len());
        let minted = format!("{prefix}{}", hex::encode(Sha256::digest(seed)));
        self.minted.push(minted.clone());
        minted
    }

    /// Every code and token there ever was.
    pub(super) fn minted(&self) -> &[String] {
        &self.minted
    }
}

/// The S256 challenge of a verifier (RFC 7636 §4.2).
fn challenge(verifier: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn consented(books: &mut Books) -> String {
        books.consent("17", "mail", "http://here/", Some(CHALLENGE))
    }

    #[test]
    fn a_code_is_for_the_holder_of_its_verifier_and_only_once() {
        let mut books = Books::default();
        let code = consented(&mut books);
        for (redirect, verifier, error) in [
            ("http://there/", Some(VERIFIER), "redirect_uri_mismatch"),
            ("http://here/", None, "invalid_grant"),
            ("http://here/", Some("wrong"), "invalid_grant"),
        ] {
            assert_eq!(books.exchange(&code, redirect, verifier).unwrap_err().0, error);
        }
        let given = books.exchange(&code, "http://here/", Some(VERIFIER)).unwrap();
        assert_eq!((given.scope.as_str(), books.holder(&given.access)), ("mail", Some("17")));
        assert_eq!(books.exchange(&code, "http://here/", Some(VERIFIER)).unwrap_err(), BAD_CODE);
        assert_eq!(books.holder(&given.access), None, "what a stolen code gave is void");
    }

    #[test]
    fn a_rotated_token_is_void_at_once_and_a_kept_one_lasts() {
        let mut books = Books::default();
        let code = consented(&mut books);
        let first = books.exchange(&code, "http://here/", Some(VERIFIER)).unwrap().refresh.unwrap();
        assert!(books.refresh(&first).unwrap().refresh.is_none());
        books.rotates = true;
        let second = books.refresh(&first).unwrap().refresh.unwrap();
        assert_eq!(books.refresh(&first).unwrap_err(), VOID);
        assert_eq!(books.subject_of(&first), Some("17"));
        assert!(books.refresh(&second).is_ok());
    }

    #[test]
    fn a_revoked_grant_gives_nothing_any_more() {
        let mut books = Books::default();
        let code = consented(&mut books);
        let given = books.exchange(&code, "http://here/", Some(VERIFIER)).unwrap();
        let refresh = given.refresh.unwrap();
        assert!(books.revoke(&given.access));
        assert!(!books.revoke(&refresh));
        assert_eq!(books.refresh(&refresh).unwrap_err(), VOID);
    }
}
