//! An activity: one run of a long job on an environment, an image or a host, from its beginning to its outcome.

use serde::{Deserialize, Serialize};

use super::audit::{self, Who};
use super::name::{ActivityId, EnvironmentId, EnvironmentName, HostName, TeamName, UserId};
use super::time::{Timestamp, took};
use super::words::words;

words! {
    /// What is done.
    Kind {
        Launch = "launch", "Launch";
        Start = "start", "Start";
        Stop = "stop", "Stop";
        Restart = "restart", "Restart";
        Remove = "remove", "Removal";
        /// An image is brought to a host; launches wait for it.
        Pull = "pull", "Pull";
        CheckIsolation = "check_isolation", "Isolation check";
    }
}

words! {
    /// How it came out.
    Outcome {
        Done = "done", "done";
        Failed = "failed", "failed";
        /// Another one took over before it came to its end.
        Overtaken = "overtaken", "overtaken";
        /// The server ended meanwhile, and nothing goes on with it.
        CutOff = "cut_off", "cut off";
    }
}

impl Kind {
    /// What the audit log calls the same.
    #[must_use]
    pub const fn of(action: audit::Action) -> Option<Self> {
        Some(match action {
            audit::Action::Launch => Self::Launch,
            audit::Action::Start => Self::Start,
            audit::Action::Stop => Self::Stop,
            audit::Action::Restart => Self::Restart,
            audit::Action::Remove => Self::Remove,
            audit::Action::CheckIsolation => Self::CheckIsolation,
            _ => return None,
        })
    }
}

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Environment {
        id: EnvironmentId,
        name: EnvironmentName,
        team: TeamName,
        owner_id: UserId,
        /// Counts the activities of this environment.
        number: u32,
    },
    /// For auditors and admins alone: members know templates.
    Image { reference: String },
    /// The host itself.
    Host,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    pub id: ActivityId,
    pub kind: Kind,
    pub target: Target,
    /// Where.
    pub host: HostName,
    /// Who began it.
    #[serde(flatten)]
    pub who: Who,
    pub began_at: Timestamp,
    /// Layers of an image, as it was told last.
    pub progress: Option<Progress>,
    /// Until when it lasts at most, where that is known; a sign of progress may put it off.
    pub deadline_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// `None` while it is under way.
    pub outcome: Option<Outcome>,
    /// Why it came out so, in words.
    pub reason: Option<String>,
}

impl Activity {
    /// What it is about, as people call it.
    #[must_use]
    pub fn object(&self) -> String {
        match &self.target {
            Target::Environment { name, .. } => name.to_string(),
            Target::Image { reference } => reference.clone(),
            Target::Host => self.host.to_string(),
        }
    }

    /// How long it took, in words.
    #[must_use]
    pub fn took(&self) -> Option<String> {
        self.ended_at.map(|ended| took(ended.millis_since(self.began_at)))
    }
}
