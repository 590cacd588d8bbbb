//! The calls: one method for each thing that Berth asks of an engine.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bollard::errors::Error as CallError;
use bollard::models::{ContainerCreateBody, CreateImageInfo, NetworkConnectRequest, NetworkDisconnectRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StopContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use futures::{FutureExt, Stream, StreamExt};
use hyper::header::DATE;
use model::idle::Counters;
use model::terminal::Size;
use model::text::clean;
use model::time::Timestamp;
use model::units::{Memory, Span};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::connection::{Address, Connection, ConnectionError};
use super::container::{Container, ContainerId, ImageId, InspectAnswer, ListAnswer, Listed};
use super::error::EngineError;
use super::events::{self, Event};
use super::host::{HostFacts, InfoAnswer, Pong, VersionAnswer};
use super::labels::INSTALLATION;
use super::lanes::{Lanes, Patience};
use super::logs::{LINES_MAX, Tail};
use super::network::{Attachment, Network, NetworkAnswer, NetworkSpec};
use super::pulls::{PullProgress, Pulls, Teller, is_reference, with_tag};
use super::spec::ContainerSpec;
use super::stats::StatsAnswer;
use super::terminal::{self, Input, Output, Shell};
use super::wire::{Wire, escape};

/// Longer than any call: the lanes say how long each may take.
const LIBRARY_TIMEOUT_SECONDS: u64 = 24 * 3600;

/// Fewest pieces of a log that are asked for.
const PIECES_MIN: usize = 32;

/// A Docker Engine. Cheap to clone; clones share its lanes and its pulls. The engine may be down when it is made, die and
/// return: each call finds out for itself.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    wire: Arc<Wire>,
    calls: Docker,
    lanes: Lanes,
    pulls: Pulls,
    /// Whether its storage has refused a limit on disk.
    no_limit_on_disk: AtomicBool,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("wire", &self.inner.wire)
            .field("lanes", &self.inner.lanes)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens no connection.
    ///
    /// # Errors
    /// When the settings cannot be used, whether or not an engine is there.
    pub fn connect(connection: &Connection) -> Result<Self, ConnectionError> {
        Self::connect_with(connection, Patience::default())
    }

    /// # Errors
    /// As [`Engine::connect`].
    pub fn connect_with(connection: &Connection, patience: Patience) -> Result<Self, ConnectionError> {
        Self::connect_to(connection.address()?, patience)
    }

    /// What stands for an engine that is not there: each call of it fails, for this reason.
    #[must_use]
    pub fn absent(why: &'static str) -> Self {
        Self::connect_to(Address::Absent(why), Patience::default()).expect("nothing to be wrong with")
    }

    /// An engine in the same process.
    #[cfg(any(test, feature = "testing"))]
    pub fn inside(way: super::connection::Inside, patience: Patience) -> Self {
        Self::connect_to(Address::Inside(way), patience).expect("nothing to be wrong with")
    }

    fn connect_to(address: Address, patience: Patience) -> Result<Self, ConnectionError> {
        let wire = Arc::new(Wire::new(address, patience.connect));
        let way = wire.clone();
        let transport = move |request: BollardRequest| {
            let way = way.clone();
            async move { way.send(request).await.map_err(|error| CallError::from(io::Error::other(error))) }
        };
        let library = Docker::connect_with_custom_transport(
            transport,
            Some("http://docker"),
            LIBRARY_TIMEOUT_SECONDS,
            API_DEFAULT_VERSION,
        );
        let calls = library.map_err(|error| ConnectionError::Host(error.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                wire,
                calls,
                lanes: Lanes::new(patience),
                pulls: Pulls::default(),
                no_limit_on_disk: AtomicBool::new(false),
            }),
        })
    }

    /// What the engine is and how much the host has.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn host(&self) -> Result<HostFacts, EngineError> {
        let Inner { wire, lanes, .. } = &*self.inner;
        let version: VersionAnswer = lanes.short(wire.get("/version")).await?;
        let info: InfoAnswer = lanes.short(wire.get("/info")).await?;
        let bridge = match lanes.short(wire.get::<NetworkAnswer>("/networks/bridge")).await {
            Ok(bridge) => Some(Network::from(bridge)),
            // An engine without a default bridge, or by another name.
            Err(EngineError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        let facts = HostFacts::new(&version, &info, bridge.as_ref());
        Ok(HostFacts { certificate_ends_at: wire.certificate_ends_at(), ..facts })
    }

    /// Whether it answers now, and what changes of the way to it.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn ping(&self) -> Result<Pong, EngineError> {
        let Inner { wire, lanes, .. } = &*self.inner;
        let answer = lanes.short(wire.open("/_ping")).await?;
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        let time = date.and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok());
        Ok(Pong {
            time: time.map(|time| Timestamp::from_millis(time.timestamp_millis())),
            certificate_ends_at: wire.certificate_ends_at(),
        })
    }

    /// Every network that the engine has.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn networks(&self) -> Result<Vec<Network>, EngineError> {
        let Inner { wire, lanes, .. } = &*self.inner;
        let answer: Vec<NetworkAnswer> = lanes.short(wire.get("/networks")).await?;
        Ok(answer.into_iter().map(Network::from).collect())
    }

    /// Makes a network.
    ///
    /// # Errors
    /// [`EngineError`]; `NoAddresses` when the engine has none left for it, or they are another network's; `NotApart` when the
    /// engine would make it of another kind.
    pub async fn make_network(&self, spec: &NetworkSpec<'_>) -> Result<Attachment, EngineError> {
        let made = async { self.inner.calls.create_network(spec.body()).await.map_err(EngineError::of_network) };
        let Inner { wire, lanes, .. } = &*self.inner;
        let id = lanes.launch(made.boxed()).await?.id;
        let made = Network::from(lanes.short(wire.get::<NetworkAnswer>(&format!("/networks/{}", escape(&id)))).await?);
        if made.is_apart {
            return Ok(made.attachment());
        }
        self.remove_network(&id).await?;
        Err(EngineError::NotApart)
    }

    /// Removes a network; one that is gone is removed.
    ///
    /// # Errors
    /// [`EngineError`]; when a container runs on it.
    pub async fn remove_network(&self, id: &str) -> Result<(), EngineError> {
        let call = async { Ok(self.inner.calls.remove_network(id).await?) };
        match self.inner.lanes.stop(Span::default(), call.boxed()).await {
            Err(EngineError::NotFound(_)) => Ok(()),
            removed => removed,
        }
    }

    /// Moves a container that does not run to another network; the networks that it hung on may be gone.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn move_to(&self, container: &Container, network: &Attachment) -> Result<(), EngineError> {
        let calls = &self.inner.calls;
        for old in &container.networks {
            let body = NetworkDisconnectRequest { container: container.id.to_string(), force: Some(true) };
            let call = async { Ok(calls.disconnect_network(old, body).await?) };
            match self.inner.lanes.short(call.boxed()).await {
                Ok(()) | Err(EngineError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let body = NetworkConnectRequest { container: container.id.to_string(), endpoint_config: None };
        self.inner.lanes.short(async { Ok(calls.connect_network(network.as_str(), body).await?) }.boxed()).await
    }

    /// The image that `reference` names on the host now; `None` when there is none.
    ///
    /// # Errors
    /// [`EngineError`]; `Refused` when `reference` cannot be the name of an image.
    pub async fn image(&self, reference: &str) -> Result<Option<ImageId>, EngineError> {
        self.inner.image(reference).await
    }

    /// The digests that the image on the host is known by in registries, as `name@sha256:…`; `None` where it is not there.
    ///
    /// # Errors
    /// [`EngineError`].
    pub async fn digests(&self, reference: &str) -> Result<Option<Vec<String>>, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer {
            #[serde(default)]
            repo_digests: Option<Vec<String>>,
        }
        let path = format!("/images/{}/json", checked(reference)?);
        match self.inner.lanes.short(self.inner.wire.get::<Answer>(&path)).await {
            Ok(answer) => Ok(Some(answer.repo_digests.unwrap_or_default())),
            Err(EngineError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Brings an image from its registry. Everybody who asks for the same reference meanwhile waits for the same pull and
    /// is told its progress; it is given up when nobody waits any more.
    ///
    /// # Errors
    /// [`EngineError`]; `NotFound` when the registry has no such image or does not give it to this host.
    pub async fn pull(&self, reference: &str, progress: impl Fn(PullProgress) + Send) -> Result<ImageId, EngineError> {
        let reference = with_tag(checked(reference)?);
        let begin = |teller| {
            let (inner, reference) = (self.inner.clone(), reference.clone());
            async move { inner.pull(&reference, &teller).await }
        };
        self.inner.pulls.join(&reference, progress, begin).await
    }

    /// Makes the container and does not start it. Where the same attempt has made it already, that one is given.
    ///
    /// # Errors
    /// [`EngineError`]; `NotFound` when the image is not there, `Conflict` when the name belongs to something else.
    pub async fn create(&self, spec: &ContainerSpec) -> Result<ContainerId, EngineError> {
        let created = self.inner.lanes.launch(self.inner.create(spec)).await;
        let Err(EngineError::Conflict(message)) = created else { return created };
        let Inner { wire, lanes, .. } = &*self.inner;
        match lanes.short(wire.get::<InspectAnswer>(&format!("/containers/{}/json", spec.name()))).await {
            Ok(there) => Container::from(there).of_attempt(spec.labels()).ok_or(EngineError::Conflict(message)),
            // Gone meanwhile; the next attempt will not meet it.
            Err(EngineError::NotFound(_)) => Err(EngineError::Conflict(message)),
            Err(error) => Err(error),
        }
    }

    /// Starts a container; one that runs already is left as it is.
    ///
    /// # Errors
    /// [`EngineError`]; `Refused` with the engine's message when the container's own command cannot be run.
    pub async fn start(&self, id: &ContainerId) -> Result<(), EngineError> {
        let call = async { Ok(self.inner.calls.start_container(id.as_str(), None).await?) };
        self.inner.lanes.launch(call).await
    }

    /// Asks a container to stop and ends it after `grace`; one that does not run is left as it is.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn stop(&self, id: &ContainerId, grace: Span) -> Result<(), EngineError> {
        let seconds = i32::try_from(grace.as_seconds()).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::new().t(seconds).build();
        let call = || async { Ok(self.inner.calls.stop_container(id.as_str(), Some(options.clone())).await?) };
        match self.inner.lanes.stop(grace, call()).await {
            Err(EngineError::Conflict(_)) => {}
            stopped => return stopped,
        }
        // Podman stops nothing that is paused.
        let unpause = async { Ok(self.inner.calls.unpause_container(id.as_str()).await?) };
        self.inner.lanes.short(unpause).await?;
        self.inner.lanes.stop(grace, call()).await
    }

    /// Removes a container with its anonymous volumes, running or not. One that is gone is removed.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn remove(&self, id: &ContainerId) -> Result<(), EngineError> {
        self.inner.lanes.stop(Span::default(), self.inner.remove(id)).await
    }

    /// # Errors
    /// [`EngineError`]
    pub async fn inspect(&self, id: &ContainerId) -> Result<Container, EngineError> {
        let Inner { wire, lanes, .. } = &*self.inner;
        let answer: InspectAnswer = lanes.short(wire.get(&format!("/containers/{id}/json"))).await?;
        Ok(answer.into())
    }

    /// What a container that runs has used since its start. One answer, without the second that the engine would wait to
    /// compare two.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn stats(&self, id: &ContainerId) -> Result<Counters, EngineError> {
        let Inner { wire, lanes, .. } = &*self.inner;
        let path = format!("/containers/{id}/stats?stream=false&one-shot=true");
        let answer: StatsAnswer = lanes.figures(wire.get(&path)).await?;
        Ok(answer.into())
    }

    /// What a container has written into its own layer and not deleted again, running or not.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn written(&self, id: &ContainerId) -> Result<Memory, EngineError> {
        #[derive(Deserialize)]
        struct Answer {
            // An engine leaves out what is nothing.
            #[serde(rename = "SizeRw", default)]
            written: Option<u64>,
        }
        let Inner { wire, lanes, .. } = &*self.inner;
        let answer: Answer = lanes.disk(wire.get(&format!("/containers/{id}/json?size=true"))).await?;
        Ok(Memory::bytes(answer.written.unwrap_or_default()))
    }

    /// Every container that carries the label of this installation, running or not.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn ours(&self, installation: &str) -> Result<Vec<Listed>, EngineError> {
        let Inner { wire, lanes, .. } = &*self.inner;
        let filters = serde_json::json!({ "label": [format!("{INSTALLATION}={installation}")] }).to_string();
        let path = format!("/containers/json?all=true&filters={}", escape(&filters));
        let answer: Vec<serde_json::Value> = lanes.short(wire.get(&path)).await?;
        // An odd one hides no other. What is stored is asked about by itself before anything is done.
        let listed = answer.into_iter().filter_map(|container| {
            let read = serde_json::from_value::<ListAnswer>(container);
            read.inspect_err(|error| tracing::warn!(%error, "a container in the engine's list cannot be read")).ok()
        });
        Ok(listed.map(Listed::from).collect())
    }

    /// The last lines that a container wrote, at most 200: each a bounded line without control characters.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn logs_tail(&self, id: &ContainerId, lines: usize) -> Result<Vec<String>, EngineError> {
        self.inner.lanes.short(self.inner.logs_tail(id, lines.min(LINES_MAX))).await
    }

    /// Starts a shell in a container that runs, on a terminal of `size`: bash, or sh where there is none. `name` is known to
    /// everything that is started in it. What cannot be started ends at once, with the exit code 126 or 127.
    ///
    /// # Errors
    /// [`EngineError`]; `Conflict` when the container does not run.
    pub async fn open_shell(
        &self,
        id: &ContainerId,
        name: &str,
        size: Size,
    ) -> Result<(Shell, Input, Output), EngineError> {
        self.inner.lanes.launch(terminal::open(&self.inner.calls, &self.inner.wire, id, name, size)).await
    }

    /// # Errors
    /// [`EngineError`]; when the shell has ended, too.
    pub async fn resize_shell(&self, shell: &Shell, size: Size) -> Result<(), EngineError> {
        self.inner.lanes.short(terminal::resize(&self.inner.calls, shell, size)).await
    }

    /// The exit code of a shell that has ended; `None` while it runs.
    ///
    /// # Errors
    /// [`EngineError`]; `NotFound` when its container has ended too.
    pub async fn shell_ended(&self, shell: &Shell) -> Result<Option<i64>, EngineError> {
        self.inner.lanes.short(terminal::ended(&self.inner.wire, shell)).await
    }

    /// Hangs up the terminal of this `name`: ends its shell, and what was started in it and does not outlive a terminal. The
    /// engine itself leaves a shell running that nobody is connected to any more.
    ///
    /// # Errors
    /// [`EngineError`]; `Conflict` when the container does not run.
    pub async fn hang_up(&self, id: &ContainerId, name: &str) -> Result<(), EngineError> {
        self.inner.lanes.short(terminal::hang_up(&self.inner.calls, id, name)).await
    }

    /// Subscribes to what happens to the containers of this installation. Once this answers, nothing is missed: a list made
    /// after it is brought up to date by the events. The stream ends with an error when the engine goes away.
    ///
    /// # Errors
    /// [`EngineError`]
    pub async fn events(
        &self,
        installation: &str,
    ) -> Result<impl Stream<Item = Result<Event, EngineError>> + Send + 'static, EngineError> {
        let Inner { wire, lanes, .. } = &*self.inner;
        let response = lanes.short(wire.open(&events::path(installation))).await?;
        let wire = wire.clone();
        Ok(events::told(response.into_body(), move || wire.forget_version()))
    }
}

