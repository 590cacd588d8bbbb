//! Terminals in environments: who may open one, what is kept of one while nobody is connected to it, and how it ends.
//!
//! Whoever holds a [`Terminal`] is connected to it. When the connection is lost it is left here for a while, where its output
//! is kept, and is given back to the same person; whoever still holds it then loses it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::ApiError;
use docker::{ContainerId, Engine, EngineError, Input, Output, Shell};
use hyper::body::Bytes;
use model::access::{Action, Actor};
use model::audit::{self, Entry, Who};
use model::environment::State;
use model::name::{EnvironmentId, UserId};
use model::terminal::Size;
use model::time::Timestamp;
use store::environments::{self, Stored};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Sleep, sleep};

use super::error::fault;
use super::lifecycle::sentence;
use super::{Service, container_of};

/// How long a terminal is kept that nobody is connected to.
const KEPT: Duration = Duration::from_secs(120);
/// Most bytes of output that are kept to be shown again.
const SHOWN_AGAIN: usize = 256 << 10;
/// What may be typed ahead of a shell that reads nothing, in messages: more is not read from who types.
const TYPED_AHEAD: usize = 2;
/// Most terminals in one environment: each is a process in its container.
const IN_ONE: usize = 10;

/// Every terminal there is, by its id.
#[derive(Clone, Default)]
pub struct Terminals(Arc<Mutex<HashMap<String, Seat>>>);

/// Where a terminal is, and how it is asked for.
struct Seat {
    environment: EnvironmentId,
    person: UserId,
    heirs: mpsc::Sender<oneshot::Sender<Terminal>>,
}

impl fmt::Debug for Terminals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminals")
    }
}

impl Terminals {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Seat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A shell in an environment, with somebody connected to it or waited for.
#[derive(Debug)]
pub struct Terminal {
    pub id: String,
    pub environment: EnvironmentId,
    container: ContainerId,
    who: Who,
    shell: Shell,
    output: Output,
    typed: mpsc::Sender<Bytes>,
    /// Whether anything was typed at all.
    touched: Arc<AtomicBool>,
    shown: Shown,
    heirs: mpsc::Receiver<oneshot::Sender<Self>>,
    engine: Engine,
    seats: Terminals,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.seats.all().remove(&self.id);
    }
}

/// What happens to a terminal.
#[derive(Debug)]
pub enum Happening {
    Output(Bytes),
    /// The shell has ended, or the way to it is gone.
    Ended,
    /// The same person has connected to it anew.
    Claimed(oneshot::Sender<Terminal>),
}

/// How a terminal ended, in words, and with the exit code of its shell where it ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub reason: String,
    pub exit_code: Option<i64>,
}

impl Ending {
    #[must_use]
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), exit_code: None }
    }
}

/// The end of what was shown, and how much there was in all.
#[derive(Debug, Default)]
struct Shown {
    last: VecDeque<u8>,
    count: u64,
}

impl Shown {
    fn add(&mut self, bytes: &[u8]) {
        self.last.extend(bytes);
        self.last.drain(..self.last.len().saturating_sub(SHOWN_AGAIN));
        self.count += bytes.len() as u64;
    }

    /// What follows the first `received` bytes, and how many came before it: more, where some are not kept any more.
    fn after(&self, received: u64) -> (u64, Bytes) {
        let kept_from = self.count - self.last.len() as u64;
        let from = if (kept_from..=self.count).contains(&received) { received } else { kept_from };
        let skipped = usize::try_from(from - kept_from).unwrap_or(usize::MAX);
        (from, self.last.iter().skip(skipped).copied().collect())
    }
}

impl Terminal {
    /// What is typed goes here; it waits while the shell reads nothing.
    #[must_use]
    pub fn input(&self) -> mpsc::Sender<Bytes> {
        self.typed.clone()
    }

    /// What was shown after the first `received` bytes, and how many came before it: another number than `received` where
    /// that is not kept.
    #[must_use]
    pub fn shown_after(&self, received: u64) -> (u64, Bytes) {
        self.shown.after(received)
    }

    /// Nothing is lost when it is not awaited to its end.
    pub async fn next(&mut self) -> Happening {
        tokio::select! {
            Some(heir) = self.heirs.recv() => Happening::Claimed(heir),
            bytes = self.output.next() => match bytes {
                Some(bytes) => {
                    self.shown.add(&bytes);
                    Happening::Output(bytes)
                }
                None => Happening::Ended,
            }
        }
    }

    /// A shell that has ended meanwhile has no size.
    pub async fn resize(&mut self, size: Size) {
        if let Err(error) = self.engine.resize_shell(&self.shell, size).await {
            tracing::debug!(%error, "a terminal keeps its size");
        }
    }

