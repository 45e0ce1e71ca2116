//! A rolling upgrade from one built release to another, under load: `SKYTWIN_OLD_RELEASE` names the older `skytwin`.

use std::path::PathBuf;

use runtime::postgres;

use crate::{
    field::{Field, Setup},
    fleet::{Fleet, SKYTWIN},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_upgrade_from_an_older_release_and_back_loses_nothing() {
    let old = std::env::var_os("SKYTWIN_OLD_RELEASE").map(PathBuf::from).filter(|old| old.is_file());
    let old = old.expect(
        "SKYTWIN_OLD_RELEASE must name the skytwin of an older release (check one out beside this, `cargo build` there)",
    );
    let turn = Field::turn().await;
    let fleet = Fleet::of(&old, postgres::Settings::throwaway().unwrap()).await;
    let field = Field::on(fleet, Setup { signals: 400, room: 1, ..Setup::default() }, turn).await;
    field
        .shake("a rolling upgrade, and one worker back", async |field| {
            let progress = field.progress.clone();
            progress.percent(15).await;
            field.fleet.release = SKYTWIN.into();
            field.fleet.command(&["migrate"]);
            progress.percent(25).await;
            let api = field.fleet.api_with(field.ports[1], &[]).await;
            field.apis.push(api);
            let worker = field.worker(&[]);
            field.workers.push(worker);
            // Both releases serve and work.
            progress.percent(50).await;
            assert_eq!(field.apis.remove(0).terminate().await, Some(0), "the old API");
            for which in [0, 1] {
                assert_eq!(field.workers[which].terminate().await, Some(0), "{}", field.workers[which].log());
                field.workers[which] = field.worker(&[]);
                progress.percent(60 + which * 10).await;
            }
            // The old release on the new schema: what going back means.
            field.fleet.release = old;
            field.workers[0].kill9();
            field.workers[0] = field.worker(&[]);
            progress.percent(100).await;
            field.fleet.release = SKYTWIN.into();
        })
        .await;
}