impl Engine {
    pub(super) fn calls(&self) -> &Docker {
        &self.inner.calls
    }

    pub(super) fn lanes(&self) -> &Lanes {
        &self.inner.lanes
    }

    pub(super) async fn look_up<T: DeserializeOwned>(&self, path: &str) -> Result<T, EngineError> {
        self.inner.lanes.short(self.inner.wire.get(path)).await
    }
}

impl Inner {
    async fn image(&self, reference: &str) -> Result<Option<ImageId>, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer {
            id: ImageId,
        }
        let path = format!("/images/{}/json", checked(reference)?);
        match self.lanes.short(self.wire.get::<Answer>(&path)).await {
            Ok(answer) => Ok(Some(answer.id)),
            Err(EngineError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn pull(&self, reference: &str, teller: &Teller) -> Result<ImageId, EngineError> {
        let _turn = self.lanes.pull().await;
        let options = CreateImageOptionsBuilder::new().from_image(reference).build();
        let mut lines = self.calls.create_image(Some(options), None, None);
        while let Some(line) = self.lanes.sign_of_life(lines.next()).await? {
            let line: CreateImageInfo = line.map_err(EngineError::of_pull)?;
            teller.tell(&line);
        }
        let gone = || EngineError::NotFound(format!("{reference} was pulled and is gone again"));
        self.image(reference).await?.ok_or_else(gone)
    }

    /// An engine whose storage holds no limit on disk refuses a container that has one: it is made without, and so are those
    /// after it.
    async fn create(&self, spec: &ContainerSpec) -> Result<ContainerId, EngineError> {
        if !spec.limits_disk() || self.no_limit_on_disk.load(Ordering::Relaxed) {
            return self.created(spec, spec.body_without_disk()).await;
        }
        let limited = self.created(spec, spec.body()).await;
        let Err(EngineError::Refused { .. }) = limited else { return limited };
        let free = self.created(spec, spec.body_without_disk()).await?;
        if let Err(error) = limited {
            tracing::warn!(%error, "the engine's storage holds no limit on disk: what is over one is stopped");
        }
        self.no_limit_on_disk.store(true, Ordering::Relaxed);
        Ok(free)
    }

    async fn created(&self, spec: &ContainerSpec, body: ContainerCreateBody) -> Result<ContainerId, EngineError> {
        let options = CreateContainerOptionsBuilder::new().name(spec.name()).build();
        let created = self.calls.create_container(Some(options), body).await;
        let created = created.map_err(|error| EngineError::without(&spec.secrets(), error))?;
        for warning in created.warnings.iter().take(8) {
            tracing::warn!(
                container = spec.name(),
                warning = clean(warning, 200),
                "the engine warns of a new container"
            );
        }
        ContainerId::parse(&created.id).ok_or_else(|| EngineError::nonsense("it gives no id of a container"))
    }

    async fn logs_tail(&self, id: &ContainerId, lines: usize) -> Result<Vec<String>, EngineError> {
        // What the engine counts are its own pieces of at most 16 KiB, so more are asked for than lines are wanted.
        let pieces = lines.max(PIECES_MIN).to_string();
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&pieces).build();
        let mut frames = self.calls.logs(id.as_str(), Some(options));
        let mut tail = Tail::of(lines);
        while let Some(frame) = frames.next().await {
            tail.add(&frame?);
        }
        Ok(tail.lines())
    }

    async fn remove(&self, id: &ContainerId) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        match self.calls.remove_container(id.as_str(), Some(options)).await.map_err(EngineError::from) {
            Err(EngineError::NotFound(_)) => Ok(()),
            Err(EngineError::Conflict(_)) => self.gone(id).await,
            removed => removed,
        }
    }

    /// Waits for a removal that somebody else began.
    async fn gone(&self, id: &ContainerId) -> Result<(), EngineError> {
        let options = WaitContainerOptionsBuilder::new().condition("removed").build();
        let mut ends = self.calls.wait_container(id.as_str(), Some(options));
        match ends.next().await {
            None | Some(Ok(_) | Err(CallError::DockerContainerWaitError { .. })) => Ok(()),
            Some(Err(error)) => match EngineError::from(error) {
                EngineError::NotFound(_) => Ok(()),
                error => Err(error),
            },
        }
    }
}

/// Refuses what cannot stand in a path.
fn checked(reference: &str) -> Result<&str, EngineError> {
    if is_reference(reference) {
        return Ok(reference);
    }
    let message = format!("`{}` is no reference of an image", clean(reference, 80));
    Err(EngineError::Refused { status: 400, message })
}

#[cfg(test)]
mod tests {
    /// The library writes the bodies of requests, and so the secrets of templates, to its debug log.
    #[test]
    fn no_log_level_makes_the_library_write_bodies() {
        assert!(log::STATIC_MAX_LEVEL <= log::LevelFilter::Info);
    }
}