    /// Gives it to whoever connected anew; comes back where they are gone already.
    #[must_use]
    pub fn hand_to(self, heir: oneshot::Sender<Self>) -> Option<Self> {
        heir.send(self).err()
    }
}

impl Service {
    /// Whether this person may still have a terminal there.
    ///
    /// # Errors
    /// As everywhere: not found, or the rule.
    pub async fn may_enter(&self, actor: &Actor, id: &EnvironmentId) -> Result<(), ApiError> {
        self.permitted(actor, Action::Operate, id).await.map(drop)
    }

    /// The same for somebody who asks for one: a refusal goes into the audit log.
    ///
    /// # Errors
    /// As [`Service::may_enter`].
    pub async fn enter(&self, actor: &Actor, id: &EnvironmentId) -> Result<(), ApiError> {
        let entered = self.may_enter(actor, id).await;
        self.note_refused_on(actor, id, audit::Action::OpenTerminal, &entered).await;
        entered
    }

    /// Opens a new one.
    ///
    /// # Errors
    /// [`ApiError`]; `Conflict` where the environment does not run or has too many.
    pub async fn open_terminal(&self, actor: &Actor, id: &EnvironmentId, size: Size) -> Result<Terminal, ApiError> {
        let found = self.permitted(actor, Action::Operate, id).await?;
        let engine = self.hosts.of(&found.environment.host).engine().clone();
        self.hosts.of(&found.environment.host).answers()?;
        let container = running(&found)?;
        let (seat, heirs) = mpsc::channel(1);
        let name = self.clock.secret();
        self.seat(&name, Seat { environment: id.clone(), person: actor.id.clone(), heirs: seat })?;
        let opened = self.begin_terminal(actor, &found, &container, &name, size).await;
        let (shell, input, output) = opened.inspect_err(|_| drop(self.terminals.all().remove(&name)))?;
        let (typed, typing) = mpsc::channel(TYPED_AHEAD);
        let touched = Arc::<AtomicBool>::default();
        let (service, environment, touch) = (self.clone(), id.clone(), Arc::clone(&touched));
        self.spawn(async move { service.type_in(environment, &touch, input, typing).await });
        Ok(Terminal {
            id: name,
            environment: id.clone(),
            container,
            who: actor.into(),
            shell,
            output,
            typed,
            touched,
            shown: Shown::default(),
            heirs,
            engine,
            seats: self.terminals.clone(),
        })
    }

    fn seat(&self, name: &str, seat: Seat) -> Result<(), ApiError> {
        let mut all = self.terminals.all();
        if all.values().filter(|other| other.environment == seat.environment).count() >= IN_ONE {
            let message = format!("{IN_ONE} terminals are open in it. Close one first.");
            return Err(ApiError::Conflict { message });
        }
        all.insert(name.to_owned(), seat);
        Ok(())
    }

