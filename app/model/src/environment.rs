//! One instance of a template: its states and legal moves, what it holds, and what people see of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::access::{Action, Actor, Denied, Target, authorize};
use super::address::Address;
use super::idle::{Idle, IdleRule};
use super::lifetime::{Allowance, Clocks, Due, Ending, How, Warning};
use super::name::{EnvironmentId, EnvironmentName, HostName, PortName, SizeName, TeamName, TemplateName, UserId};
use super::part::Part;
use super::quota::Holding;
use super::template::{Protocol, Scheme};
use super::time::Timestamp;
use super::units::{Memory, MilliCpu, Span};
use super::words::words;

words! {
    State {
        Reserved = "reserved", "Reserved";
        Pulling = "pulling", "Pulling";
        Creating = "creating", "Creating";
        Starting = "starting", "Starting";
        Running = "running", "Running";
        Stopping = "stopping", "Stopping";
        Stopped = "stopped", "Stopped";
        Removing = "removing", "Removing";
        Removed = "removed", "Removed";
        Failed = "failed", "Failed";
    }
}

words! {
    /// What a person can do to an environment.
    Operation {
        Start = "start", "Start";
        Stop = "stop", "Stop";
        Restart = "restart", "Restart";
        Extend = "extend", "Extend";
        Remove = "remove", "Remove";
    }
}

impl State {
    /// The legal moves. A failure or a removal can come at any time before the end; what starts again reserves again. What a
    /// restart of the engine ended is started again from its reservation, which it keeps.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use State::{Creating, Failed, Pulling, Removed, Removing, Reserved, Running, Starting, Stopped, Stopping};
        match self {
            Reserved => matches!(next, Pulling | Creating | Starting | Running | Failed | Removing),
            Pulling => matches!(next, Creating | Failed | Removing),
            Creating => matches!(next, Starting | Stopped | Failed | Removing),
            Starting => matches!(next, Running | Stopped | Failed | Removing),
            Running => matches!(next, Reserved | Stopping | Stopped | Failed | Removing),
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
            | (Self::Stopped | Self::Failed, Operation::Start | Operation::Extend)
            | (Self::Running, Operation::Stop | Operation::Restart | Operation::Extend) => Ok(()),
            (Self::Running, Operation::Start) => Err("It is running already."),
            (Self::Stopping, _) => Err("It is stopping; wait until it has stopped."),
            (Self::Reserved | Self::Pulling | Self::Creating | Self::Starting, _) => {
                Err("It is still being launched; wait until it runs, or remove it.")
            }
            (Self::Stopped | Self::Failed, Operation::Stop) => Err("It does not run."),
            (Self::Stopped | Self::Failed, Operation::Restart) => Err("It does not run; start it instead."),
        }
    }

    /// Whether there is a container to enter now.
    ///
    /// # Errors
    /// Why not, as a sentence for the person who asks.
    pub const fn allows_entry(self) -> Result<(), &'static str> {
        match self {
            Self::Running => Ok(()),
            Self::Reserved | Self::Pulling | Self::Creating | Self::Starting => {
                Err("It is still being launched; wait until it runs.")
            }
            Self::Stopping => Err("It is stopping. Once it has stopped, it can be started again."),
            Self::Stopped | Self::Failed => Err("It does not run. Start it to have a shell in it."),
            Self::Removing => Err("It is being removed."),
            Self::Removed => Err("It has been removed."),
        }
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
    /// What it may write into its own layer: neither its image nor its volumes count. `None`: as much as there is.
    #[serde(rename = "disk_bytes", default)]
    pub disk: Option<Memory>,
}

impl Limits {
    /// As people read them: `0.5 cores, 512 MiB, 256 processes, 10 GiB of disk`.
    #[must_use]
    pub fn words(&self) -> String {
        let disk = self.disk.map(|disk| format!(", {disk} of disk")).unwrap_or_default();
        format!("{}, {}, {} processes{disk}", self.cpus.words(), self.memory, self.pids)
    }
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
    /// Where to open it in a browser, on what the operator calls the host; `None` for a port that is no page.
    pub url: Option<String>,
    /// Host and port, to give to a program; an address of version 6 in brackets. Empty only where it is kept.
    #[serde(default)]
    pub address: String,
}

