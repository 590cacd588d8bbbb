//! An activity of an environment in the journal: every move of the state machine is one transaction, and counts only while the
//! activity is the latest.

use docker::{EngineError, SpecError};
use model::activity;
use model::audit::Entry;
use model::environment::{Environment, State, StepName};
use model::name::EnvironmentId;
use model::reason::Reason;
use store::environments::{self, StepEnd, Stored};
use store::{StoreError, Write, activities, audit};
use thiserror::Error;

use super::Service;
use super::lifecycle::sentence;

/// Why a driver does not go on.
#[derive(Debug, Error)]
pub enum Broken {
    /// Another operation has taken over.
    #[error("another operation has taken over")]
    Superseded,
    #[error("{0}")]
    Failed(Reason),
    #[error("{0}")]
    Engine(#[from] EngineError),
    #[error("{0}")]
    Spec(#[from] SpecError),
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Broken {
    /// For what went wrong on the way to a decision.
    pub fn refused(error: impl ToString) -> Self {
        Self::Failed(Reason::Refused { why: sentence(&error.to_string()) })
    }

    /// What everybody may read of it, as a sentence.
    pub fn told(&self) -> String {
        match self {
            Self::Engine(error) => super::error::told(error),
            other => sentence(&other.to_string()),
        }
    }
}

/// What the journal is told together with a move.
#[derive(Debug, Clone, Copy)]
pub enum Note<'a> {
    Begin(StepName),
    End(StepEnd<'a>),
    /// For the audit log, about the environment.
    Tell(&'a Entry),
}

/// One activity of one environment, as its driver holds it.
#[derive(Debug, Clone)]
pub struct Activity {
    pub id: EnvironmentId,
    pub number: u32,
}

impl Activity {
    pub fn of(stored: &Stored) -> Self {
        Self { id: stored.environment.id.clone(), number: stored.activity }
    }
}

impl Service {
    /// The environment, as long as `activity` is its latest.
    pub(super) async fn current(&self, activity: &Activity) -> Result<Stored, Broken> {
        let stored = self.store.environment(&activity.id).await?;
        stored.filter(|stored| stored.activity == activity.number).ok_or(Broken::Superseded)
    }

    /// One move of the state machine with its notes in the journal, in one transaction, then told to everybody.
    pub(super) async fn advance(
        &self,
        activity: &Activity,
        to: State,
        notes: &[Note<'_>],
        set: impl FnOnce(&mut Stored),
    ) -> Result<Stored, Broken> {
        self.advance_from(activity, None, to, notes, set).await
    }

    /// The same, where one state only will do to move on from.
    pub(super) async fn advance_from(
        &self,
        activity: &Activity,
        expected: Option<State>,
        to: State,
        notes: &[Note<'_>],
        set: impl FnOnce(&mut Stored),
    ) -> Result<Stored, Broken> {
        self.store
            .write(async |write| {
                let mut stored = environments::find(write, &activity.id).await?.ok_or(Broken::Superseded)?;
                let from = stored.environment.state;
                let is_expected = expected.is_none_or(|expected| expected == from);
                if stored.activity != activity.number || !is_expected || (from != to && !from.may_become(to)) {
                    return Err(Broken::Superseded);
                }
                stored.move_to(to);
                set(&mut stored);
                self.save(write, &mut stored).await?;
                self.note(write, &stored, notes).await?;
                self.end_activity(write, from, &stored, notes).await?;
                self.record_move(write, from, &stored).await?;
                Ok(stored)
            })
            .await
    }

    /// Writes how the activity came out, where this move ends it.
    async fn end_activity(
        &self,
        write: &mut Write,
        from: State,
        to: &Stored,
        notes: &[Note<'_>],
    ) -> Result<(), StoreError> {
        let Environment { id, state, reason, .. } = &to.environment;
        if !from.is_transitional() || state.is_transitional() {
            return Ok(());
        }
        let failure = notes.iter().find_map(|note| match note {
            Note::End(StepEnd::Failed(why)) => Some(*why),
            _ => None,
        });
        let reason = failure.or(reason.as_deref());
        let failed = *state == State::Failed || failure.is_some();
        let outcome = if failed { activity::Outcome::Failed } else { activity::Outcome::Done };
        activities::end_of(write, id, outcome, reason, self.clock.now()).await
    }

    /// Writes what changed of an environment, with the clocks of its state, and tells everybody once it is committed.
    pub(super) async fn save(&self, write: &mut Write, stored: &mut Stored) -> Result<(), StoreError> {
        self.set_clocks(write, stored).await?;
        environments::update(write, stored).await?;
        self.announce_then(write, &stored.environment);
        Ok(())
    }

    /// Tells everybody of it once it is committed.
    pub(super) fn announce_then(&self, write: &mut Write, environment: &Environment) {
        let (service, environment) = (self.clone(), environment.clone());
        write.then(move || service.announce(&environment));
    }

    pub(super) async fn note(&self, write: &mut Write, of: &Stored, notes: &[Note<'_>]) -> Result<(), StoreError> {
        let now = self.clock.now();
        for note in notes {
            match note {
                Note::Begin(step) => environments::begin_step(write, of, *step, now).await?,
                Note::End(outcome) => environments::end_step(write, of, *outcome, now).await?,
                Note::Tell(entry) => {
                    let entry = (*entry).clone().on(&of.environment);
                    audit::record(write, &entry, now).await?;
                }
            }
        }
        Ok(())
    }
}
