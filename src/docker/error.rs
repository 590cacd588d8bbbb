//! What can come of a call to the engine other than its answer.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use bollard::errors::Error as CallError;
use thiserror::Error;

/// Longest text of the engine that is passed on, in characters.
const TEXT_MAX: usize = 400;

/// A call's failure, as far as anybody acts on the difference. Its text is for people: one bounded line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EngineError {
    /// No connection, or it broke: what was asked may or may not have been done.
    #[error("the Docker Engine cannot be reached: {0}")]
    Unreachable(String),
    /// No answer in time: what was asked may or may not have been done.
    #[error("the Docker Engine did not answer within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The container or image is not there.
    #[error("{0}")]
    NotFound(String),
    /// Something is in the way: a name in use, a removal under way.
    #[error("{0}")]
    Conflict(String),
    /// The engine's disk is full.
    #[error("the Docker host has no space left on its disk")]
    NoSpace,
    /// The engine understood and would not, or could not.
    #[error("the Docker Engine refused ({status}): {message}")]
    Refused { status: u16, message: String },
    /// The answer cannot be understood.
    #[error("the Docker Engine's answer makes no sense: {0}")]
    Nonsense(String),
}

impl EngineError {
    /// By the status and message of the engine's answer.
    pub(super) fn answered(status: u16, message: &str) -> Self {
        let message = plain(message, TEXT_MAX);
        match status {
            _ if message.contains("no space left on device") => Self::NoSpace,
            404 => Self::NotFound(message),
            409 => Self::Conflict(message),
            _ => Self::Refused { status, message },
        }
    }

    /// By the message in a stream that began well.
    fn in_stream(message: &str) -> Self {
        let absent = ["not found", "does not exist", "manifest unknown", "No such image"];
        let status = if absent.iter().any(|words| message.contains(words)) { 404 } else { 500 };
        Self::answered(status, message)
    }

    pub(super) fn nonsense(what: impl std::fmt::Display) -> Self {
        Self::Nonsense(plain(&what.to_string(), TEXT_MAX))
    }

    /// The same, where the engine's message repeats none of `secrets`, be it as they are or quoted.
    pub(super) fn without(secrets: &[&str], error: CallError) -> Self {
        match error {
            CallError::DockerResponseServerError { status_code, message } => {
                let take_out = |text: String, secret: &&str| {
                    text.replace(*secret, "…").replace(&secret.escape_debug().to_string(), "…")
                };
                Self::answered(status_code, &secrets.iter().fold(message, take_out))
            }
            other => other.into(),
        }
    }
}

impl From<io::Error> for EngineError {
    /// One of ours that went through the library comes out as it went in.
    fn from(error: io::Error) -> Self {
        if let Some(ours) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return ours.clone();
        }
        match error.kind() {
            io::ErrorKind::NotFound => Self::Unreachable("nothing listens there".to_owned()),
            io::ErrorKind::ConnectionRefused => Self::Unreachable("nothing listens there any more".to_owned()),
            io::ErrorKind::PermissionDenied => Self::Unreachable("this user may not open its socket".to_owned()),
            _ => Self::Unreachable(plain(&error.to_string(), TEXT_MAX)),
        }
    }
}

impl From<hyper::Error> for EngineError {
    fn from(error: hyper::Error) -> Self {
        if error.is_parse() {
            return Self::nonsense("it is not HTTP");
        }
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        Self::Unreachable(plain(&format!("the connection broke ({cause})"), TEXT_MAX))
    }
}

impl From<CallError> for EngineError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::DockerResponseServerError { status_code, message } => Self::answered(status_code, &message),
            CallError::DockerStreamError { error } => Self::in_stream(&error),
            CallError::IOError { err } => err.into(),
            CallError::HyperResponseError { err } => err.into(),
            CallError::RequestTimeoutError => Self::Unreachable("no answer".to_owned()),
            other => Self::nonsense(other),
        }
    }
}

/// One line of at most `longest` characters, whatever `text` holds.
pub(super) fn plain(text: &str, longest: usize) -> String {
    let mut line: String = text.trim().chars().take(longest).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.trim().chars().nth(longest).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_s_status_says_what_can_be_done() {
        let full = "write /var/lib/docker/tmp/x: no space left on device";
        assert_eq!(EngineError::answered(500, full), EngineError::NoSpace);
        assert!(matches!(EngineError::answered(404, "No such container: x"), EngineError::NotFound(_)));
        assert!(matches!(EngineError::answered(409, "in use"), EngineError::Conflict(_)));
        assert!(matches!(EngineError::answered(503, "busy"), EngineError::Refused { status: 503, .. }));
        assert!(matches!(EngineError::in_stream("manifest unknown"), EngineError::NotFound(_)));
    }

    #[test]
    fn the_text_is_one_short_line_whatever_the_engine_says() {
        let long = format!("a\u{1b}[31m\nb{}", "x".repeat(1 << 20));
        let shown = EngineError::answered(500, &long).to_string();
        assert!(shown.chars().count() < 500 && !shown.chars().any(char::is_control), "{shown:.80}");
    }

    #[test]
    fn the_values_of_variables_are_taken_out_before_anything_is_cut() {
        let message = format!("invalid: hunter2, \"two\\nlines\" {}hunter2", "x".repeat(TEXT_MAX));
        let refused = CallError::DockerResponseServerError { status_code: 400, message };
        let shown = EngineError::without(&["hunter2", "two\nlines"], refused).to_string();
        assert!(shown.starts_with("the Docker Engine refused (400): invalid: …, \"…\" xx"), "{shown}");
        assert!(!shown.contains("hunt"), "{shown}");
    }
}
