//! What happens to our containers, told by the engine as it happens.

use futures::{Stream, stream};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use model::environment::Health;
use model::time::Timestamp;
use serde::Deserialize;

use super::container::{ContainerId, health_of};
use super::error::EngineError;
use super::labels::{INSTALLATION, Labels};
use super::wire::escape;

/// Longest event that is read: a container's labels are in it.
const EVENT_MAX: usize = 1 << 20;

/// The engine's words for what is told, `died` and `remove` being Podman's. Health checks make three more each time they
/// run, which nobody needs.
const ACTIONS: [&str; 11] =
    ["create", "start", "kill", "die", "died", "oom", "pause", "unpause", "destroy", "remove", "health_status"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub container: ContainerId,
    pub labels: Labels,
    /// By the engine's clock.
    pub at: Timestamp,
    pub what: Happening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    Created,
    Started,
    /// Somebody asked it to end: at once (SIGKILL), or in order.
    Signalled {
        at_once: bool,
    },
    /// Its process ended.
    Ended {
        exit_code: Option<i64>,
    },
    /// The kernel ended a process of it for want of memory; [`Happening::Ended`] follows where it was the main one.
    OutOfMemory,
    Paused,
    Unpaused,
    Removed,
    Health(Health),
}

/// Where the events of an installation's containers are told.
pub(super) fn path(installation: &str) -> String {
    let label = format!("{INSTALLATION}={installation}");
    let filters = serde_json::json!({ "type": ["container"], "event": ACTIONS, "label": [label] });
    format!("/events?filters={}", escape(&filters.to_string()))
}

/// The events of a subscription. What it ends with is an error, since an engine tells events for ever.
pub(super) fn told(
    body: Incoming,
    ended: impl FnOnce() + Send + 'static,
) -> impl Stream<Item = Result<Event, EngineError>> + Send + 'static {
    let reader = Some((Lines { body, read: Vec::new() }, ended));
    stream::unfold(reader, |reader| async {
        let (mut lines, ended) = reader?;
        match next_event(&mut lines).await {
            Ok(event) => Some((Ok(event), Some((lines, ended)))),
            Err(error) => {
                ended();
                Some((Err(error), None))
            }
        }
    })
}

async fn next_event(lines: &mut Lines<Incoming>) -> Result<Event, EngineError> {
    loop {
        let line = lines.next().await?;
        let answer: EventAnswer = serde_json::from_slice(&line).map_err(EngineError::nonsense)?;
        if let Some(event) = answer.event()? {
            return Ok(event);
        }
    }
}

/// A body's lines.
struct Lines<B> {
    body: B,
    read: Vec<u8>,
}

impl<B> Lines<B>
where
    B: Body<Data = Bytes> + Unpin,
    EngineError: From<B::Error>,
{
    async fn next(&mut self) -> Result<Vec<u8>, EngineError> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let rest = self.read.split_off(end + 1);
                return Ok(std::mem::replace(&mut self.read, rest));
            }
            if self.read.len() > EVENT_MAX {
                return Err(EngineError::nonsense("an event is too long"));
            }
            let frame = self.body.frame().await;
            let frame = frame.ok_or_else(|| EngineError::Unreachable("it tells no more events".to_owned()))??;
            self.read.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        }
    }
}

/// A line of `GET /events`, as far as it is read.
#[derive(Debug, Deserialize)]
struct EventAnswer {
    #[serde(rename = "Action", default)]
    action: String,
    #[serde(rename = "Actor")]
    actor: ActorAnswer,
    time: i64,
    #[serde(rename = "timeNano")]
    time_nano: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct ActorAnswer {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Attributes", default)]
    attributes: Labels,
}

impl EventAnswer {
    /// `None` for what is none of [`ACTIONS`].
    fn event(self) -> Result<Option<Event>, EngineError> {
        let container =
            ContainerId::parse(&self.actor.id).ok_or_else(|| EngineError::nonsense("an event of nothing"))?;
        let Some(what) = self.happening() else { return Ok(None) };
        let millis = self.time_nano.map_or(self.time.saturating_mul(1000), |nanos| nanos / 1_000_000);
        Ok(Some(Event { container, at: Timestamp::from_millis(millis), what, labels: self.actor.attributes }))
    }

