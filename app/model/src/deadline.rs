//! How long an environment may be on its way, and what is said when that time is over: the one table.

use super::environment::State;
use super::units::Span;

/// When an environment that is on its way is taken for stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    pub within: Span,
    /// What did not happen within that time.
    missed: &'static str,
    /// How it is left.
    way_out: &'static str,
    /// Whether each sign of progress begins the time anew.
    pub renewed_by_progress: bool,
}

const START_AGAIN: &str = "Start it again, or remove it.";

impl State {
    /// Each is longer than what one call to the engine may take, since a call's own failure says more. Readiness has the
    /// template's time beside: `ready`. `None` for a state that lasts.
    #[must_use]
    pub const fn deadline(self, ready: Span) -> Option<Deadline> {
        let (seconds, missed, way_out, renewed_by_progress) = match self {
            Self::Reserved => (120, "It was reserved, and nothing more happened", START_AGAIN, false),
            Self::Pulling => (900, "The pull of its image made no progress", START_AGAIN, true),
            Self::Creating => (300, "The Docker Engine did not create its container", START_AGAIN, false),
            Self::Starting => (300 + ready.as_seconds(), "The Docker Engine did not bring it up", START_AGAIN, false),
            Self::Stopping => (
                300,
                "The Docker Engine did not stop it",
                "Stopping is tried again by itself; it can be removed.",
                false,
            ),
            Self::Removing => (300, "The Docker Engine did not remove it", "Remove it again.", false),
            Self::Running | Self::Stopped | Self::Removed | Self::Failed => return None,
        };
        Some(Deadline { within: Span::seconds(seconds), missed, way_out, renewed_by_progress })
    }

    /// What did not happen in time where it was in this state for too long, and how that is left.
    #[must_use]
    pub fn overdue(self) -> (&'static str, &'static str) {
        let deadline = self.deadline(Span::default());
        deadline.map_or(("It took too long", START_AGAIN), |deadline| (deadline.missed, deadline.way_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Operation;
    use crate::reason::Reason;
    use proptest::prelude::*;

    const READY: Span = Span::seconds(30);

    #[test]
    fn what_is_on_its_way_has_a_deadline_and_what_lasts_has_none() {
        for state in State::ALL {
            assert_eq!(state.deadline(READY).is_some(), state.is_transitional(), "{state}");
        }
    }

    #[test]
    fn a_deadline_that_passes_leads_to_failed_which_holds_no_cpu_and_no_memory() {
        for state in State::ALL.into_iter().filter(|state| state.is_transitional()) {
            assert!(state.may_become(State::Failed), "{state}");
        }
        assert!(!State::Failed.holds_resources());
    }

    #[test]
    fn what_is_said_names_the_time_the_cause_and_the_way_out() {
        let overdue = |state: State, last: Option<&str>| {
            let within = state.deadline(READY).expect("a deadline").within;
            Reason::Overdue { state, within, last: last.map(str::to_owned) }.to_string()
        };
        let said = "The Docker Engine did not bring it up within 5 m 30 s. Start it again, or remove it.";
        assert_eq!(overdue(State::Starting, None), said);
        let said = "The Docker Engine did not stop it within 5 m. Last known: It hangs. Stopping is tried again by itself; \
                    it can be removed.";
        assert_eq!(overdue(State::Stopping, Some("It hangs.")), said);
    }

    #[test]
    fn every_state_but_removed_can_be_left_by_a_person_or_is_left_by_its_deadline() {
        for state in State::ALL.into_iter().filter(|state| *state != State::Removed) {
            let by_a_person = Operation::ALL.into_iter().any(|operation| state.allows(operation).is_ok());
            assert!(by_a_person || state.deadline(READY).is_some(), "{state}");
        }
    }

    /// Where an operation of a person's leads at once.
    const fn begun(operation: Operation, at: State) -> State {
        match operation {
            Operation::Start => State::Reserved,
            Operation::Stop | Operation::Restart => State::Stopping,
            Operation::Extend => at,
            Operation::Remove => State::Removing,
        }
    }

    proptest! {
        /// Whatever has happened, waiting for deadlines and asking for what is allowed leads to `removed`.
        #[test]
        fn no_sequence_of_moves_leaves_a_state_without_exit(moves in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
            let mut state = State::Reserved;
            for choice in moves {
                let exits: Vec<State> = State::ALL.into_iter().filter(|next| state.may_become(*next)).collect();
                if exits.is_empty() {
                    prop_assert_eq!(state, State::Removed);
                    break;
                }
                state = *choice.get(&exits);
            }
            if state.deadline(READY).is_some() {
                prop_assert!(state.may_become(State::Failed));
                state = State::Failed;
            }
            if state != State::Removed {
                prop_assert_eq!(state.allows(Operation::Remove), Ok(()));
                prop_assert!(State::Removing.may_become(State::Removed));
            }
        }

        /// What people may ask for is a move that the state machine knows.
        #[test]
        fn what_a_person_may_do_is_a_legal_move(state in prop::sample::select(&State::ALL[..]), operation in prop::sample::select(&Operation::ALL[..])) {
            if state.allows(operation).is_ok() {
                let next = begun(operation, state);
                prop_assert!(next == state || state.may_become(next), "{} {:?}", state, operation);
            }
        }
    }
}
