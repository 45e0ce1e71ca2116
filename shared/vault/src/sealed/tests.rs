//! What a sealed secret must withstand.

use std::cell::Cell;

use proptest::prelude::*;

use super::*;

/// Counts up: different bytes for every draw, the same in every run.
struct Counting(Cell<u8>);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0.set(self.0.get().wrapping_add(7));
            *byte = self.0.get();
        }
    }
}

fn random() -> Counting {
    Counting(Cell::new(0))
}

const OLD: &str = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "new://79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=";

fn keys(text: &str) -> Keyring {
    Keyring::parse(text).unwrap()
}

const fn binding() -> Binding {
    Binding { purpose: Purpose::Account, user: Uuid::from_u128(1), subject: Uuid::from_u128(2) }
}

#[test]
fn a_secret_opens_for_whom_it_was_sealed_and_for_nobody_else() {
    let keys = keys(OLD);
    let sealed = keys.seal(binding(), b"hunter2", &random()).unwrap();
    assert_eq!(keys.open(binding(), &sealed).unwrap().reveal(), b"hunter2");
    for other in [
        Binding { user: Uuid::from_u128(3), ..binding() },
        Binding { subject: Uuid::from_u128(3), ..binding() },
        Binding { purpose: Purpose::EngineIdentity, ..binding() },
        Binding { user: binding().subject, subject: binding().user, ..binding() },
    ] {
        assert_eq!(keys.open(other, &sealed).unwrap_err(), OpenError::OtherBinding);
    }
}

#[test]
fn no_bit_can_be_changed_and_no_byte_cut_off() {
    let keys = keys(OLD);
    let sealed = keys.seal(binding(), b"hunter2", &random()).unwrap();
    for at in 0..sealed.0.len() {
        for bit in 0..8 {
            let mut bytes = sealed.0.clone();
            bytes[at] ^= 1 << bit;
            assert!(keys.open(binding(), &Sealed(bytes)).is_err(), "bit {bit} of byte {at}");
        }
        assert!(keys.open(binding(), &Sealed(sealed.0[..at].to_vec())).is_err(), "cut at {at}");
    }
}

#[test]
fn what_is_wrong_is_told_apart() {
    let old = keys(OLD);
    let sealed = old.seal(binding(), b"hunter2", &random()).unwrap();
    assert_eq!(keys(NEW).open(binding(), &sealed).unwrap_err(), OpenError::UnknownKey("old".into()));
    let impostor = keys(&NEW.replace("new:", "old:"));
    assert_eq!(impostor.open(binding(), &sealed).unwrap_err(), OpenError::Tampered);
    assert_eq!(old.open(binding(), &Sealed(b"hunter2".to_vec())).unwrap_err(), OpenError::Form);
    // an attacker who writes another account's id over the header gains nothing
    let mut swapped = sealed;
    swapped.0[BINDING - 1] = 9;
    let other = Binding { subject: Uuid::from_u128(9), ..binding() };
    assert_eq!(old.open(other, &swapped).unwrap_err(), OpenError::Tampered);
}

#[test]
fn a_new_key_takes_over_without_opening_the_secret_and_the_old_one_is_then_not_needed() {
    let random = random();
    let sealed = keys(OLD).seal(binding(), b"hunter2", &random).unwrap();
    let both = keys(&format!("{NEW},{OLD}"));
    assert_eq!(both.open(binding(), &sealed).unwrap().reveal(), b"hunter2");
    let resealed = both.reseal(binding(), &sealed, &random).unwrap().expect("a new seal");
    assert_eq!((sealed.key_id(), resealed.key_id()), (Ok("old"), Ok("new")));
    assert_eq!(keys(NEW).open(binding(), &resealed).unwrap().reveal(), b"hunter2");
    assert_eq!(both.reseal(binding(), &resealed, &random).unwrap(), None);
    assert_eq!(keys(NEW).reseal(binding(), &sealed, &random).unwrap_err(), OpenError::UnknownKey("old".into()));
}

#[test]
fn the_same_secret_twice_looks_different_and_neither_shows_it() {
    let (keys, random) = (keys(OLD), random());
    let one = keys.seal(binding(), b"hunter2", &random).unwrap();
    let two = keys.seal(binding(), b"hunter2", &random).unwrap();
    assert_ne!(one, two);
    assert!(!one.0.windows(7).any(|window| window == b"hunter2"));
    assert_eq!(format!("{:?} {one:?}", keys.open(binding(), &one).unwrap()), "Opened(hidden) Sealed(157 bytes)");
}

#[test]
fn a_made_key_can_be_read_back_and_seals() {
    let random = random();
    let made = Keyring::new_key("k1", &random).unwrap();
    assert_eq!(format!("{made:?}"), "NewKey(hidden)");
    let keys = keys(made.reveal());
    let sealed = keys.seal(binding(), b"x", &random).unwrap();
    assert_eq!(keys.open(binding(), &sealed).unwrap().reveal(), b"x");
    assert!(Keyring::new_key("not an id", &random).is_err());
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens_again(secret: Vec<u8>, user: u128, subject: u128) {
        let binding = Binding { purpose: Purpose::Account, user: Uuid::from_u128(user), subject: Uuid::from_u128(subject) };
        let keys = keys(OLD);
        let sealed = keys.seal(binding, &secret, &random()).unwrap();
        let opened = keys.open(binding, &sealed).unwrap();
        prop_assert_eq!(opened.reveal(), secret.as_slice());
    }

    #[test]
    fn garbage_is_refused_and_never_panics(bytes: Vec<u8>) {
        let sealed = Sealed::from_bytes(bytes);
        prop_assert!(keys(OLD).open(binding(), &sealed).is_err());
        prop_assert!(sealed.key_id().is_ok_and(is_id) || sealed.key_id() == Err(OpenError::Form));
    }
}
