//! Why an environment is in its state: a value that is decided on, and its sentence for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::environment::State;
use super::idle::Sign;
use super::time::Timestamp;
use super::units::{Memory, Span};

/// Stored as JSON, by its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// In words alone.
    Words {
        text: String,
    },
    StoppedBy {
        name: String,
    },
    /// Its lifetime was over. `late`: that was at `at`, while Berth was away, and it was stopped then.
    LifetimeEnded {
        at: Timestamp,
        late: Option<Timestamp>,
    },
    Idle {
        after: Span,
        last: Sign,
        at: Timestamp,
    },
    /// It has written more than its size allows.
    OverDisk {
        written: Memory,
        limit: Memory,
        grace: Span,
    },
    /// Its container ended, in words: how, and when.
    Ended {
        how: String,
        at: Option<Timestamp>,
    },
    EndedBeforeReady {
        how: String,
        last_lines: String,
    },
    NotReady {
        within: Span,
        answer: String,
        last_lines: String,
    },
    /// What ended it, in words; it starts again by itself.
    StartsAgain {
        how: String,
    },
    FoundAgain,
    Disappeared,
    /// While it did not run.
    RemovedOnHost,
    /// There was no room for it.
    StartedOnHost {
        refused: String,
    },
    /// The server ended meanwhile.
    Abandoned,
    ImageNameRefused,
    ImageAbsent,
    Pulling {
        done: u64,
        total: u64,
    },
    /// It took longer than its state may last. `last` is what was known of the cause before.
    Overdue {
        state: State,
        within: Span,
        last: Option<String>,
    },
    /// The engine, or the specification, or the server's disk, in words for everybody.
    Refused {
        why: String,
    },
    /// What is to be done for `why` is not done yet.
    NotYet {
        why: Option<Box<Self>>,
        trouble: String,
        until: Until,
    },
    /// Its removal was due while Berth was away.
    RemovalPutOff {
        before: Option<Box<Self>>,
        due: Timestamp,
    },
}

/// When it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    EngineAnswers,
    ThereIsRoom,
    NextLook,
}

impl Reason {
    /// Stable, for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Words { .. } => "words",
            Self::StoppedBy { .. } => "stopped_by",
            Self::LifetimeEnded { .. } => "lifetime_ended",
            Self::Idle { .. } => "idle",
            Self::OverDisk { .. } => "over_disk",
            Self::Ended { .. } => "ended",
            Self::EndedBeforeReady { .. } => "ended_before_ready",
            Self::NotReady { .. } => "not_ready",
            Self::StartsAgain { .. } => "starts_again",
            Self::FoundAgain => "found_again",
            Self::Disappeared => "disappeared",
            Self::RemovedOnHost => "removed_on_host",
            Self::StartedOnHost { .. } => "started_on_host",
            Self::Abandoned => "abandoned",
            Self::ImageNameRefused => "image_name_refused",
            Self::ImageAbsent => "image_absent",
            Self::Pulling { .. } => "pulling",
            Self::Overdue { .. } => "overdue",
            Self::Refused { .. } => "refused",
            Self::NotYet { .. } => "not_yet",
            Self::RemovalPutOff { .. } => "removal_put_off",
        }
    }

    /// The same with why it is not done yet, in place of why it was not before.
    #[must_use]
    pub fn not_yet(before: Option<Self>, trouble: String, until: Until) -> Self {
        Self::NotYet { why: before.and_then(Self::without_waiting).map(Box::new), trouble, until }
    }

    /// Why it is done, once it is.
    #[must_use]
    pub fn without_waiting(self) -> Option<Self> {
        match self {
            Self::NotYet { why, .. } => why.map(|why| *why),
            other => Some(other),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words { text } | Self::Refused { why: text } => f.write_str(text),
            Self::StoppedBy { name } => write!(f, "Stopped by {name}."),
            Self::LifetimeEnded { late: None, .. } => f.write_str("Its lifetime ended."),
            Self::LifetimeEnded { at, late: Some(stopped) } => {
                let (at, stopped) = (at.short_utc(), stopped.short_utc());
                write!(f, "Its lifetime ended at {at}, while Berth was away; it was stopped at {stopped}.")
            }
            Self::Idle { after, last, at } => {
                let (after, last, at) = (after.words(), last.words(), at.short_utc());
                write!(f, "It was idle for {after}. Its last activity: {last}, {at}.")
            }
            Self::OverDisk { written, limit, grace } => write!(
                f,
                "It has written {written} to its disk, and its size allows {limit}. Start it to make room: it is stopped again if \
                 it is still over after {}.",
                grace.words()
            ),
            Self::Ended { how, at: None } => write!(f, "{how}."),
            Self::Ended { how, at: Some(at) } => write!(f, "{how} at {}.", at.short_utc()),
            Self::EndedBeforeReady { how, last_lines } => {
                write!(f, "It ended before it was ready: {how}.{}", Lines(last_lines))
            }
            Self::NotReady { within, answer, last_lines } => {
                write!(f, "It was not ready within {within}: {answer}.{}", Lines(last_lines))
            }
            Self::StartsAgain { how } => write!(f, "{how}. It starts again."),
            Self::FoundAgain => f.write_str("Its container was found again on the host."),
            Self::Disappeared => f.write_str("Its container has disappeared from the host."),
            Self::RemovedOnHost => f.write_str(
                "Its container was removed on the host, with what was in it. A start makes a new one.",
            ),
            Self::StartedOnHost { refused } => {
                write!(f, "It was started on the host, and stopped again: {refused}")
            }
            Self::Abandoned => f.write_str(
                "This was under way when the server ended or could not go on. Nothing is held; start it again.",
            ),
            Self::ImageNameRefused => f.write_str(
                "Its image has a name that the Docker Engine refuses. An admin can mend the template.",
            ),
            Self::ImageAbsent => f.write_str(
                "Its image is neither on the host nor in a registry that the host reaches. An admin can mend the template.",
            ),
            Self::Pulling { done, total } => write!(f, "Pulling the image: {done} of {total} layers."),
            Self::Overdue { state, within, last } => {
                let last = last.as_ref().map(|last| format!(" Last known: {last}")).unwrap_or_default();
                let (missed, way_out) = state.overdue();
                write!(f, "{missed} within {}.{last} {way_out}", within.words())
            }
            Self::NotYet { why, trouble, until } => {
                if let Some(why) = why {
                    write!(f, "{why} ")?;
                }
                let when = match until {
                    Until::EngineAnswers => "It goes on when the engine answers.",
                    Until::ThereIsRoom => "It goes on when there is room again.",
                    Until::NextLook => "It is tried again within a minute.",
                };
                write!(f, "Not yet done: {trouble} {when}")
            }
            Self::RemovalPutOff { before, due } => {
                if let Some(before) = before {
                    write!(f, "{before} ")?;
                }
                write!(f, "Its removal was due at {}, while Berth was away, and is put off.", due.short_utc())
            }
        }
    }
}

