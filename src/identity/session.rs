//! Sessions: tower-sessions' cookie and ids over our own rows. What a session holds is only what a sign-in under way needs;
//! who is signed in stands in a column of its own (`store::sessions`).

use std::collections::HashMap;

use async_trait::async_trait;
use clock::Clock;
use model::time::Timestamp;
use model::units::Span;
use store::{Store, StoreError};
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, Session, SessionStore};

use super::settings::Sessions;

/// How long a sign-in may take, and a session live that nobody is signed in to.
pub const SIGN_IN_TIME: Span = Span::seconds(600);

/// How many times a new id is drawn when one is taken; ids have 128 random bits.
const DRAWS: usize = 4;

/// Sessions' rows as tower-sessions wants them.
#[derive(Debug, Clone)]
pub struct Rows {
    store: Store,
    clock: Clock,
    times: Sessions,
}

impl Rows {
    #[must_use]
    pub fn new(store: Store, clock: Clock, times: Sessions) -> Self {
        Self { store, clock, times }
    }

    fn until(&self) -> Timestamp {
        self.clock.now().after(SIGN_IN_TIME)
    }
}

#[async_trait]
impl SessionStore for Rows {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let data = encode(record)?;
        for _ in 0..DRAWS {
            match self.store.create_session(&record.id.to_string(), &data, self.clock.now(), self.until()).await {
                Err(StoreError::Taken) => record.id = Id::default(),
                created => return created.map_err(backend),
            }
        }
        Err(Error::Backend("no free session id was found".to_owned()))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let data = encode(record)?;
        let id = record.id.to_string();
        self.store.save_session(&id, &data, self.clock.now(), self.until()).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.clock.now();
        let data = self.store.session_data(&id.to_string(), now, now.before(self.times.idle)).await.map_err(backend)?;
        let Some(data) = data else { return Ok(None) };
        let data = serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))?;
        // The time of its end is the row's, by our clock; this one is never looked at.
        Ok(Some(Record { id: *id, data, expiry_date: OffsetDateTime::UNIX_EPOCH }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.store.end_session(&id.to_string()).await.map(drop).map_err(backend)
    }
}

fn encode(record: &Record) -> Result<String> {
    let data: &HashMap<_, _> = &record.data;
    serde_json::to_string(data).map_err(|error| Error::Encode(error.to_string()))
}

fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

/// The browser keeps the session's cookie for `span` from now on.
pub fn keep_cookie_for(session: &Session, span: Span) {
    let seconds = i64::try_from(span.as_seconds()).unwrap_or(i64::MAX);
    session.set_expiry(Some(Expiry::OnInactivity(Duration::seconds(seconds))));
}
