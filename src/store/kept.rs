//! What nearly every request reads and few change, kept in memory: the catalogue, the environments that exist, and what is
//! asked and lent. Each is kept under the number of its latest change. The database counts that number in the transaction
//! of the change, and it is read anew for each use: so what is kept is exact, whoever writes, this process or another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use model::environment::{Environment, State};
use model::loan::LOAN_REMEMBERED;
use model::name::{EnvironmentId, HostName, TeamName, UserId};
use model::quota::Holding;
use model::request::Request;
use model::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use tokio::sync::Mutex;

use super::catalogue::{self, Catalogue};
use super::environments::{self, Holdings, Stored};
use super::{Store, StoreError, requests};

/// All of it as of one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Of the latest changes that are in it.
    pub numbers: Numbers,
    pub catalogue: Arc<Catalogue>,
    pub environments: Arc<Existing>,
    /// Those that wait for a decision, and those whose loan is out or remembered.
    pub requests: Arc<Vec<Request>>,
}

/// How many changes there have been; 0 before anything was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    pub catalogue: i64,
    pub environments: i64,
    pub requests: i64,
}

const NUMBERS: &str = "SELECT catalogue, environments, requests FROM changes";

impl Numbers {
    fn of(row: &SqliteRow) -> Result<Self, StoreError> {
        let (catalogue, environments) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Self { catalogue, environments, requests: row.try_get(2)? })
    }

    /// Whether all that `other` has is in these.
    const fn include(self, other: Self) -> bool {
        self.catalogue >= other.catalogue && self.environments >= other.environments && self.requests >= other.requests
    }
}

/// The environments that exist, the newest first.
#[derive(Debug, Default)]
pub struct Existing {
    /// By id, downwards: ids grow with time.
    newest_first: Vec<Arc<Stored>>,
    held: OnceLock<Held>,
}

#[derive(Debug, Default)]
struct Held {
    hosts: BTreeMap<HostName, Holding>,
    teams: BTreeMap<TeamName, (Holding, BTreeMap<UserId, Holding>)>,
}