/// The last lines of a log behind a sentence, where there are any.
struct Lines<'a>(&'a str);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " Its last lines: {}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_bea() -> Reason {
        Reason::StoppedBy { name: "Bea".to_owned() }
    }

    #[test]
    fn what_waits_says_for_what_and_why_it_is_done_however_often_it_fails() {
        let away = |before| Reason::not_yet(before, "Nothing listens there.".to_owned(), Until::EngineAnswers);
        let full = |before| Reason::not_yet(before, "The disk of the server is full.".to_owned(), Until::ThereIsRoom);
        let first = away(Some(by_bea()));
        let told = "Stopped by Bea. Not yet done: Nothing listens there. It goes on when the engine answers.";
        assert_eq!(first.to_string(), told);
        let room = "Not yet done: The disk of the server is full. It goes on when there is room again.";
        assert_eq!(full(Some(first.clone())).to_string(), format!("Stopped by Bea. {room}"));
        assert_eq!(first.without_waiting(), Some(by_bea()));
        let nameless = full(None);
        assert_eq!(nameless.to_string(), room);
        assert_eq!(full(Some(nameless.clone())), nameless);
        assert_eq!(nameless.without_waiting(), None);
    }

    #[test]
    fn what_is_stored_is_read_again_by_its_code() {
        let at = Timestamp::from_millis(1_800_000_000_000);
        for reason in [
            Reason::Words { text: "As before.".to_owned() },
            by_bea(),
            Reason::LifetimeEnded { at, late: Some(at) },
            Reason::Idle { after: Span::hours(2), last: Sign::Terminal, at },
            Reason::Overdue { state: State::Stopping, within: Span::seconds(300), last: None },
            Reason::not_yet(Some(by_bea()), "Why.".to_owned(), Until::NextLook),
            Reason::RemovalPutOff { before: Some(Box::new(by_bea())), due: at },
            Reason::Disappeared,
        ] {
            let text = serde_json::to_string(&reason).expect("JSON");
            assert!(text.contains(&format!("\"code\":\"{}\"", reason.code())), "{text}");
            assert_eq!(serde_json::from_str::<Reason>(&text).ok(), Some(reason));
        }
    }

    #[test]
    fn every_sentence_ends() {
        let how = || "It ended with exit code 3".to_owned();
        for (reason, sentence) in [
            (Reason::Ended { how: how(), at: None }, "It ended with exit code 3."),
            (
                Reason::NotReady { within: Span::seconds(30), answer: "refused".to_owned(), last_lines: String::new() },
                "It was not ready within 30s: refused.",
            ),
            (
                Reason::EndedBeforeReady {
                    how: "it ended with exit code 3".to_owned(),
                    last_lines: "giving up".to_owned(),
                },
                "It ended before it was ready: it ended with exit code 3. Its last lines: giving up",
            ),
            (Reason::StartsAgain { how: how() }, "It ended with exit code 3. It starts again."),
            (Reason::Pulling { done: 2, total: 5 }, "Pulling the image: 2 of 5 layers."),
        ] {
            assert_eq!(reason.to_string(), sentence);
        }
    }
}