impl Port {
    /// Whether it answers on the host's own loopback only.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.host_ip.starts_with("127.") || self.host_ip == "::1"
    }
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
    /// Where its container is.
    pub host: HostName,
    pub state: State,
    /// Why it is in this state, where that is not plain: a failure's cause, an exit code, an expiry.
    pub reason: Option<String>,
    /// A stable word for that reason (`model::reason`), for scripts.
    #[serde(default)]
    #[cfg_attr(target_arch = "wasm32", serde(skip))]
    pub reason_code: Option<String>,
    pub health: Option<Health>,
    /// Whether somebody has paused it on the host: its processes stand still.
    #[serde(default)]
    pub paused: bool,
    /// Whether a process of it was ended for want of memory since it started, while it goes on running.
    #[serde(default)]
    pub out_of_memory: bool,
    /// Of all its parts.
    pub ports: Vec<Port>,
    /// Its containers, for scripts: pages show none, and their lists leave them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(target_arch = "wasm32", serde(skip))]
    pub parts: Vec<Part>,
    pub limits: Limits,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    /// When it is removed by itself, while it is kept and does not run.
    #[serde(default)]
    pub removes_at: Option<Timestamp>,
    /// The clock that stops it when nobody uses it, while it runs and its template has one.
    #[serde(default)]
    pub idle: Option<Idle>,
    /// Whether no other environment reaches its container by an inner address. Not yet, where it was started by a version that
    /// kept none apart: from its next start on.
    #[serde(default = "yes")]
    pub isolated: bool,
    /// Whether its engine holds it to its limits.
    #[serde(default = "yes")]
    pub limits_hold: bool,
    /// Grows with each change, so that a late message never overwrites a newer one.
    pub revision: u64,
}

const fn yes() -> bool {
    true
}

impl Environment {
    /// Of its own page.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::of(&format!("/environments/{}", self.id))
    }

    /// What it counts for in a quota.
    #[must_use]
    pub fn holding(&self) -> Holding {
        match self.state {
            State::Removed => Holding::default(),
            state if state.holds_resources() => Holding::running(self.limits.cpus, self.limits.memory),
            _ => Holding::place(),
        }
    }

    /// The owner, as `viewer` reads it.
    #[must_use]
    pub fn owner_for(&self, viewer: &Actor) -> &str {
        if self.owner_id == viewer.id { "you" } else { &self.owner }
    }

    /// Whether it stops by itself when its time is over: it does while it runs, and while it is about to.
    #[must_use]
    pub const fn expires(&self) -> bool {
        self.state.holds_resources()
    }

    /// What its clocks show; `None` while none of them may do anything.
    #[must_use]
    pub fn clocks(&self) -> Option<Clocks> {
        let since = self.started_at.unwrap_or(self.created_at);
        match self.state {
            State::Running => Some(Clocks::Running { since, expires: self.expires_at, idle: self.idle }),
            State::Stopped | State::Failed => self.removes_at.map(|until| Clocks::Kept { until }),
            State::Reserved
            | State::Pulling
            | State::Creating
            | State::Starting
            | State::Stopping
            | State::Removing
            | State::Removed => None,
        }
    }

    /// What is to be done about it now, without anybody's asking.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Due> {
        self.clocks()?.due(now)
    }

    /// How its state ends by itself: shown from its launch on.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        let expiry = || self.expires().then_some(Ending { how: How::Expiry, at: self.expires_at });
        self.clocks().map(Clocks::ending).or_else(expiry)
    }

    /// Whether people are warned of that.
    #[must_use]
    pub fn warning(&self, now: Timestamp) -> Option<Warning> {
        self.clocks()?.warning(now)
    }

    /// Whether `actor` is told of a warning in a list: who can do something about it.
    #[must_use]
    pub fn warns(&self, actor: &Actor, now: Timestamp) -> bool {
        self.warning(now).is_some() && self.may_warn(actor)
    }

    /// Whether `actor` will be told of its warning, once there is one.
    #[must_use]
    pub fn may_warn(&self, actor: &Actor) -> bool {
        self.permits(actor, Operation::Extend).is_ok()
    }

    /// Whether `actor` may do this now, as far as the environment itself tells.
    ///
    /// # Errors
    /// Why not, as a sentence for the actor.
    pub fn permits(&self, actor: &Actor, operation: Operation) -> Result<(), String> {
        self.authorizes(actor, Action::Operate)?;
        self.state.allows(operation).map_err(str::to_owned)
    }

    /// Whether `actor` may have a terminal in it now, as far as the environment itself tells.
    ///
    /// # Errors
    /// Why not, as a sentence for the actor.
    pub fn permits_entry(&self, actor: &Actor) -> Result<(), String> {
        self.authorizes(actor, Action::Operate)?;
        self.allows_entry().map_err(str::to_owned)
    }

    /// Whether there is something to enter now.
    ///
    /// # Errors
    /// Why not, as a sentence for the person who asks.
    pub const fn allows_entry(&self) -> Result<(), &'static str> {
        if self.paused {
            return Err("It is paused on the host. A restart lets it go on, or whoever paused it.");
        }
        self.state.allows_entry()
    }

    /// Whether `actor` has the right, whatever its state.
    fn authorizes(&self, actor: &Actor, action: Action) -> Result<(), String> {
        let target = Target::Environment { team: &self.team, owner: &self.owner_id };
        authorize(actor, action, target).map_err(|denied| match denied {
            Denied::Rule(rule) => sentence(rule),
            Denied::Hidden => "It belongs to a team that you are not in.".to_owned(),
        })
    }
}

