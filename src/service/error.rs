//! From what failed inside to what is said outside: logged once, here, with the reference that the person is given.

use std::sync::atomic::{AtomicU64, Ordering};

use app::api::ApiError;

use crate::store::StoreError;

static FAULTS: AtomicU64 = AtomicU64::new(1);

/// A fault of ours: the person gets a reference to the line in the log.
pub fn fault(error: StoreError) -> ApiError {
    if matches!(error, StoreError::Full) {
        tracing::error!(%error, "a request was refused");
        return ApiError::ServerFull;
    }
    internal(&error)
}

/// The same for any error that only the log should tell.
pub fn internal(error: &(dyn std::error::Error + 'static)) -> ApiError {
    let reference = format!("f{}", FAULTS.fetch_add(1, Ordering::Relaxed));
    tracing::error!(%reference, %error, "a request failed");
    ApiError::Internal { reference }
}
