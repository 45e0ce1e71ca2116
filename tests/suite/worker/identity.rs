//! As whom a person is known at the engine: by an identity of their own where an operator gave one, sealed at rest.

use domain::{execution::Phase, outbox::Outbox};
use runtime::Entropy;
use store::identities;
use vault::Keyring;

use super::{
    bench::Bench,
    ways::{Way, newsletter},
};

fn keys(id: &str) -> Keyring {
    Keyring::parse(Keyring::new_key(id, &Entropy::seeded(7)).unwrap().reveal()).unwrap()
}

impl Bench {
    async fn is_known_by(&self, token: &str) {
        let now = self.now();
        let engine = self.state.engine.name();
        let binding = identities::binding(self.user, engine);
        let keys = self.state.vault.as_ref().expect("a vault");
        let sealed = keys.seal(binding, token.as_bytes(), &self.state.entropy).unwrap();
        let mut tx = self.state.store.begin().await.unwrap();
        let lock = tx.lock(self.user).await.unwrap();
        identities::put(&mut tx, &lock, engine, &sealed, now).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
    }

    async fn acts(&mut self) -> Phase {
        let signal = self.post("email", "email_received", newsletter()).await;
        self.drain().await;
        let decision = self.decision(signal).await.id;
        self.executions(decision).await.remove(0).state.phase()
    }
}

#[tokio::test]
async fn a_person_is_known_by_their_own_identity_its_latest_version_and_else_by_the_shared_one() {
    let mut bench = Way::Auto.bench().await;
    bench.state.vault = Some(keys("k1"));
    assert_eq!(bench.acts().await, Phase::Succeeded);
    bench.is_known_by("adas-first-token").await;
    assert_eq!(bench.acts().await, Phase::Succeeded);
    bench.is_known_by("adas-second-token").await;
    assert_eq!(bench.acts().await, Phase::Succeeded);
    let shared = bench.state.identity.secret.reveal().to_owned();
    assert_eq!(bench.engine.known_as(), [shared.as_str(), "adas-first-token", "adas-second-token"]);
    let kept = identities::list(&bench.state.store, bench.user).await.unwrap();
    assert_eq!((kept.len(), kept[0].version), (1, 2));
    bench.finish().await;
}

#[tokio::test]
async fn without_the_key_to_an_identity_work_waits_and_never_goes_out_as_somebody_else() {
    let mut bench = Way::Auto.bench().await;
    bench.state.vault = Some(keys("k1"));
    bench.is_known_by("adas-token").await;
    for missing in [None, Some(keys("another"))] {
        bench.state.vault = missing;
        assert_eq!(bench.acts().await, Phase::Planned);
        assert_eq!(bench.engine.sends(), 0);
    }
    bench.state.vault = Some(keys("k1"));
    bench.finish().await;
    assert_eq!(bench.engine.known_as(), ["adas-token", "adas-token"]);
}
