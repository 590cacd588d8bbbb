//! From what failed inside to what is said outside: logged once, here, with the reference that the person is given.

use std::sync::atomic::{AtomicU64, Ordering};

use app::api::ApiError;
use docker::EngineError;
use store::StoreError;

use super::lifecycle::sentence;

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

/// What everybody may read of an engine's failure, as a sentence. The engine's own words name paths, images and containers:
/// they are for whoever reads the server's log.
pub fn told(error: &EngineError) -> String {
    match error {
        EngineError::Unreachable(_) | EngineError::TimedOut(_) | EngineError::NoSpace => sentence(&error.to_string()),
        EngineError::NoAddresses(_) => {
            "The host has no addresses left for another team's network; an admin can set or widen docker.address_pool."
                .to_owned()
        }
        EngineError::NotApart => {
            "This engine does not keep environments apart from each other, so nothing is started on it: Berth needs Docker Engine."
                .to_owned()
        }
        EngineError::NotFound(_) => "The Docker Engine does not have what is needed for it.".to_owned(),
        EngineError::Conflict(_) | EngineError::Refused { .. } => {
            "The Docker Engine refused it; an admin finds the cause in the log of the server.".to_owned()
        }
        EngineError::Nonsense(_) => "The answer of the Docker Engine could not be understood.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_the_engine_s_own_is_told() {
        let own = || "unlinkat /var/lib/docker/containers/4f: berth/web:1".to_owned();
        for error in [
            EngineError::NotFound(own()),
            EngineError::Conflict(own()),
            EngineError::Refused { status: 500, message: own() },
            EngineError::Nonsense(own()),
        ] {
            let told = told(&error);
            assert!(!told.contains("unlinkat") && !told.contains("500") && told.ends_with('.'), "{told}");
        }
    }
}