    /// Journals it first: a terminal that nobody knows of must not be.
    async fn begin_terminal(
        &self,
        actor: &Actor,
        found: &Stored,
        container: &ContainerId,
        name: &str,
        size: Size,
    ) -> Result<(Shell, Input, Output), ApiError> {
        let entry = Entry::by(actor, audit::Action::OpenTerminal).on(&found.environment);
        self.write(async |write| self.log(write, entry).await).await?;
        let engine = self.hosts.of(&found.environment.host).engine();
        let error = match engine.open_shell(container, name, size).await {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        // The engine may have started it all the same.
        self.end_shell(engine, &found.environment.id, container, name).await;
        let why = sentence(&error.to_string());
        self.note_closed(&found.environment.id, actor.into(), &why).await;
        Err(match error {
            EngineError::Unreachable(_) | EngineError::TimedOut(_) => {
                ApiError::EngineUnavailable { message: error.to_string() }
            }
            _ => ApiError::Conflict { message: why },
        })
    }

    /// Gives an earlier one back to whoever opened it; `None` when it is not there any more.
    ///
    /// # Errors
    /// As everywhere: not found, or the rule.
    pub async fn resume_terminal(
        &self,
        actor: &Actor,
        id: &EnvironmentId,
        terminal: &str,
    ) -> Result<Option<Terminal>, ApiError> {
        self.may_enter(actor, id).await?;
        let heirs = {
            let all = self.terminals.all();
            let seat = all.get(terminal).filter(|seat| seat.environment == *id && seat.person == actor.id);
            seat.map(|seat| seat.heirs.clone())
        };
        let Some(heirs) = heirs else { return Ok(None) };
        let (heir, inherited) = oneshot::channel();
        if heirs.send(heir).await.is_err() {
            return Ok(None);
        }
        Ok(inherited.await.ok())
    }

    /// Keeps a terminal that nobody is connected to any more, and hangs it up when nobody comes back for it.
    pub fn keep_terminal(&self, terminal: Terminal) {
        let (service, over) = (self.clone(), sleep(KEPT));
        self.spawn(async move { service.wait_for_heir(terminal, over).await });
    }

    async fn wait_for_heir(&self, mut terminal: Terminal, over: Sleep) {
        let (closing, mut over) = (self.closing(), pin!(over));
        loop {
            let happening = tokio::select! {
                () = closing.cancelled() => break self.hang_up(terminal, "Berth was stopped.").await,
                () = &mut over => break self.hang_up(terminal, "Nobody was connected to it any more.").await,
                happening = terminal.next() => happening,
            };
            match happening {
                Happening::Output(_) => {}
                Happening::Ended => break drop(self.terminal_ended(terminal).await),
                Happening::Claimed(heir) => match terminal.hand_to(heir) {
                    None => break,
                    Some(back) => terminal = back,
                },
            }
        }
    }

    /// Ends a terminal, and all that was started in it.
    pub async fn hang_up(&self, terminal: Terminal, why: &str) {
        self.end_shell(&terminal.engine, &terminal.environment, &terminal.container, &terminal.id).await;
        self.note_closed(&terminal.environment, terminal.who.clone(), why).await;
    }

    async fn end_shell(&self, engine: &Engine, id: &EnvironmentId, container: &ContainerId, name: &str) {
        if let Err(error) = engine.hang_up(container, name).await {
            tracing::warn!(%error, %id, "a terminal cannot be hung up; its shell may go on");
        }
    }

    /// Why a terminal whose shell has gone ended.
    pub async fn terminal_ended(&self, terminal: Terminal) -> Ending {
        let code = terminal.engine.shell_ended(&terminal.shell).await;
        let runs = match self.store.environment(&terminal.environment).await {
            Ok(found) => found.is_some_and(|stored| stored.environment.state == State::Running),
            Err(_) => true,
        };
        let ending = match code {
            _ if !runs => Ending::because("The environment does not run any more."),
            Ok(Some(126 | 127)) if !terminal.touched.load(Ordering::Relaxed) => {
                Ending::because("There is no shell in this image: neither bash nor sh.")
            }
            Ok(Some(code)) => Ending { reason: format!("The shell ended (exit code {code})."), exit_code: Some(code) },
            Ok(None) => Ending::because("The connection to the shell was lost."),
            Err(EngineError::NotFound(_)) => Ending::because("The environment does not run any more."),
            Err(_) => Ending::because("The Docker Engine went away. Open a new terminal when it is back."),
        };
        self.note_closed(&terminal.environment, terminal.who.clone(), &ending.reason).await;
        ending
    }

    async fn note_closed(&self, id: &EnvironmentId, who: Who, why: &str) {
        let closed = self.write(async |write| {
            let Some(stored) = environments::find(write, id).await.map_err(fault)? else { return Ok(()) };
            self.log(write, Entry::by(who, audit::Action::CloseTerminal).on(&stored.environment).because(why)).await
        });
        if let Err(error) = closed.await {
            tracing::warn!(%error, %id, "that a terminal was closed is not in the log");
        }
    }

    /// Passes on what is typed, in its order, until the terminal or its shell is gone.
    async fn type_in(
        &self,
        environment: EnvironmentId,
        touched: &AtomicBool,
        mut input: Input,
        mut typing: mpsc::Receiver<Bytes>,
    ) {
        while let Some(bytes) = typing.recv().await {
            touched.store(true, Ordering::Relaxed);
            self.typed.note(&environment, self.clock.now());
            if input.write(&bytes).await.is_err() {
                return;
            }
        }
    }
}

fn running(found: &Stored) -> Result<ContainerId, ApiError> {
    let conflict = |why: &str| ApiError::Conflict { message: why.to_owned() };
    found.environment.allows_entry().map_err(conflict)?;
    container_of(found).ok_or_else(|| conflict("Its container is not known."))
}

/// When something was last typed in each environment, until a look for use has noted it.
#[derive(Debug, Clone, Default)]
pub struct Typed(Arc<Mutex<HashMap<EnvironmentId, Timestamp>>>);

impl Typed {
    fn note(&self, environment: &EnvironmentId, at: Timestamp) {
        self.all().insert(environment.clone(), at);
    }

    pub(super) fn at(&self, environment: &EnvironmentId) -> Option<Timestamp> {
        self.all().get(environment).copied()
    }

    /// Noted, unless something was typed since.
    pub(super) fn noted(&self, environment: &EnvironmentId, at: Timestamp) {
        let mut all = self.all();
        if all.get(environment) == Some(&at) {
            all.remove(environment);
        }
    }

    /// Of no other environment it matters.
    pub(super) fn only<'a>(&self, watched: impl Iterator<Item = &'a EnvironmentId>) {
        let watched: HashSet<&EnvironmentId> = watched.collect();
        self.all().retain(|environment, _| watched.contains(environment));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<EnvironmentId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