impl Existing {
    #[must_use]
    pub fn of(mut all: Vec<Stored>) -> Self {
        all.sort_unstable_by(|one, other| other.environment.id.cmp(&one.environment.id));
        Self { newest_first: all.into_iter().map(Arc::new).collect(), held: OnceLock::new() }
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Stored> {
        self.newest_first.iter().map(Arc::as_ref)
    }

    #[must_use]
    pub fn get(&self, id: &EnvironmentId) -> Option<&Stored> {
        let at = self.newest_first.binary_search_by(|known| id.cmp(&known.environment.id)).ok()?;
        Some(&self.newest_first[at])
    }

    /// Those that are older than this one, or all, the newest first.
    pub fn older_than(&self, id: Option<&EnvironmentId>) -> impl Iterator<Item = &Environment> {
        let from = id.map_or(0, |id| self.newest_first.partition_point(|stored| stored.environment.id >= *id));
        self.newest_first.iter().skip(from).map(|stored| &stored.environment)
    }

    /// With these as they are now. What was removed is no more.
    fn with(&self, changed: Vec<Stored>) -> Self {
        let mut newest_first = self.newest_first.clone();
        for stored in changed {
            let at = newest_first.binary_search_by(|known| stored.environment.id.cmp(&known.environment.id));
            match (at, stored.environment.state != State::Removed) {
                (Ok(at), true) => newest_first[at] = Arc::new(stored),
                (Ok(at), false) => drop(newest_first.remove(at)),
                (Err(at), true) => newest_first.insert(at, Arc::new(stored)),
                (Err(_), false) => {}
            }
        }
        Self { newest_first, held: OnceLock::new() }
    }

    /// What a member, their team and all together hold. Summed once per change, of all teams at once.
    #[must_use]
    pub fn holdings(&self, team: &TeamName, member: &UserId) -> Holdings {
        let held = self.held.get_or_init(|| self.sum());
        let (team, members) = held.teams.get(team).map_or((Holding::default(), None), |(sum, of)| (*sum, Some(of)));
        let member = members.and_then(|members| members.get(member)).copied().unwrap_or_default();
        Holdings { member, team, hosts: held.hosts.clone() }
    }

    /// What all teams together hold of each host.
    #[must_use]
    pub fn held_by_host(&self) -> &BTreeMap<HostName, Holding> {
        &self.held.get_or_init(|| self.sum()).hosts
    }

    fn sum(&self) -> Held {
        let mut held = Held::default();
        for stored in self.iter() {
            let environment = &stored.environment;
            let holding = environment.holding();
            let host = held.hosts.entry(environment.host.clone()).or_default();
            *host = *host + holding;
            let (team, members) = held.teams.entry(environment.team.clone()).or_default();
            *team = *team + holding;
            let member = members.entry(environment.owner_id.clone()).or_default();
            *member = *member + holding;
        }
        held
    }
}

/// What is kept. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<Memory>);

#[derive(Debug, Default)]
struct Memory {
    snapshot: RwLock<Snapshot>,
    /// Of those who find it old one reads, and the others have it then.
    reading: Mutex<()>,
    looks: Looks,
}

/// Looks at the numbers, one at a time. Whoever comes while somebody looks has the answer of the next look, with all others
/// who came meanwhile: it began after they asked, so it is as good as one of their own.
#[derive(Debug, Default)]
struct Looks {
    begun: AtomicU64,
    /// The last look that was answered, by its number.
    answered: Mutex<(u64, Numbers)>,
}

impl Looks {
    async fn next(&self, look: impl AsyncFnOnce() -> Result<Numbers, StoreError>) -> Result<Numbers, StoreError> {
        let before = self.begun.load(Ordering::SeqCst);
        let mut answered = self.answered.lock().await;
        if answered.0 > before {
            return Ok(answered.1);
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        *answered = (number, look().await?);
        Ok(answered.1)
    }
}

impl Kept {
    fn snapshot(&self) -> Snapshot {
        self.0.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Store {
    /// The latest of everything that is kept: one small statement, and only what has changed is read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn snapshot(&self, now: Timestamp) -> Result<Snapshot, StoreError> {
        let look = async || {
            let rows = self.direct.all(sqlx::query(NUMBERS)).await?;
            Numbers::of(rows.first().ok_or_else(|| StoreError::unreadable("no numbers of changes"))?)
        };
        let latest = self.kept.0.looks.next(look).await?;
        let kept = self.kept.snapshot();
        if kept.numbers.include(latest) {
            return Ok(kept);
        }
        let _reading = self.kept.0.reading.lock().await;
        let kept = self.kept.snapshot();
        if kept.numbers.include(latest) {
            return Ok(kept);
        }
        let fresh = self.read_anew(kept, now).await?;
        *self.kept.0.snapshot.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
    }

    /// Reads what has changed since `kept`, all of it as of one moment.
    async fn read_anew(&self, kept: Snapshot, now: Timestamp) -> Result<Snapshot, StoreError> {
        let mut read = self.readers.begin().await?;
        let numbers = Numbers::of(&sqlx::query(NUMBERS).fetch_one(&mut *read).await?)?;
        let mut fresh = Snapshot { numbers, ..kept.clone() };
        if numbers.catalogue > kept.numbers.catalogue {
            fresh.catalogue = Arc::new(catalogue::read(&mut read).await?);
        }
        if numbers.environments > kept.numbers.environments {
            fresh.environments = Arc::new(changed(&mut read, &kept).await?);
        }
        if numbers.requests > kept.numbers.requests {
            fresh.requests = Arc::new(requests::in_force(&mut read, now.before(LOAN_REMEMBERED)).await?);
        }
        Ok(fresh)
    }
}

async fn changed(read: &mut SqliteConnection, kept: &Snapshot) -> Result<Existing, StoreError> {
    if kept.numbers.environments == 0 {
        return Ok(Existing::of(environments::existing(read).await?));
    }
    Ok(kept.environments.with(environments::changed_since(read, kept.numbers.environments).await?))
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Notify, oneshot};

    use super::*;

    fn numbers(count: i64) -> Numbers {
        Numbers { catalogue: count, ..Numbers::default() }
    }

    #[tokio::test]
    async fn whoever_comes_while_somebody_looks_shares_one_look_that_begins_after_they_came() {
        let (looks, count) = (Arc::new(Looks::default()), Arc::new(AtomicU64::new(0)));
        let (arrived, gate) = (Arc::new(Notify::new()), oneshot::channel());
        let first = tokio::spawn({
            let (looks, arrived) = (Arc::clone(&looks), Arc::clone(&arrived));
            async move {
                let look = async || {
                    arrived.notify_one();
                    gate.1.await.expect("a gate");
                    Ok(numbers(1))
                };
                looks.next(look).await.expect("an answer")
            }
        });
        arrived.notified().await;
        let mut late = futures::future::join_all((0..5).map(|_| {
            looks.next(async || {
                count.fetch_add(1, Ordering::SeqCst);
                Ok(numbers(2))
            })
        }));
        assert!(futures::poll!(&mut late).is_pending(), "they wait while one looks");
        gate.0.send(()).expect("somebody looks");
        assert_eq!(first.await.expect("a look"), numbers(1));
        let answers: Vec<Numbers> = late.await.into_iter().map(|answer| answer.expect("an answer")).collect();
        assert_eq!(answers, [numbers(2); 5], "none has the answer of a look that began before it came");
        assert_eq!(count.load(Ordering::SeqCst), 1, "and one look is enough for all");
    }

    #[tokio::test]
    async fn a_look_that_fails_is_nobody_else_s() {
        let looks = Looks::default();
        assert!(looks.next(async || Err(StoreError::Taken)).await.is_err());
        assert_eq!(looks.next(async || Ok(numbers(3))).await.expect("an answer"), numbers(3));
    }
}
