//! What happens by itself, each on its own timer until the server closes: follow the engine, reconcile, end what is due,
//! look for use, sweep.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::service::Service;
use crate::web::auth::Auth;

/// Starts all jobs; the service waits for them when it closes.
pub fn start(service: &Service, auth: &Arc<Auth>) {
    let auth = Arc::clone(auth);
    service.spawn(service.clone().follow_engine());
    every(service, Duration::from_secs(60), |service| async move { service.reconcile_if_live().await });
    every(service, Duration::from_secs(5), |service| async move { service.end_due().await });
    every(service, Duration::from_secs(60), |service| async move { service.look_for_use().await });
    every(service, Duration::from_secs(5), |service| async move { service.end_overdue().await });
    every(service, Duration::from_secs(600), move |_| sweep(Arc::clone(&auth)));
}

/// Deletes sessions that have ended, and sign-ins that nobody came back to.
async fn sweep(auth: Arc<Auth>) {
    match auth.sweep().await {
        Ok(count) => tracing::debug!(count, "ended sessions were deleted"),
        Err(error) => tracing::warn!(%error, "ended sessions are deleted next time"),
    }
}

/// Runs `job` again and again, never twice at once. What fails inside is logged there, and tried again next time.
fn every<F: Future<Output = ()> + Send>(
    service: &Service,
    period: Duration,
    job: impl Fn(Service) -> F + Send + 'static,
) {
    let (closing, owned) = (service.closing(), service.clone());
    service.spawn(async move {
        let mut timer = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = closing.cancelled() => return,
                _ = timer.tick() => job(owned.clone()).await,
            }
        }
    });
}
