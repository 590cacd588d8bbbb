//! How often something may be done, and how much of it at once: counted by address, or by who acts.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use model::access::{Actor, TooMany};
use model::name::UserId;
use tokio::time::Instant;

/// How often: so many a minute, and of those so many in one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub a_minute: NonZeroU32,
    pub burst: NonZeroU32,
}

/// Who is counted: a person with all their browsers, and each token of theirs apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Counted(UserId, Option<String>);

impl From<&Actor> for Counted {
    fn from(actor: &Actor) -> Self {
        Self(actor.id.clone(), actor.token.clone())
    }
}

/// An address as it is counted: of version 6 its network, since everybody has 2^64 addresses there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Neighbour(IpAddr);

impl From<IpAddr> for Neighbour {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// A clock that only goes forward, whatever becomes of the time of day.
#[derive(Debug, Clone, Copy)]
struct Forward(Instant);

impl Clock for Forward {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

/// Counts how often each `K` does something.
#[derive(Clone)]
pub struct Rate<K: Clone + Eq + Hash> {
    limiter: Arc<RateLimiter<K, DefaultKeyedStateStore<K>, Forward, NoOpMiddleware<Nanos>>>,
    clock: Forward,
}

impl<K: Clone + Eq + Hash> fmt::Debug for Rate<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rate")
    }
}

impl<K: Clone + Eq + Hash> Rate<K> {
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        let quota = Quota::per_minute(pace.a_minute).allow_burst(pace.burst);
        let clock = Forward(Instant::now());
        Self { limiter: Arc::new(RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock)), clock }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// [`TooMany`], with the whole seconds until the next one.
    pub fn count(&self, key: &K) -> Result<(), TooMany> {
        self.limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            TooMany { retry_after_seconds: whole.max(1) }
        })
    }

    /// Forgets who has done nothing for so long that it makes no difference.
    pub fn forget_old(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// Counts how much each `K` has under way.
#[derive(Debug, Clone)]
pub struct AtOnce<K: Eq + Hash> {
    most: NonZeroU32,
    taken: Arc<Mutex<HashMap<K, u32>>>,
}

/// One thing under way, until it is dropped.
#[derive(Debug)]
pub struct Place<K: Eq + Hash> {
    key: K,
    taken: Arc<Mutex<HashMap<K, u32>>>,
}

impl<K: Clone + Eq + Hash> AtOnce<K> {
    #[must_use]
    pub fn new(most: NonZeroU32) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// # Errors
    /// [`TooMany`] where all places are taken.
    pub fn take(&self, key: K) -> Result<Place<K>, TooMany> {
        let mut all = counts(&self.taken);
        let count = all.entry(key.clone()).or_default();
        if *count >= self.most.get() {
            return Err(TooMany { retry_after_seconds: 1 });
        }
        *count += 1;
        Ok(Place { key, taken: Arc::clone(&self.taken) })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut all = counts(&self.taken);
        let left = all.get_mut(&self.key).map_or(0, |count| {
            *count -= 1;
            *count
        });
        if left == 0 {
            all.remove(&self.key);
        }
    }
}

fn counts<K>(taken: &Mutex<HashMap<K, u32>>) -> MutexGuard<'_, HashMap<K, u32>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pace(a_minute: u32, burst: u32) -> Pace {
        let number = |count| NonZeroU32::new(count).expect("not zero");
        Pace { a_minute: number(a_minute), burst: number(burst) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_let_through_and_what_follows_comes_at_its_pace() {
        let rate = Rate::new(pace(60, 2));
        let count = |who: &'static str| rate.count(&who).map_err(|refused| refused.to_string());
        assert_eq!([count("bea"), count("bea")], [Ok(()), Ok(())]);
        assert_eq!(count("bea"), Err("Too many requests; try again in 1 s.".to_owned()));
        assert_eq!(count("gus"), Ok(()), "each is counted apart");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(count("bea"), Ok(()));
        assert!(count("bea").is_err());
        tokio::time::advance(Duration::from_secs(600)).await;
        rate.forget_old();
        assert_eq!(rate.limiter.len(), 0, "nobody is remembered for ever");
    }

    #[test]
    fn a_place_is_free_again_when_it_is_given_back() {
        let streams = AtOnce::new(NonZeroU32::MIN);
        let place = streams.take("bea").expect("a place");
        assert!(streams.take("bea").is_err());
        drop(streams.take("gus").expect("a place of another's"));
        drop(place);
        assert!(counts(&streams.taken).is_empty(), "nobody is remembered");
        streams.take("bea").expect("a place");
    }

    #[test]
    fn of_version_6_a_whole_network_is_one_neighbour() {
        let neighbour = |text: &str| Neighbour::from(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(neighbour("2001:db8::1"), neighbour("2001:db8::ffff:1"));
        assert_ne!(neighbour("2001:db8::1"), neighbour("2001:db8:0:1::1"));
        assert_ne!(neighbour("192.0.2.1"), neighbour("192.0.2.2"));
        assert_eq!(neighbour("::ffff:192.0.2.1"), neighbour("192.0.2.1"));
    }
}
