//! What containers write to disk, as far as their sizes limit it. Where the engine's storage holds the limit, writing more fails
//! in the container; everywhere it is looked at, and what is over its limit is stopped.

use app::api::ApiError;
use docker::{ContainerId, DISKS, EngineError};
use futures::future::join_all;
use futures::{FutureExt, StreamExt, stream};
use model::audit::Who;
use model::environment::State;
use model::reason::Reason;
use model::units::Span;
use store::disks::Limited;
use store::environments;

use super::Service;
use super::error::fault;
use super::runner::Runner;

/// Who the log says it was.
const JOB: &str = "disk";

/// How long somebody has, once what was stopped for its disk runs again, to make room.
const GRACE: Span = Span::seconds(300);

impl Service {
    /// Looks once at what each has written that is limited. Of which the engine says nothing, nothing is known.
    pub async fn look_at_disks(&self) {
        let limited = match self.store.limited_on_disk().await {
            Ok(limited) => limited,
            Err(error) => return tracing::warn!(%error, "what is limited on disk cannot be listed"),
        };
        let on_host = |runner: &Runner| {
            let here = limited.iter().filter(|limited| limited.host == *runner.name()).cloned().collect();
            self.look_at_disks_of(runner.clone(), here)
        };
        join_all(self.hosts.iter().filter(|runner| runner.is_live()).map(on_host)).await;
    }

    async fn look_at_disks_of(&self, runner: Runner, limited: Vec<Limited>) {
        let looks = stream::iter(&limited);
        looks.for_each_concurrent(DISKS, |limited| self.look_at_disk(&runner, limited).boxed()).await;
    }

    async fn look_at_disk(&self, runner: &Runner, limited: &Limited) {
        let Some(container) = ContainerId::parse(&limited.container_id) else { return };
        let written = match runner.engine().written(&container).await {
            Ok(written) => written,
            Err(EngineError::NotFound(_)) => return,
            Err(error) => return tracing::warn!(%error, id = %limited.id, "what it has written cannot be counted"),
        };
        let is_over = written > limited.limit;
        let makes_room = limited.was_over && limited.started_at.is_some_and(|at| at.after(GRACE) > self.clock.now());
        if is_over == limited.was_over && (!is_over || makes_room) {
            return;
        }
        let why = is_over.then_some(Reason::OverDisk { written, limit: limited.limit, grace: GRACE });
        if let Err(error) = self.settle_disk(limited, why).await {
            tracing::warn!(%error, id = %limited.id, "what it has written is seen to with the next look");
        }
    }

    /// Stops what is over its limit, and says why; or notes that it is below it again. Decides inside the transaction: since it
    /// was looked at, it may have been stopped or started anew.
    async fn settle_disk(&self, limited: &Limited, why: Option<Reason>) -> Result<(), ApiError> {
        self.write(async |write| {
            let found = environments::find(write, &limited.id).await.map_err(fault)?;
            let Some(mut stored) = found else { return Ok(()) };
            if stored.activity != limited.activity || stored.environment.state != State::Running {
                return Ok(());
            }
            stored.main_mut().over_disk = why.is_some();
            match why {
                Some(why) => drop(self.stop_found(Who::job(JOB), write, stored, why).await?),
                None => {
                    self.save(write, &mut stored).await.map_err(fault)?;
                }
            }
            Ok(())
        })
        .await
    }
}
