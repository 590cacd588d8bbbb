//! A write is one thing, with what is told and begun by it: there as a whole, or not at all, whoever still listens.

use std::cell::Cell;

use futures::poll;
use store::StoreError;
use tokio::sync::oneshot;

use super::stage::Stage;

const ROW: &str = "INSERT INTO installation (key, value) VALUES ('written', 'yes')";
const ROWS: &str = "installation WHERE key = 'written'";

#[tokio::test]
async fn what_is_being_committed_comes_to_its_end_though_whoever_asked_has_hung_up() {
    let stage = Stage::set().await;
    let (told, heard) = oneshot::channel();
    let is_done = Cell::new(false);
    let mut writing = Box::pin(stage.store.write(async |write| {
        sqlx::query(ROW).execute(&mut **write).await?;
        write.then(move || told.send(()).expect("somebody hears it"));
        is_done.set(true);
        Ok::<_, StoreError>(())
    }));
    while !is_done.get() {
        assert!(poll!(&mut writing).is_pending(), "the commit takes a moment");
        tokio::task::yield_now().await;
    }
    drop(writing);
    heard.await.expect("it is told");
    assert_eq!(stage.store.count(ROWS).await, 1);
}

#[tokio::test]
async fn what_fails_leaves_no_trace_and_tells_nobody() {
    let stage = Stage::set().await;
    let (told, heard) = oneshot::channel();
    let written = stage.store.write(async |write| {
        sqlx::query(ROW).execute(&mut **write).await?;
        write.then(move || told.send(()).expect("somebody hears it"));
        Err::<(), _>(StoreError::Taken)
    });
    assert!(matches!(written.await, Err(StoreError::Taken)));
    heard.await.expect_err("nothing is told");
    assert_eq!(stage.store.count(ROWS).await, 0);
}
