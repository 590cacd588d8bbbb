//! One instance of a template: its states and legal moves, what it holds, and what people see of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::name::{EnvironmentId, EnvironmentName, PortName, SizeName, TeamName, TemplateName, UserId};
use super::quota::Holding;
use super::template::{Protocol, Scheme};
use super::time::Timestamp;
use super::units::{Memory, MilliCpu};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Reserved,
    Pulling,
    Creating,
    Starting,
    Running,
    Stopping,
    Stopped,
    Removing,
    Removed,
    Failed,
}

/// What a person can do to an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Start,
    Stop,
    Restart,
    Extend,
    Remove,
}

impl Operation {
    pub const ALL: [Self; 5] = [Self::Start, Self::Stop, Self::Restart, Self::Extend, Self::Remove];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Extend => "extend",
            Self::Remove => "remove",
        }
    }
}

impl State {
    pub const ALL: [Self; 10] = [
        Self::Reserved,
        Self::Pulling,
        Self::Creating,
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Stopped,
        Self::Removing,
        Self::Removed,
        Self::Failed,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Pulling => "pulling",
            Self::Creating => "creating",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Removing => "removing",
            Self::Removed => "removed",
            Self::Failed => "failed",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The legal moves. A failure or a removal can come at any time before the end; what starts again reserves again.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use State::{Creating, Failed, Pulling, Removed, Removing, Reserved, Running, Starting, Stopped, Stopping};
        match self {
            Reserved => matches!(next, Pulling | Creating | Starting | Failed | Removing),
            Pulling => matches!(next, Creating | Failed | Removing),
            Creating => matches!(next, Starting | Stopped | Failed | Removing),
            Starting => matches!(next, Running | Stopped | Failed | Removing),
            Running => matches!(next, Stopping | Stopped | Failed | Removing),
            Stopping => matches!(next, Stopped | Starting | Failed | Removing),
            Stopped | Failed => matches!(next, Reserved | Removing),
            Removing => matches!(next, Removed | Failed),
            Removed => false,
        }
    }

    /// On its way to another state without anybody's doing.
    #[must_use]
    pub const fn is_transitional(self) -> bool {
        match self {
            Self::Reserved | Self::Pulling | Self::Creating | Self::Starting | Self::Stopping | Self::Removing => true,
            Self::Running | Self::Stopped | Self::Removed | Self::Failed => false,
        }
    }

    /// Whether CPU and memory are held.
    #[must_use]
    pub const fn holds_resources(self) -> bool {
        match self {
            Self::Reserved | Self::Pulling | Self::Creating | Self::Starting | Self::Running | Self::Stopping => true,
            Self::Stopped | Self::Removing | Self::Removed | Self::Failed => false,
        }
    }

    /// Whether `operation` makes sense now.
    ///
    /// # Errors
    /// Why not, as a sentence for the person who asks.
    pub const fn allows(self, operation: Operation) -> Result<(), &'static str> {
        match (self, operation) {
            (Self::Removed, _) => Err("It has been removed."),
            (Self::Removing, _) => Err("It is being removed."),
            (_, Operation::Remove)
            | (Self::Stopped | Self::Failed, Operation::Start)
            | (Self::Running, Operation::Stop | Operation::Restart | Operation::Extend) => Ok(()),
            (Self::Running, Operation::Start) => Err("It is running already."),
            (Self::Stopping, _) => Err("It is stopping; wait until it has stopped."),
            (Self::Reserved | Self::Pulling | Self::Creating | Self::Starting, _) => {
                Err("It is still being launched; wait until it runs, or remove it.")
            }
            (Self::Stopped | Self::Failed, Operation::Stop) => Err("It does not run."),
            (Self::Stopped | Self::Failed, Operation::Restart) => Err("It does not run; start it instead."),
            (Self::Stopped | Self::Failed, Operation::Extend) => Err("It does not run, so nothing expires."),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVersion {
    pub slug: TemplateName,
    pub version: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub cpus: MilliCpu,
    #[serde(rename = "memory_bytes")]
    pub memory: Memory,
    pub pids: u32,
}

/// A port of the container and where it is reached. One entry a port: twins for IPv4 and IPv6 are merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    pub name: PortName,
    pub container: u16,
    pub protocol: Protocol,
    #[serde(default)]
    pub scheme: Scheme,
    /// The address it is bound to on the host.
    pub host_ip: String,
    pub host_port: u16,
    /// Where to open it, on the configured public host; `None` where that is not configured and the viewer's host counts.
    pub url: Option<String>,
}

/// The container's own health check, where the image has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Starting,
    Healthy,
    Unhealthy,
}

