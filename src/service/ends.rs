//! What the engine told of how containers end. It keeps an exit code alone: that somebody ended one on the host is told once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use docker::{Container, ContainerId, Event, Happening};
use model::time::Timestamp;
use model::units::Span;

/// How long after a signal an end may still be its doing.
const LEAVE: Span = Span::seconds(600);

/// The exit code of a process that SIGKILL ended, as the kernel does for want of memory.
const KILLED: i64 = 137;

/// Why a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// For all that is known, its process ended by itself.
    Itself,
    /// Somebody stopped it on the host.
    Stopped,
    /// Somebody killed it on the host.
    Killed,
    /// The engine, or the machine it is on, went down.
    Restart,
}

/// What was heard of containers since they started, until they are gone.
#[derive(Debug, Clone, Default)]
pub struct Ends(Arc<Mutex<HashMap<ContainerId, Heard>>>);

#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    signal: Option<Signal>,
    ended: bool,
}

#[derive(Debug, Clone, Copy)]
struct Signal {
    at_once: bool,
    at: Timestamp,
}

impl Ends {
    pub fn hear(&self, Event { container, at, what, .. }: &Event) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Happening::Signalled { at_once } => {
                let heard = all.entry(container.clone()).or_default();
                // A stop that is not heeded is followed by a kill.
                if heard.signal.is_none_or(|signal| signal.at.after(LEAVE) < *at) {
                    heard.signal = Some(Signal { at_once: *at_once, at: *at });
                }
            }
            Happening::Ended { .. } => {
                let heard = all.entry(container.clone()).or_default();
                heard.ended = true;
                heard.signal = heard.signal.filter(|signal| *at <= signal.at.after(LEAVE));
            }
            Happening::Started | Happening::Removed => drop(all.remove(container)),
            _ => {}
        }
    }

    /// Why a container that has run since `began` has ended, on an engine that started then.
    pub fn cause(&self, of: &ContainerId, began: Option<Timestamp>, engine_started: Option<Timestamp>) -> Cause {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(of).copied().unwrap_or_default();
        match heard {
            Heard { ended: true, signal: Some(signal) } if signal.at_once => Cause::Killed,
            Heard { ended: true, signal: Some(_) } => Cause::Stopped,
            Heard { ended: true, signal: None } => Cause::Itself,
            // An engine that goes down tells nothing of what it ends, and neither does one that finds it ended.
            Heard { ended: false, .. } if began.zip(engine_started).is_some_and(|(began, engine)| began < engine) => {
                Cause::Restart
            }
            Heard { ended: false, .. } => Cause::Itself,
        }
    }
}

/// How a container ended, in words.
#[must_use]
pub fn ended(container: &Container, cause: Cause) -> String {
    let code = container.exit_code;
    let how = match (cause, &container.error, code) {
        (Cause::Restart, ..) => "the Docker Engine or its host restarted".to_owned(),
        (Cause::Killed, ..) => "it was killed on the host".to_owned(),
        (Cause::Stopped, _, Some(code)) => format!("it was stopped on the host (exit code {code})"),
        (Cause::Stopped, _, None) => "it was stopped on the host".to_owned(),
        (Cause::Itself, Some(error), _) => format!("the engine could not run it: {error}"),
        (Cause::Itself, None, Some(KILLED)) if container.oom_killed => {
            return format!("it was ended for want of memory (out of memory, exit code {KILLED})");
        }
        (Cause::Itself, None, Some(0)) => "it ended by itself (exit code 0)".to_owned(),
        (Cause::Itself, None, Some(code)) => format!("it ended with exit code {code}"),
        (Cause::Itself, None, None) => "it ended".to_owned(),
    };
    if container.oom_killed { format!("{how}; before that, a process of it was ended for want of memory") } else { how }
}

/// Whether an end is no failure: what ended in order, or by somebody's hand.
#[must_use]
pub fn is_clean(container: &Container, cause: Cause) -> bool {
    cause != Cause::Itself || container.exit_code == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use docker::Labels;

    const AT: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn container() -> ContainerId {
        ContainerId::parse("0123456789ab").expect("an id")
    }

    fn heard(happenings: &[(Timestamp, Happening)]) -> Ends {
        let ends = Ends::default();
        for (at, what) in happenings {
            ends.hear(&Event { container: container(), labels: Labels::default(), at: *at, what: *what });
        }
        ends
    }

    const STOP: Happening = Happening::Signalled { at_once: false };
    const KILL: Happening = Happening::Signalled { at_once: true };
    const END: Happening = Happening::Ended { exit_code: Some(0) };

    #[test]
    fn who_ended_it_is_who_was_heard_first() {
        let later = AT.after(Span::seconds(10));
        let much_later = AT.after(Span::hours(2));
        for (happenings, cause) in [
            (vec![(AT, END)], Cause::Itself),
            (vec![(AT, STOP), (AT, END)], Cause::Stopped),
            (vec![(AT, KILL), (AT, END)], Cause::Killed),
            (vec![(AT, STOP), (later, KILL), (later, END)], Cause::Stopped),
            (vec![(AT, STOP), (much_later, END)], Cause::Itself),
            (vec![(AT, STOP), (much_later, KILL), (much_later, END)], Cause::Killed),
            (vec![(AT, STOP), (AT, END), (later, Happening::Started), (much_later, END)], Cause::Itself),
        ] {
            assert_eq!(heard(&happenings).cause(&container(), Some(AT), None), cause, "{happenings:?}");
        }
    }

    #[test]
    fn an_end_that_nobody_heard_of_is_the_engine_s_where_that_started_later() {
        let (before, after) = (AT.before(Span::seconds(1)), AT.after(Span::seconds(1)));
        let cause = |ends: Ends, engine_started| ends.cause(&container(), Some(AT), engine_started);
        assert_eq!(cause(heard(&[]), Some(after)), Cause::Restart);
        assert_eq!(cause(heard(&[]), Some(before)), Cause::Itself);
        assert_eq!(cause(heard(&[]), None), Cause::Itself);
        // It outlived the engine's restart, and ended then.
        assert_eq!(cause(heard(&[(after, END)]), Some(after)), Cause::Itself);
        assert_eq!(heard(&[]).cause(&container(), None, Some(after)), Cause::Itself);
    }
}
