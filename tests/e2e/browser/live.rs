//! What happens elsewhere arrives by itself: from a worker, from another browser, from another API process, and after
//! an API was away.

use super::stage::{Stage, invoice, renewal};

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_elsewhere_arrives_without_a_reload_also_after_the_apis_were_away() {
    let Some(mut stage) = Stage::set().await else { return };
    let (here, there) = (stage.signed_in().await, stage.signed_in().await);
    here.sees(".link-state", "Live").await;
    there.sees(".link-state", "Live").await;
    here.mark().await;
    there.mark().await;

    // A worker begins, and what it decides appears in both.
    stage.post(&renewal("one", "First plan", 299)).await;
    stage.work();
    here.sees("h3", "First plan").await;
    there.sees("h3", "First plan").await;

    // Answered here, gone there.
    here.click("[data-approval] [data-deed=approve]", "Approve").await;
    let answered = std::time::Instant::now();
    there.no_longer_sees("h3", "First plan").await;
    println!("answered in one browser, gone from another within {} ms", answered.elapsed().as_millis());
    here.no_longer_sees("h3", "First plan").await;
    there.sees("h2", "All clear").await;

    // The page of a decision lives while it is looked at.
    there.click("nav a", "Activity").await;
    there.click("a.whole", "First plan").await;
    there.sees("section[data-execution] .chip", "Done").await;
    there.click("nav a", "Activity").await;

    // Both APIs go away: it is said, and what can't work says so.
    for api in &mut stage.apis {
        api.kill9();
    }
    here.sees(".banner", "No connection").await;
    there.sees(".banner", "No connection").await;

    // They come back, and meanwhile something came in: everything missed is there, and nobody loaded a page again.
    let ports = stage.ports;
    for (which, port) in ports.into_iter().enumerate() {
        stage.apis[which] = stage.fleet.api(port).await;
    }
    stage.post(&renewal("two", "Second plan", 399)).await;
    stage.post(&invoice("Invoice-9")).await;
    here.sees("h3", "Second plan").await;
    there.sees("a.whole", "Invoice-9.pdf").await;
    here.no_longer_sees(".banner", "No connection").await;
    here.was_not_reloaded().await;
    there.was_not_reloaded().await;

    // One of the two ends in order: nobody who looks notices more than a blink.
    stage.apis[0].terminate().await;
    stage.post(&renewal("three", "Third plan", 499)).await;
    here.sees("h3", "Third plan").await;
    here.was_not_reloaded().await;
    here.close().await;
    there.close().await;
}
