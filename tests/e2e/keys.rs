//! `skytwin keys`: a new key takes over while the old one still opens, and a rotation cut short is run again.

use std::process::{Command, Output};

use domain::{id::UserId, outbox::Outbox, settings::Autonomy, tier::TrustTier};
use runtime::{Clock, Entropy};
use store::{Store, secrets, users};
use tests::World;
use vault::{Binding, Keyring, OpenError, Purpose};

use crate::fleet::SKYTWIN;

/// More than one batch of the rotation.
const SECRETS: u32 = 130;

fn skytwin(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(SKYTWIN).args(arguments).env_clear().envs(variables.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn new_key(id: &str) -> String {
    String::from_utf8(skytwin(&["keys", "new", id], &[]).stdout).unwrap().trim().to_owned()
}

async fn person(store: &Store) -> UserId {
    let now = Clock::system().now();
    let id = Entropy::system().id(now);
    let user = users::NewUser {
        id,
        name: "Ann".to_owned(),
        email: None,
        timezone: chrono_tz::UTC,
        tier: TrustTier::Observer,
        autonomy: Autonomy::default(),
    };
    let mut tx = store.begin().await.unwrap();
    users::create(&mut tx, &user, now).await.unwrap();
    tx.commit(Outbox::nothing(), now).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_takes_over_everything_and_the_old_one_may_go() {
    let world = World::new().await;
    let (old, new) = (new_key("old"), new_key("new"));
    let (ring, random) = (Keyring::parse(&old).unwrap(), Entropy::system());
    let user = person(&world.store).await;
    let binding = |n: u32| Binding {
        purpose: Purpose::Account,
        user: user.uuid(),
        subject: uuid::Uuid::from_u128(u128::from(n)),
    };
    let mut tx = world.store.begin().await.unwrap();
    let lock = tx.lock(user).await.unwrap();
    for n in 0..SECRETS {
        let sealed = ring.seal(binding(n), &n.to_be_bytes(), &random).unwrap();
        secrets::put(&mut tx, &lock, binding(n), &sealed, world.now()).await.unwrap();
    }
    tx.commit(Outbox::nothing(), world.now()).await.unwrap();

    let url = world.database.url();
    let with =
        |keys: &str, arguments: &[&str]| skytwin(arguments, &[("DATABASE_URL", &url), ("SKYTWIN_VAULT_KEY", keys)]);
    let alone = with(&new, &["keys"]);
    assert!(!alone.status.success() && said(&alone).contains("MISSING"), "{}", said(&alone));
    let refused = with(&new, &["keys", "rotate"]);
    assert!(!refused.status.success() && said(&refused).contains("sealed under the key `old`"), "{}", said(&refused));

    let both = format!("{new},{old}");
    for expected in ["130 secrets", "0 secrets"] {
        let rotated = with(&both, &["keys", "rotate"]);
        assert!(rotated.status.success() && said(&rotated).contains(expected), "{}", said(&rotated));
    }
    let alone = with(&new, &["keys"]);
    assert!(alone.status.success() && said(&alone).contains("130 secrets  seals"), "{}", said(&alone));
    let (after, before) = (Keyring::parse(&new).unwrap(), ring);
    for n in 0..SECRETS {
        let sealed = secrets::get(&world.store, binding(n)).await.unwrap();
        assert_eq!(after.open(binding(n), &sealed).unwrap().reveal(), n.to_be_bytes());
        assert_eq!(before.open(binding(n), &sealed).unwrap_err(), OpenError::UnknownKey("new".to_owned()));
    }
    for output in [&alone, &refused] {
        let keys = [&old, &new].map(|key| key.split_once(':').unwrap().1.to_owned());
        assert!(!keys.iter().any(|key| said(output).contains(key)), "a key was shown");
    }
}
