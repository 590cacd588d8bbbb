//! What only the system knows, as arguments: the time and randomness. `main` takes the system's, tests bring their own.

use std::fmt;
use std::sync::Arc;

use model::name::{ActivityId, EnvironmentId, RequestId, UserId};
use model::time::Timestamp;
use uuid::Builder;

type Now = dyn Fn() -> Timestamp + Send + Sync;
type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// Where the time and random bytes come from.
#[derive(Clone)]
pub struct Clock {
    now: Arc<Now>,
    fill: Arc<Fill>,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl Clock {
    pub fn new(
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        fill: impl Fn(&mut [u8]) + Send + Sync + 'static,
    ) -> Self {
        Self { now: Arc::new(now), fill: Arc::new(fill) }
    }

    /// The system's time and randomness.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    #[must_use]
    pub fn system() -> Self {
        let now = || {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        };
        Self::new(now, |bytes| rand::RngCore::fill_bytes(&mut rand::rng(), bytes))
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.fill)(&mut bytes);
        bytes
    }

    /// A secret of 256 random bits, in hexadecimal.
    #[must_use]
    pub fn secret(&self) -> String {
        hex(&self.random::<32>())
    }

    fn uuid(&self) -> String {
        let millis = u64::try_from(self.now().as_millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.random::<10>()).into_uuid().hyphenated().to_string()
    }

    #[must_use]
    pub fn environment_id(&self) -> EnvironmentId {
        EnvironmentId::parse(&self.uuid()).expect("a UUID is an environment id")
    }

    #[must_use]
    pub fn activity_id(&self) -> ActivityId {
        ActivityId::parse(&self.uuid()).expect("a UUID is an activity id")
    }

    #[must_use]
    pub fn user_id(&self) -> UserId {
        UserId::parse(&self.uuid()).expect("a UUID is a user id")
    }

    #[must_use]
    pub fn request_id(&self) -> RequestId {
        RequestId::parse(&self.uuid()).expect("a UUID is a request id")
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
