//! Which calls wait for which: a bounded lane for each kind, so that a slow one holds up nothing of another kind.

use std::future::Future;
use std::time::Duration;

use model::units::Span;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::error::EngineError;

/// Calls that are under way at once, of each kind.
const SHORT: usize = 16;
const LAUNCHES: usize = 16;
const STOPS: usize = 16;
const PULLS: usize = 3;
/// An engine of before 23.0 answers all who ask for figures at its next tick, once a second: who asks for few at a time waits
/// a second for each few.
pub const FIGURES: usize = 64;
/// An engine counts what a container has written by walking through all of it.
pub const DISKS: usize = 2;

/// How long is waited for the engine.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To be connected.
    pub connect: Duration,
    /// For an answer that is only looked up.
    pub short: Duration,
    /// For a creation or a start.
    pub launch: Duration,
    /// For a stop, beyond the grace it gives, and for a removal.
    pub stop: Duration,
    /// Between two signs of life of a pull.
    pub pull: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            short: Duration::from_secs(15),
            launch: Duration::from_secs(120),
            stop: Duration::from_secs(60),
            pull: Duration::from_secs(300),
        }
    }
}

#[derive(Debug)]
pub(super) struct Lanes {
    patience: Patience,
    short: Semaphore,
    launches: Semaphore,
    stops: Semaphore,
    pulls: Semaphore,
    figures: Semaphore,
    disks: Semaphore,
}

type Answer<T> = Result<T, EngineError>;

impl Lanes {
    pub(super) fn new(patience: Patience) -> Self {
        let [short, launches, stops, pulls, figures, disks] =
            [SHORT, LAUNCHES, STOPS, PULLS, FIGURES, DISKS].map(Semaphore::new);
        Self { patience, short, launches, stops, pulls, figures, disks }
    }

    /// A look-up; waiting for its turn counts.
    pub(super) async fn short<T>(&self, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let limit = self.patience.short;
        let in_turn = async {
            let _turn = turn(&self.short).await;
            call.await
        };
        within(limit, in_turn).await
    }

    /// A look at what a container uses. Its turn is waited for beforehand: only the answer counts.
    pub(super) async fn figures<T>(&self, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let _turn = turn(&self.figures).await;
        within(self.patience.short, call).await
    }

    /// A count of what a container has written.
    pub(super) async fn disk<T>(&self, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let _turn = turn(&self.disks).await;
        within(self.patience.launch, call).await
    }

    /// A creation or a start.
    pub(super) async fn launch<T>(&self, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let _turn = turn(&self.launches).await;
        within(self.patience.launch, call).await
    }

    /// A stop that gives the container `grace`, or a removal.
    pub(super) async fn stop<T>(&self, grace: Span, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let _turn = turn(&self.stops).await;
        within(self.patience.stop.saturating_add(Duration::from_secs(grace.as_seconds())), call).await
    }

    /// A pull's turn, for as long as the permit is held. Each sign of life is awaited with [`Lanes::sign_of_life`].
    pub(super) async fn pull(&self) -> SemaphorePermit<'_> {
        turn(&self.pulls).await
    }

    pub(super) async fn sign_of_life<T>(&self, next: impl Future<Output = T>) -> Answer<T> {
        within(self.patience.pull, async { Ok(next.await) }).await
    }
}

async fn turn(lane: &Semaphore) -> SemaphorePermit<'_> {
    lane.acquire().await.expect("a lane is never closed")
}

async fn within<T>(limit: Duration, call: impl Future<Output = Answer<T>>) -> Answer<T> {
    timeout(limit, call).await.unwrap_or(Err(EngineError::TimedOut(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    /// Fills a lane with calls that never end, and tells whether one more call of each kind still gets its answer.
    async fn others_pass(lanes: &Lanes) -> [bool; 3] {
        let answered = |result: Answer<()>| result.is_ok();
        [
            answered(lanes.short(ready(Ok(()))).await),
            answered(
                timeout(Duration::from_secs(1), lanes.launch(ready(Ok(())))).await.unwrap_or(Err(EngineError::NoSpace)),
            ),
            answered(
                timeout(Duration::from_secs(1), lanes.stop(Span::default(), ready(Ok(()))))
                    .await
                    .unwrap_or(Err(EngineError::NoSpace)),
            ),
        ]
    }

    #[tokio::test(start_paused = true)]
    async fn launches_that_hang_hold_up_no_look_up_and_no_stop() {
        let lanes = Lanes::new(Patience::default());
        let hanging = futures::future::join_all((0..LAUNCHES).map(|_| lanes.launch(pending::<Answer<()>>())));
        tokio::select! {
            biased;
            _ = hanging => panic!("they hang"),
            passed = others_pass(&lanes) => assert_eq!(passed, [true, false, true]),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pulls_that_hang_hold_up_nothing_else() {
        let lanes = Lanes::new(Patience::default());
        let _pulls = futures::future::join_all((0..PULLS).map(|_| lanes.pull())).await;
        assert_eq!(others_pass(&lanes).await, [true, true, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_an_answer_ends_and_says_how_long_it_waited() {
        let lanes = Lanes::new(Patience::default());
        let stopped = lanes.stop(Span::seconds(10), pending::<Answer<()>>()).await;
        assert_eq!(stopped, Err(EngineError::TimedOut(Duration::from_secs(70))));
        let looked_up = lanes.short(pending::<Answer<()>>()).await.expect_err("no answer");
        assert_eq!(looked_up.to_string(), "the Docker Engine did not answer within 15 s");
    }
}