    fn happening(&self) -> Option<Happening> {
        Some(match self.action.as_str() {
            "create" => Happening::Created,
            "start" => Happening::Started,
            "kill" => Happening::Signalled { at_once: at_once(self.actor.attributes.get("signal")?)? },
            "die" | "died" => {
                Happening::Ended { exit_code: self.actor.attributes.get("exitCode").and_then(|code| code.parse().ok()) }
            }
            "oom" => Happening::OutOfMemory,
            "pause" => Happening::Paused,
            "unpause" => Happening::Unpaused,
            "destroy" | "remove" => Happening::Removed,
            other => Happening::Health(health_of(other.strip_prefix("health_status:")?.trim())?),
        })
    }
}

/// Of a signal that ends a process or asks it to end, by number or name; an image chooses which one it takes for its stop.
/// `None` for one that only tells it something, such as to read its configuration again.
fn at_once(signal: &str) -> Option<bool> {
    match signal.strip_prefix("SIG").unwrap_or(signal) {
        "9" | "KILL" => Some(true),
        "2" | "3" | "15" | "28" | "37" | "INT" | "QUIT" | "TERM" | "WINCH" | "RTMIN+3" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    /// A body of these parts.
    fn lines(parts: &[&str]) -> Lines<impl Body<Data = Bytes, Error = hyper::Error> + Unpin + use<>> {
        let parts: Vec<_> = parts.iter().map(|part| Ok(Frame::data(Bytes::from((*part).to_owned())))).collect();
        Lines { body: StreamBody::new(stream::iter(parts)), read: Vec::new() }
    }

    #[tokio::test]
    async fn lines_are_put_together_from_whatever_parts_arrive() {
        let mut lines = lines(&["{}\n{\"a\"", ":1}", "\n", "rest"]);
        assert_eq!(lines.next().await, Ok(b"{}\n".to_vec()));
        assert_eq!(lines.next().await, Ok(b"{\"a\":1}\n".to_vec()));
        assert!(matches!(lines.next().await, Err(EngineError::Unreachable(_))));
    }

    #[tokio::test]
    async fn an_event_that_never_ends_is_given_up() {
        let part = "x".repeat(EVENT_MAX / 2);
        let mut lines = lines(&[&part, &part, "x", "\n"]);
        assert!(matches!(lines.next().await, Err(EngineError::Nonsense(_))));
    }

    fn happening(action: &str) -> Result<Option<Happening>, EngineError> {
        let id = "a".repeat(64);
        let text = format!(
            r#"{{"Type":"container","Action":"{action}","Actor":{{"ID":"{id}","Attributes":{{"exitCode":"3"}}}},"time":1}}"#
        );
        let answer: EventAnswer = serde_json::from_str(&text).expect("an event");
        answer.event().map(|event| event.map(|event| event.what))
    }

    #[test]
    fn only_what_is_told_on_is_asked_for() {
        let filters = r#"{"event":["create","start","kill","die","died","oom","pause","unpause","destroy","remove","health_status"],"#;
        let asked = format!(r#"{filters}"label":["berth.installation=here"],"type":["container"]}}"#);
        assert_eq!(path("here"), format!("/events?filters={}", escape(&asked)));
    }

    #[test]
    fn each_of_the_engine_s_words_is_understood_and_others_are_passed_over() {
        for (action, what) in [
            ("create", Some(Happening::Created)),
            ("start", Some(Happening::Started)),
            ("die", Some(Happening::Ended { exit_code: Some(3) })),
            ("died", Some(Happening::Ended { exit_code: Some(3) })),
            ("oom", Some(Happening::OutOfMemory)),
            ("pause", Some(Happening::Paused)),
            ("unpause", Some(Happening::Unpaused)),
            ("destroy", Some(Happening::Removed)),
            ("remove", Some(Happening::Removed)),
            ("health_status: healthy", Some(Happening::Health(Health::Healthy))),
            ("health_status: dozing", None),
            ("exec_start: sh -c true", None),
            ("levitate", None),
        ] {
            assert_eq!(happening(action), Ok(what), "{action}");
        }
    }
}
