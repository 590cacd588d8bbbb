//! What happens by itself, each on its own timer until the server closes: follow the engines and ask whether they answer, reconcile, end what is due,
//! look for use and at disks, sweep.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use identity::Auth;
use service::Service;

/// Starts all jobs; the service waits for them when it closes.
pub fn start(service: &Service, auth: &Arc<Auth>) {
    let auth = Arc::clone(auth);
    service.spawn(service.clone().follow_engines());
    service.spawn(service.clone().check_isolation_when_live());
    every(service, "ping", Duration::from_secs(10), |service| async move { service.ping_engines().await });
    every(service, "reconcile", Duration::from_secs(60), |service| async move { service.reconcile_if_live().await });
    every(service, "lifetimes", Duration::from_secs(5), |service| async move { service.end_due().await });
    every(service, "use", Duration::from_secs(60), |service| async move { service.look_for_use().await });
    every(service, "disk", Duration::from_secs(60), |service| async move { service.look_at_disks().await });
    every(service, "deadlines", Duration::from_secs(5), |service| async move { service.end_overdue().await });
    every(service, "sweep", Duration::from_secs(600), move |service| sweep(service, Arc::clone(&auth)));
}

/// Deletes sessions that have ended, sign-ins that nobody came back to and environments that were removed long ago, and forgets
/// who did something long ago.
async fn sweep(service: Service, auth: Arc<Auth>) {
    service.forget_old();
    service.forget_removed().await;
    match auth.sweep().await {
        Ok(count) => tracing::debug!(count, "ended sessions were deleted"),
        Err(error) => tracing::warn!(%error, "ended sessions are deleted next time"),
    }
}

/// Runs `job` again and again, never twice at once. What fails inside is logged there, and tried again next time; so is a
/// job that panics.
fn every<F: Future<Output = ()> + Send>(
    service: &Service,
    name: &'static str,
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
                _ = timer.tick() => {
                    match AssertUnwindSafe(job(owned.clone())).catch_unwind().await {
                        Ok(()) => owned.note_job(name),
                        Err(_) => tracing::error!(job = name, "a job panicked; it runs again next time"),
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::tests::stage::Stage;

    #[tokio::test]
    async fn a_job_that_panics_runs_again() {
        let stage = Stage::set().await;
        let (runs, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Notify::new()));
        let (count, third) = (Arc::clone(&runs), Arc::clone(&again));
        every(&stage.service, "test", Duration::from_millis(1), move |_| {
            let (run, third) = (count.fetch_add(1, Ordering::SeqCst), Arc::clone(&third));
            async move {
                assert!(run > 0, "the first run panics");
                if run == 2 {
                    third.notify_one();
                }
            }
        });
        again.notified().await;
        assert_eq!(stage.service.jobs(), [("test", stage.clock.now())], "the second was a success");
    }
}
