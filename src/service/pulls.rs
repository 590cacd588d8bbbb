//! Pulls as activities: one for each image that comes to a host, however many launches wait for it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use docker::{EngineError, ImageId, PullProgress};
use model::activity::{Kind, Outcome, Progress};
use model::audit::Who;
use model::name::{ActivityId, HostName};
use store::StoreError;
use store::activities::{self, About};

use super::Service;
use super::runner::Runner;

type Key = (HostName, String);

/// The pulls under way, by host and by what is pulled.
#[derive(Clone, Default)]
pub(super) struct Pulls(Arc<Mutex<HashMap<Key, Pull>>>);

struct Pull {
    id: ActivityId,
    waiting: usize,
    progress: Option<Progress>,
}

impl fmt::Debug for Pulls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pulls")
    }
}

impl Pulls {
    /// How far the pull of an image has come.
    pub(super) fn progress(&self, host: &HostName, reference: &str) -> Option<Progress> {
        self.all().get(&(host.clone(), reference.to_owned()))?.progress
    }

    fn note(&self, key: &Key, progress: Progress) {
        if let Some(pull) = self.all().get_mut(key) {
            pull.progress = Some(progress);
        }
    }

    /// Somebody more waits for it. `true` for who is the first.
    fn join(&self, key: &Key, id: impl FnOnce() -> ActivityId) -> (ActivityId, bool) {
        let mut all = self.all();
        let pull = all.entry(key.clone()).or_insert_with(|| Pull { id: id(), waiting: 0, progress: None });
        pull.waiting += 1;
        (pull.id.clone(), pull.waiting == 1)
    }

    /// Somebody waits for it no more. The last takes it away.
    fn leave(&self, key: &Key, id: &ActivityId) -> Option<Pull> {
        let mut all = self.all();
        let pull = all.get_mut(key).filter(|pull| pull.id == *id)?;
        pull.waiting -= 1;
        if pull.waiting == 0 { all.remove(key) } else { None }
    }

    /// It has come to its end, for all who wait. The first who knows takes it away.
    fn end(&self, key: &Key, id: &ActivityId) -> Option<Pull> {
        let mut all = self.all();
        if all.get(key).is_some_and(|pull| pull.id == *id) { all.remove(key) } else { None }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Pull>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for a pull. Where the last of them goes away before its end, the engine ends it.
struct Waiting {
    service: Service,
    key: Key,
    id: ActivityId,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(pull) = self.service.pulls.leave(&self.key, &self.id) else { return };
        let service = self.service.clone();
        self.service.spawn(async move {
            service.end_pull(pull, Outcome::Overtaken, Some("Nobody waited for it any more.")).await;
        });
    }
}

impl Service {
    /// Pulls an image to a host, or waits for whoever does.
    pub(super) async fn pull(
        &self,
        runner: &Runner,
        reference: &str,
        who: Who,
        progress: impl Fn(PullProgress) + Send + Sync,
    ) -> Result<ImageId, EngineError> {
        let key = (runner.name().clone(), reference.to_owned());
        let (id, first) = self.pulls.join(&key, || self.clock.activity_id());
        let waiting = Waiting { service: self.clone(), key, id };
        if first && let Err(error) = self.begin_pull(&waiting, &who).await {
            tracing::warn!(%error, "a pull is not among the activities");
        }
        let told = |told: PullProgress| {
            self.pulls.note(&waiting.key, told.done());
            progress(told);
        };
        let pulled = runner.engine().pull(reference, told).await;
        if let Some(pull) = self.pulls.end(&waiting.key, &waiting.id) {
            let why = pulled.as_ref().err().map(ToString::to_string);
            let outcome = if why.is_some() { Outcome::Failed } else { Outcome::Done };
            self.end_pull(pull, outcome, why.as_deref()).await;
        }
        pulled
    }

    async fn begin_pull(
        &self,
        Waiting { key: (host, reference), id, .. }: &Waiting,
        who: &Who,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let about = About::Image { reference, host };
        self.store.write(async |write| activities::begin(write, id, Kind::Pull, about, who, now).await).await
    }

    async fn end_pull(&self, pull: Pull, outcome: Outcome, why: Option<&str>) {
        let now = self.clock.now();
        let ended =
            self.store.write(async |write| activities::end(write, &pull.id, outcome, why, pull.progress, now).await);
        if let Err(error) = ended.await {
            tracing::warn!(%error, "how a pull came out is not among the activities");
        }
    }
}
