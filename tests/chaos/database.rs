//! The database goes away, for everybody or for some, with and without a word.

use std::{path::Path, process::Command, time::Duration};

use runtime::postgres::{self, DATABASE};
use sqlx::{Connection, PgConnection};
use tests::Proxy;

use crate::{
    field::{Field, Setup},
    fleet::Fleet,
};

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_restarted_under_load() {
    let field = Field::new(Setup::default()).await;
    field
        .shake("Postgres stopped and started, three times", async |field| {
            for turn in 1..4 {
                field.progress.clone().percent(turn * 25).await;
                field.fleet.postgres.restart().await.unwrap();
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_are_killed_at_random() {
    let field = Field::new(Setup::default()).await;
    field
        .shake("forty backends killed at random", async |field| {
            let mut conn = PgConnection::connect_with(&field.fleet.postgres.options(DATABASE)).await.unwrap();
            for turn in 1..=20 {
                field.progress.clone().percent(turn * 4).await;
                let kill = "SELECT count(pg_terminate_backend(pid)) FROM (
                              SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                               ORDER BY md5(pid::text || $1) LIMIT 2) AS chosen";
                let seed = format!("chaos {turn}");
                let _: i64 = sqlx::query_scalar(kill).bind(seed).fetch_one(&mut conn).await.unwrap();
            }
        })
        .await;
}

/// The same address of the server, over the proxy.
fn through(proxy: &Proxy, fleet: &Fleet) -> String {
    let url = fleet.postgres.url(DATABASE);
    url.reveal().replace(&format!(":{}/", fleet.postgres.port()), &format!(":{}/", proxy.port()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_to_the_database_fails_in_every_way() {
    let turn = Field::turn().await;
    let fleet = Fleet::new().await;
    let proxy = Proxy::to(([127, 0, 0, 1], fleet.postgres.port()).into()).await;
    let variables = vec![("DATABASE_URL", through(&proxy, &fleet))];
    let field = Field::on(fleet, Setup { variables, ..Setup::default() }, turn).await;
    field
        .shake("the network cut, reset, held, and dead without a word", async |field| {
            let progress = field.progress.clone();
            progress.percent(15).await;
            proxy.cut();
            tokio::time::sleep(Duration::from_secs(2)).await;
            proxy.heal();
            progress.percent(35).await;
            proxy.reset();
            progress.percent(55).await;
            proxy.black_hole();
            tokio::time::sleep(Duration::from_secs(3)).await;
            proxy.heal();
            progress.percent(75).await;
            proxy.strand();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_has_the_fewest_connections_that_are_allowed() {
    let variables = vec![("SKYTWIN_DB_CONNECTIONS", "2".to_owned())];
    let field = Field::new(Setup { variables, ..Setup::default() }).await;
    field.shake("two connections per process", async |field| field.progress.clone().percent(100).await).await;
}

/// A file system of 400 MB in memory; gone with this value.
struct Small(tempfile::TempDir);

impl Small {
    /// None where this machine does not let us mount.
    fn mount() -> Option<Self> {
        let folder = tempfile::TempDir::new_in("/var/tmp").unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=400m,mode=0755", "tmpfs"]).arg(folder.path());
        mount.output().ok()?.status.success().then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.path()).output());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_is_full_for_a_while() {
    let turn = Field::turn().await;
    let Some(disk) = Small::mount() else {
        println!("a full disk: not tried, this machine does not let us mount a small one");
        return;
    };
    let settings =
        postgres::Settings::durable(disk.path().join("data")).with(["max_wal_size=64MB", "min_wal_size=32MB"]);
    let fleet = Fleet::on(settings).await;
    let field = Field::on(fleet, Setup::default(), turn).await;
    let filler = disk.path().join("filler");
    field
        .shake("the disk full for three seconds", async |field| {
            field.progress.clone().percent(30).await;
            fill(&filler);
            tokio::time::sleep(Duration::from_secs(3)).await;
            std::fs::remove_file(&filler).unwrap();
            // A server that could not write its log has ended itself, as it must; its supervisor starts it again.
            if PgConnection::connect_with(&field.fleet.postgres.options(DATABASE)).await.is_err() {
                field.fleet.postgres.resume().await.unwrap();
            }
        })
        .await;
}

/// Takes all the room there is.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    let block = vec![1_u8; 1 << 16];
    while file.write_all(&block).is_ok() {}
}
