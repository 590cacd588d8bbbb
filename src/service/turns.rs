//! Whose turn it is: one at a time for each key, and who comes later waits behind who came before. What waits for one key
//! keeps no other waiting, and nothing is kept of a key for which nobody asks.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

#[derive(Clone)]
pub struct Turns<K>(Arc<Mutex<HashMap<K, Queue>>>);

type Queue = Arc<tokio::sync::Mutex<()>>;

/// The turn at a key, until it is dropped.
pub type Turn = OwnedMutexGuard<()>;

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K> fmt::Debug for Turns<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// Waits for those who asked for the same key before.
    pub async fn take(&self, key: &K) -> Turn {
        let queue = {
            let mut all = self.all();
            all.retain(|_, queue| Arc::strong_count(queue) > 1);
            Arc::clone(all.entry(key.clone()).or_default())
        };
        queue.lock_owned().await
    }

    /// Whether somebody has the turn now.
    pub fn is_taken(&self, key: &K) -> bool {
        self.all().get(key).is_some_and(|queue| queue.try_lock().is_err())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<K, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use model::name::TeamName;

    use super::*;

    #[tokio::test]
    async fn one_team_s_crowd_queues_behind_itself_and_keeps_no_other_team_waiting() {
        let turns = Turns::default();
        let [blue, green] = ["blue", "green"].map(|name| TeamName::parse(name).expect("a name"));
        let first = turns.take(&blue).await;
        let mut crowd: Vec<_> = (0..200).map(|_| Box::pin(turns.take(&blue))).collect();
        assert!(crowd.iter_mut().all(|waiting| waiting.now_or_never().is_none()));
        assert!(turns.take(&green).now_or_never().is_some());
        drop((first, crowd));
        assert!(turns.take(&blue).now_or_never().is_some());
        assert_eq!(turns.all().len(), 1, "nothing is kept of teams that ask for nothing");
    }
}