/// A rule as a sentence of its own.
fn sentence(rule: &str) -> String {
    let mut letters = rule.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_ascii_uppercase(), letters.as_str()))
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

    /// What is being done, and what did not work out.
    #[must_use]
    pub const fn under_way(self) -> &'static str {
        match self {
            Self::Reserve => "Reserving",
            Self::Image => "Fetching the image",
            Self::Create => "Creating the container",
            Self::Start => "Starting the container",
            Self::Ports => "Reading its ports",
            Self::Ready => "Waiting until it is ready",
            Self::Stop => "Stopping the container",
            Self::Remove => "Removing the container",
        }
    }

    /// What is done.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Reserve => "Reserved",
            Self::Image => "Image",
            Self::Create => "Created",
            Self::Start => "Started",
            Self::Ports => "Ports",
            Self::Ready => "Ready",
            Self::Stop => "Stopped",
            Self::Remove => "Removed",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

impl Step {
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match (self.failed, self.ended_at) {
            (false, Some(_)) => self.name.done(),
            (true, _) | (false, None) => self.name.under_way(),
        }
    }

    /// How long it took, in milliseconds; until `now` while it goes on.
    #[must_use]
    pub fn took(&self, now: Option<Timestamp>) -> Option<u64> {
        self.ended_at.or(now).map(|end| end.millis_since(self.started_at))
    }

    /// How long all took, from the first one's beginning to the last one's end, in milliseconds.
    #[must_use]
    pub fn took_in_all(steps: &[Self], now: Option<Timestamp>) -> Option<u64> {
        let (first, last) = (steps.first()?, steps.last()?);
        last.ended_at.or(now).map(|end| end.millis_since(first.started_at))
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
    /// How long it may run in all, and by whose rule.
    pub allowance: Allowance,
    /// How long its team keeps it when it does not run.
    pub grace: Span,
    /// What counts as its use, where idleness stops it.
    pub idle: Option<IdleRule>,
    /// What the viewer may not do, with the reason; an operation that is not here may be tried.
    pub refused: Vec<(Operation, String)>,
}

impl EnvironmentDetail {
    /// How far it can be extended.
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        let environment = &self.environment;
        self.allowance.latest(environment.started_at.unwrap_or(environment.created_at))
    }

    /// Why the viewer may not do this.
    #[must_use]
    pub fn refusal(&self, operation: Operation) -> Option<&str> {
        self.refused.iter().find(|(refused, _)| *refused == operation).map(|(_, why)| why.as_str())
    }
}

/// An environment of team blue, owned by Bea.
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn sample(name: &str, state: State) -> Environment {
    serde_json::from_value(serde_json::json!({
        "id": "01900000-0000-7000-8000-000000000001", "name": name, "team": "blue", "owner": "Bea",
        "owner_id": "01900000-0000-7000-8000-00000000000b", "template": {"slug": "web", "version": 4}, "size": "s",
        "host": "dock-01", "state": state, "reason": null, "health": null,
        "ports": [{"name": "http", "container": 80, "protocol": "tcp", "scheme": "http", "host_ip": "0.0.0.0",
            "host_port": 32768, "url": null, "address": "dock-01:32768"}],
        "limits": {"cpus": 0.5, "memory_bytes": 1_073_741_824_u64, "pids": 256},
        "created_at": "2026-01-31T18:40:00Z", "started_at": null, "expires_at": "2026-02-01T02:40:00Z", "revision": 1,
    }))
    .expect("a sample")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn actor(id: char, team: Option<&str>) -> Actor {
        serde_json::from_value(serde_json::json!({
            "id": format!("01900000-0000-7000-8000-00000000000{id}"), "name": "somebody", "email": null, "role": null,
            "teams": team.map(|team| (team, "member")).into_iter().collect::<BTreeMap<_, _>>(), "scope": null,
        }))
        .expect("an actor")
    }

    #[test]
    fn a_refused_operation_says_why_to_the_person() {
        let running = sample("checkout", State::Running);
        for (who, operation, says) in [
            (actor('b', Some("blue")), Operation::Stop, None),
            (actor('b', Some("blue")), Operation::Start, Some("It is running already.")),
            (
                actor('c', Some("blue")),
                Operation::Stop,
                Some("Only its owner, a lead of the team or an admin can do this."),
            ),
            (actor('b', None), Operation::Stop, Some("It belongs to a team that you are not in.")),
        ] {
            assert_eq!(running.permits(&who, operation).err().as_deref(), says);
        }
    }

    #[test]
    fn whoever_may_operate_a_running_environment_may_enter_it_and_others_read_why_not() {
        for (who, state, says) in [
            (actor('b', Some("blue")), State::Running, None),
            (actor('b', Some("blue")), State::Stopped, Some("It does not run. Start it to have a shell in it.")),
            (
                actor('c', Some("blue")),
                State::Running,
                Some("Only its owner, a lead of the team or an admin can do this."),
            ),
            (actor('b', None), State::Running, Some("It belongs to a team that you are not in.")),
        ] {
            assert_eq!(sample("checkout", state).permits_entry(&who).err().as_deref(), says);
        }
    }

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
