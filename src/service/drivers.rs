//! Who works on an environment: one task at a time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use model::name::EnvironmentId;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

/// The drivers of all environments. A new operation waits until the one it overtakes has noticed.
#[derive(Clone, Default)]
pub struct Drivers(Arc<Mutex<HashMap<EnvironmentId, Seat>>>);

/// Where one environment's driver sits, and how the one who sits there now is sent away.
#[derive(Default)]
struct Seat {
    turn: Arc<tokio::sync::Mutex<()>>,
    away: CancellationToken,
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drivers")
    }
}

/// The right to work on one environment, until it is dropped.
#[derive(Debug)]
pub struct Driving {
    _turn: OwnedMutexGuard<()>,
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
        let turn = {
            let mut all = self.all();
            all.retain(|_, seat| Arc::strong_count(&seat.turn) > 1);
            Arc::clone(&all.entry(id.clone()).or_default().turn)
        };
        let turn = turn.lock_owned().await;
        let away = CancellationToken::new();
        self.all().entry(id.clone()).or_default().away = away.clone();
        Driving { _turn: turn, away }
    }

    /// Whether somebody works on it now.
    pub fn is_taken(&self, id: &EnvironmentId) -> bool {
        self.all().get(id).is_some_and(|seat| seat.turn.try_lock().is_err())
    }

    /// Whoever works on it now.
    pub fn seen(&self, id: &EnvironmentId) -> Seen {
        Seen(self.all().get(id).map(|seat| seat.away.clone()))
    }

    /// Waits until nobody works on anything any more: what is stored is seen a moment before its driver has left.
    #[cfg(any(test, feature = "testing"))]
    pub async fn all_left(&self) {
        let ids: Vec<_> = self.all().keys().cloned().collect();
        for id in ids {
            drop(self.take(&id).await);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<EnvironmentId, Seat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
