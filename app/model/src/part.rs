//! A part: one container of an environment. An environment's state is what its parts' states come to.

use serde::{Deserialize, Serialize};

use super::environment::{Health, Port, State};
use super::name::PartName;
use super::time::Timestamp;

/// A part as people and scripts see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: PartName,
    pub state: State,
    pub health: Option<Health>,
    /// Of its last run, once that has ended.
    pub exit_code: Option<i64>,
    pub ports: Vec<Port>,
    pub started_at: Option<Timestamp>,
    /// Whether somebody has paused it on the host.
    #[serde(default)]
    pub paused: bool,
    /// Whether a process of it was ended for want of memory since it started, while it goes on running.
    #[serde(default)]
    pub out_of_memory: bool,
}

impl Part {
    /// One of which nothing is made yet.
    #[must_use]
    pub const fn reserved(name: PartName) -> Self {
        Self {
            name,
            state: State::Reserved,
            health: None,
            exit_code: None,
            ports: Vec::new(),
            started_at: None,
            paused: false,
            out_of_memory: false,
        }
    }

    /// What is no longer true of one that does not run.
    pub fn forget_run(&mut self) {
        self.ports.clear();
        self.health = None;
        self.paused = false;
        self.out_of_memory = false;
        self.started_at = None;
    }
}

/// What the states of its parts make of an environment: the one that is furthest from running counts, and of those that are on their
/// way the one that is least far. What was removed counts only once all are. Without a part there is nothing.
#[must_use]
pub fn fold(states: impl IntoIterator<Item = State>) -> State {
    // The first that a part is in is the environment's.
    const ORDER: [State; 10] = [
        State::Removing,
        State::Failed,
        State::Stopping,
        State::Reserved,
        State::Pulling,
        State::Creating,
        State::Starting,
        State::Stopped,
        State::Running,
        State::Removed,
    ];
    let place = |state: &State| ORDER.iter().position(|known| known == state);
    states.into_iter().min_by_key(place).unwrap_or(State::Removed)
}

/// The health that an environment shows: the worst of its parts'.
#[must_use]
pub fn worst(healths: impl IntoIterator<Item = Option<Health>>) -> Option<Health> {
    let rank = |health: &Health| match health {
        Health::Unhealthy => 0,
        Health::Starting => 1,
        Health::Healthy => 2,
    };
    healths.into_iter().flatten().min_by_key(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_part_the_environment_s_state_is_that_part_s() {
        for state in State::ALL {
            assert_eq!(fold([state]), state);
            assert_eq!(fold([state, state]), state);
        }
        assert_eq!(fold([]), State::Removed);
    }

    #[test]
    fn the_part_that_is_furthest_from_running_counts() {
        use State::{Failed, Pulling, Removed, Removing, Reserved, Running, Starting, Stopped, Stopping};
        for (parts, state) in [
            ([Running, Stopped], Stopped),
            ([Running, Starting], Starting),
            ([Starting, Pulling], Pulling),
            ([Reserved, Pulling], Reserved),
            ([Running, Failed], Failed),
            ([Stopping, Stopped], Stopping),
            ([Removed, Removing], Removing),
            ([Failed, Removing], Removing),
            ([Removed, Stopped], Stopped),
        ] {
            assert_eq!(fold(parts), state, "{parts:?}");
            assert_eq!(fold([parts[1], parts[0]]), state, "{parts:?}, the other way round");
        }
    }

    #[test]
    fn one_unhealthy_part_makes_the_environment_unhealthy() {
        use Health::{Healthy, Starting, Unhealthy};
        assert_eq!(worst([Some(Healthy), None, Some(Unhealthy), Some(Starting)]), Some(Unhealthy));
        assert_eq!(worst([Some(Healthy), Some(Starting)]), Some(Starting));
        assert_eq!(worst([None, None]), None);
    }
}
