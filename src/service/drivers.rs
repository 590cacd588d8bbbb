//! Who works on an environment: one task at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use model::name::EnvironmentId;
use tokio_util::sync::CancellationToken;

use super::turns::{Turn, Turns};

/// The drivers of all environments. A new operation waits until the one it overtakes has noticed.
#[derive(Debug, Clone, Default)]
pub struct Drivers {
    turns: Turns<EnvironmentId>,
    /// How each of those who have the turn is sent away.
    away: Arc<Mutex<HashMap<EnvironmentId, CancellationToken>>>,
}

/// The right to work on one environment, until it is dropped.
#[derive(Debug)]
pub struct Driving {
    _turn: Turn,
    away: CancellationToken,
}

impl Driving {
    /// Works to the end, or until the driver is sent away.
    pub async fn work(self, work: impl Future<Output = ()> + Send) {
        if self.away.run_until_cancelled(work.boxed()).await.is_none() {
            tracing::info!("a driver whose time was over was sent away");
        }
    }
}

/// A driver that was seen at work.
#[derive(Debug)]
pub struct Seen(Option<CancellationToken>);

impl Seen {
    /// Ends it, wherever it is; who waits for the turn gets it. Who has taken the turn since is left alone.
    pub fn send_away(self) {
        if let Self(Some(away)) = self {
            away.cancel();
        }
    }
}

impl Drivers {
    pub async fn take(&self, id: &EnvironmentId) -> Driving {
        let turn = self.turns.take(id).await;
        let away = CancellationToken::new();
        let mut all = self.all();
        all.retain(|id, _| self.turns.is_taken(id));
        all.insert(id.clone(), away.clone());
        Driving { _turn: turn, away }
    }

    /// Whether somebody works on it now.
    pub fn is_taken(&self, id: &EnvironmentId) -> bool {
        self.turns.is_taken(id)
    }

    /// Whoever works on it now.
    pub fn seen(&self, id: &EnvironmentId) -> Seen {
        Seen(self.all().get(id).cloned())
    }

    /// Waits until nobody works on anything any more: what is stored is seen a moment before its driver has left.
    #[cfg(any(test, feature = "testing"))]
    pub async fn all_left(&self) {
        let ids: Vec<_> = self.all().keys().cloned().collect();
        for id in ids {
            drop(self.take(&id).await);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<EnvironmentId, CancellationToken>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
