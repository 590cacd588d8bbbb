//! What can come of a call to the engine other than its answer.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use bollard::errors::Error as CallError;
use model::text::clean;
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
    /// No addresses are left for another network, or these are another network's.
    #[error("the Docker Engine has no addresses left for another network: {0}")]
    NoAddresses(String),
    /// The engine's disk is full.
    #[error("the Docker host has no space left on its disk")]
    NoSpace,
    /// The engine made a network whose containers reach each other, though it was asked for another kind, as Podman does.
    #[error(
        "the engine keeps containers on one network not apart, and so no environments: Podman does not, Docker Engine does"
    )]
    NotApart,
    /// The engine understood and would not, or could not.
    #[error("the Docker Engine refused ({status}): {message}")]
    Refused { status: u16, message: String },
    /// The answer cannot be understood.
    #[error("the Docker Engine's answer makes no sense: {0}")]
    Nonsense(String),
}

impl EngineError {
    /// By the status and message of the engine's answer. Podman answers 500 where Docker has a status of its own.
    pub(super) fn answered(status: u16, message: &str) -> Self {
        let full = status >= 500 && is_full(message);
        let says = |words: &[&str]| status == 500 && words.iter().any(|words| message.contains(words));
        let absent = says(&["no such container", "no container with"]);
        let in_the_way = says(&["that name is already in use", "container state improper"]);
        let message = clean(message, TEXT_MAX);
        match status {
            _ if full => Self::NoSpace,
            404 => Self::NotFound(message),
            409 => Self::Conflict(message),
            _ if absent => Self::NotFound(message),
            _ if in_the_way => Self::Conflict(message),
            _ => Self::Refused { status, message },
        }
    }

    /// Of a pull, where the registry's refusal is in the message, whatever the status.
    pub(super) fn of_pull(error: CallError) -> Self {
        let (status, message) = match &error {
            CallError::DockerResponseServerError { status_code, message } => (*status_code, message),
            CallError::DockerStreamError { error } => (500, error),
            _ => return error.into(),
        };
        let absent = ["not found", "does not exist", "manifest unknown"];
        Self::answered(if absent.iter().any(|words| message.contains(words)) { 404 } else { status }, message)
    }

    /// Of the making of a network. What the addresses of another one are in the way of has one status on each line of releases:
    /// 403, 409 or 500 where they overlap; 404, and from 27 on 400 or 500, where the engine's own pools are used up.
    pub(super) fn of_network(error: CallError) -> Self {
        let CallError::DockerResponseServerError { message, .. } = &error else { return error.into() };
        let taken = ["overlap", "address pool", "already used on the host"];
        if taken.iter().any(|words| message.contains(words)) {
            return Self::NoAddresses(clean(message, TEXT_MAX));
        }
        error.into()
    }

    pub(super) fn nonsense(what: impl std::fmt::Display) -> Self {
        Self::Nonsense(clean(&what.to_string(), TEXT_MAX))
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

/// Whether a message says that a disk is full. The system's words for it end the message of a failure; anywhere else they
/// may be a name that somebody chose. A cgroup that takes no more says the same, with an empty disk.
fn is_full(message: &str) -> bool {
    let message = message.trim_end();
    let message = message.strip_suffix(": unknown").unwrap_or(message);
    message.ends_with(": no space left on device") && !message.contains("cgroup")
}

impl From<io::Error> for EngineError {
    /// One of ours that went through the library comes out as it went in.
    fn from(error: io::Error) -> Self {
        if let Some(ours) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return ours.clone();
        }
        match error.kind() {
            io::ErrorKind::NotFound => Self::Unreachable("nothing listens there".to_owned()),
            io::ErrorKind::ConnectionRefused => Self::Unreachable("nothing listens there".to_owned()),
            io::ErrorKind::UnexpectedEof => Self::Unreachable("the connection was closed".to_owned()),
            io::ErrorKind::PermissionDenied => Self::Unreachable("this user may not open its socket".to_owned()),
            _ => Self::Unreachable(clean(&error.to_string(), TEXT_MAX)),
        }
    }
}

/// The TLS library's words for it lead to its own documentation.
fn is_eof(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

impl From<hyper::Error> for EngineError {
    fn from(error: hyper::Error) -> Self {
        if error.is_parse() {
            return Self::nonsense("it is not HTTP");
        }
        let cause = match error.source() {
            Some(source) if source.downcast_ref::<io::Error>().is_some_and(is_eof) => "it was closed".to_owned(),
            Some(source) => source.to_string(),
            None => error.to_string(),
        };
        Self::Unreachable(clean(&format!("the connection broke ({cause})"), TEXT_MAX))
    }
}

impl From<CallError> for EngineError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::DockerResponseServerError { status_code, message } => Self::answered(status_code, &message),
            CallError::DockerStreamError { error } => Self::answered(500, &error),
            CallError::IOError { err } => err.into(),
            CallError::HyperResponseError { err } => err.into(),
            CallError::RequestTimeoutError => Self::Unreachable("no answer".to_owned()),
            other => Self::nonsense(other),
        }
    }
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
    }

    #[test]
    fn only_a_full_disk_is_told_as_one() {
        for (status, message, full) in [
            (500, "mkdir /var/lib/docker/overlay2/0: no space left on device", true),
            (
                500,
                "failed to register layer: Error processing tar file(exit status 1): write /x: no space left on device",
                true,
            ),
            (500, "OCI runtime create failed: write /run/x: no space left on device: unknown", true),
            (400, "unable to find user no space left on device: no matching entries in passwd file", false),
            (500, "unable to find user no space left on device: no matching entries in passwd file: unknown", false),
            (500, "mkdir /sys/fs/cgroup/cpuset/docker/4f: no space left on device: unknown", false),
            (400, "invalid variable: no space left on device", false),
        ] {
            assert_eq!(EngineError::answered(status, message) == EngineError::NoSpace, full, "{message}");
        }
    }

    #[test]
    fn what_podman_answers_with_500_is_understood_as_docker_s_own_status() {
        let told = |message| EngineError::answered(500, message);
        let gone = "no container with ID 3c759a found in database: no such container";
        assert!(matches!(told(gone), EngineError::NotFound(_)));
        for conflict in [
            "creating container storage: the container name \"a\" is already in use by 3c759a. You have to remove that \
             container to be able to reuse that name: that name is already in use",
            "can only create exec sessions on running containers: container state improper",
        ] {
            assert!(matches!(told(conflict), EngineError::Conflict(_)), "{conflict}");
        }
        assert!(matches!(EngineError::answered(400, gone), EngineError::Refused { status: 400, .. }));
    }

    #[test]
    fn a_pull_s_message_says_whether_the_image_exists() {
        for (message, absent) in [
            ("manifest for web:1 not found: manifest unknown: manifest unknown", true),
            ("manifest unknown", true),
            ("pull access denied for web, repository does not exist or may require 'docker login'", true),
            ("dial tcp: lookup registry.example: no such host", false),
        ] {
            let answered = CallError::DockerResponseServerError { status_code: 500, message: message.to_owned() };
            let streamed = CallError::DockerStreamError { error: message.to_owned() };
            for error in [answered, streamed] {
                assert_eq!(matches!(EngineError::of_pull(error), EngineError::NotFound(_)), absent, "{message}");
            }
        }
        let full = CallError::DockerStreamError { error: "write /tmp/x: no space left on device".to_owned() };
        assert_eq!(EngineError::of_pull(full), EngineError::NoSpace);
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
