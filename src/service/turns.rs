//! Whose turn it is to be admitted: one launch of each team at a time. What one team asks for at once queues behind itself,
//! and before the readers and the one writer there is never more than one of each team.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use model::name::TeamName;
use tokio::sync::OwnedMutexGuard;

#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<TeamName, Arc<tokio::sync::Mutex<()>>>>>);

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}

/// A team's turn, until it is dropped.
pub type Turn = OwnedMutexGuard<()>;

impl Turns {
    /// Waits for those of the same team that came before.
    pub async fn take(&self, team: &TeamName) -> Turn {
        let queue = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, queue| Arc::strong_count(queue) > 1);
            Arc::clone(all.entry(team.clone()).or_default())
        };
        queue.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

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
        assert_eq!(
            turns.0.lock().expect("nobody panics with it").len(),
            1,
            "nothing is kept of teams that ask for nothing"
        );
    }
}