/// An environment as people and scripts see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    pub id: EnvironmentId,
    pub name: EnvironmentName,
    pub team: TeamName,
    /// Name or e-mail address of the member who launched it.
    pub owner: String,
    pub owner_id: UserId,
    pub template: TemplateVersion,
    pub size: SizeName,
    pub host: String,
    pub state: State,
    /// Why it is in this state, where that is not plain: a failure's cause, an exit code, an expiry.
    pub reason: Option<String>,
    pub health: Option<Health>,
    pub ports: Vec<Port>,
    pub limits: Limits,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    /// Grows with each change, so that a late message never overwrites a newer one.
    pub revision: u64,
}

impl Environment {
    /// What it counts for in a quota.
    #[must_use]
    pub fn holding(&self) -> Holding {
        match self.state {
            State::Removed => Holding::default(),
            state if state.holds_resources() => Holding::running(self.limits.cpus, self.limits.memory),
            _ => Holding::place(),
        }
    }
}

/// One step of an activity, in the order they began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub name: StepName,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// What came of it, or why it failed, in words.
    pub detail: Option<String>,
    pub failed: bool,
}

/// The steps of a launch, a start, a stop and a removal, as journalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    Reserve,
    Image,
    Create,
    Start,
    Ports,
    Ready,
    Stop,
    Remove,
}

impl StepName {
    pub const ALL: [Self; 8] =
        [Self::Reserve, Self::Image, Self::Create, Self::Start, Self::Ports, Self::Ready, Self::Stop, Self::Remove];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Image => "image",
            Self::Create => "create",
            Self::Start => "start",
            Self::Ports => "ports",
            Self::Ready => "ready",
            Self::Stop => "stop",
            Self::Remove => "remove",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

/// An environment with all that its own page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentDetail {
    pub environment: Environment,
    /// The steps of its latest activity.
    pub steps: Vec<Step>,
    /// What it was launched with; a secret's value is `None`.
    pub variables: BTreeMap<String, Option<String>>,
    /// The container's name on the host, once it exists.
    pub container: Option<String>,
    /// What the viewer may not do, with the reason; an operation that is not here may be tried.
    pub refused: Vec<(Operation, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_state_but_removed_is_without_a_way_out() {
        for state in State::ALL {
            let exits = State::ALL.into_iter().filter(|next| state.may_become(*next)).count();
            assert_eq!(exits == 0, state == State::Removed, "{state}");
        }
    }

    #[test]
    fn every_operation_is_either_allowed_or_explained() {
        for state in State::ALL {
            for operation in Operation::ALL {
                if let Err(why) = state.allows(operation) {
                    assert!(why.ends_with('.'), "{state} {operation:?}: {why}");
                }
            }
        }
    }

    #[test]
    fn names_of_states_and_steps_are_read_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
            assert_eq!(serde_json::to_string(&state).ok(), Some(format!("\"{state}\"")));
        }
        for step in StepName::ALL {
            assert_eq!(StepName::parse(step.as_str()), Some(step));
        }
    }

    proptest! {
        #[test]
        fn from_wherever_moves_lead_removal_can_be_reached(choices in prop::collection::vec(0usize..10, 0..30)) {
            let mut state = State::Reserved;
            for choice in choices {
                let exits: Vec<State> = State::ALL.into_iter().filter(|next| state.may_become(*next)).collect();
                if exits.is_empty() {
                    prop_assert_eq!(state, State::Removed);
                    break;
                }
                state = exits[choice % exits.len()];
            }
            prop_assert!(state.may_become(State::Removing) || state == State::Removing || state == State::Removed);
        }
    }
}
