//! How a call goes wrong, and a book of what was asked for and what came.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{oneshot, watch};

/// The calls that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    Version,
    Info,
    Ping,
    Image,
    Pull,
    Create,
    Start,
    Stop,
    Remove,
    Inspect,
    List,
    Logs,
    Stats,
    Events,
    Wait,
    Exec,
    ExecStart,
    ExecResize,
    ExecInspect,
    Bridge,
    Networks,
    Network,
    NetworkCreate,
    NetworkRemove,
    NetworkConnect,
    NetworkDisconnect,
    Unpause,
}

/// How a call goes.
#[derive(Debug, Clone)]
pub enum Mood {
    Well,
    /// Waits at the gate, then goes well.
    Held(Gate),
    /// Answers so, and does nothing.
    Refuse {
        status: u16,
        message: String,
    },
    /// Takes the request, does nothing and never answers.
    Hang,
    /// Does what was asked, and breaks the connection instead of answering.
    LoseAnswer,
    /// Answers what is no JSON.
    Nonsense,
    /// Does what was asked, and breaks the connection in the middle of the answer.
    HalfAnswer,
    /// Begins well, then tells this error in the stream. For a pull.
    FailMidway(String),
    /// Tells half of its way, waits at the gate, then goes well. For a pull.
    HeldMidway(Gate),
}

impl Mood {
    pub fn refuse(status: u16, message: &str) -> Self {
        Self::Refuse { status, message: message.to_owned() }
    }
}

pub(super) fn no_space() -> Mood {
    Mood::refuse(500, "mkdir /var/lib/docker/overlay2/0: no space left on device")
}

/// Where calls wait until a test lets them through.
#[derive(Debug, Clone)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
    waiting: Arc<watch::Sender<usize>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: Arc::new(watch::Sender::new(false)), waiting: Arc::new(watch::Sender::new(0)) }
    }
}

impl Gate {
    /// Waits until `count` calls have come to the gate.
    pub async fn reached(&self, count: usize) {
        self.waiting.subscribe().wait_for(|waiting| *waiting >= count).await.expect("the gate is there");
    }

    /// Lets through all who wait, and all who come later.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        self.waiting.send_modify(|waiting| *waiting += 1);
        self.open.subscribe().wait_for(|open| *open).await.expect("the gate is there");
    }
}

/// What the test asked for and what has come, for each call.
#[derive(Default)]
pub(super) struct Book {
    pages: Mutex<HashMap<Call, Page>>,
    desk: Mutex<Option<Desk>>,
}

/// Where every call waits until somebody says how it goes: the order of all that happens is theirs.
#[derive(Clone, Default)]
pub struct Desk(Arc<Mutex<Vec<Waiting>>>);

struct Waiting {
    call: Call,
    what: String,
    answer: oneshot::Sender<Mood>,
}

impl Desk {
    /// The calls that wait now, in an order that depends on nothing but themselves.
    pub fn waiting(&self) -> Vec<(Call, String)> {
        let mut waiting = self.lock();
        waiting.retain(|waiting| !waiting.answer.is_closed());
        waiting.sort_by(|a, b| (a.call as u8, &a.what).cmp(&(b.call as u8, &b.what)));
        waiting.iter().map(|waiting| (waiting.call, waiting.what.clone())).collect()
    }

    /// Says how the one at this place of [`Desk::waiting`] goes.
    pub fn say(&self, at: usize, mood: Mood) {
        let waiting = self.lock().remove(at);
        // Whoever asked may have gone.
        drop(waiting.answer.send(mood));
    }

    async fn ask(&self, call: Call, what: String) -> Mood {
        let (answer, answered) = oneshot::channel();
        self.lock().push(Waiting { call, what, answer });
        answered.await.unwrap_or(Mood::Hang)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.0.lock().expect("nobody panics with it")
    }
}

#[derive(Default)]
struct Page {
    always: Option<Mood>,
    next: VecDeque<Mood>,
    count: usize,
}

impl Book {
    pub(super) fn always(&self, call: Call, mood: Mood) {
        self.on(call, |page| page.always = Some(mood));
    }

    pub(super) fn next(&self, call: Call, mood: Mood) {
        self.on(call, |page| page.next.push_back(mood));
    }

    pub(super) fn count(&self, call: Call) -> usize {
        self.on(call, |page| page.count)
    }

    /// Every call but those that begin a connection waits at this desk from now on.
    pub(super) fn put_up(&self, desk: Desk) {
        *self.desk.lock().expect("nobody panics with it") = Some(desk);
    }

    /// The same where a desk is there: asks it.
    pub(super) async fn decided(&self, call: Call, what: String) -> Mood {
        let mood = self.mood(call);
        let desk = self.desk.lock().expect("nobody panics with it").clone();
        match (desk, call) {
            (None, _) | (Some(_), Call::Version | Call::Info | Call::Events) => mood,
            (Some(desk), _) => desk.ask(call, what).await,
        }
    }

    /// Counts a call that has come, and says how it goes.
    fn mood(&self, call: Call) -> Mood {
        self.on(call, |page| {
            page.count += 1;
            page.next.pop_front().or_else(|| page.always.clone()).unwrap_or(Mood::Well)
        })
    }

    fn on<T>(&self, call: Call, change: impl FnOnce(&mut Page) -> T) -> T {
        change(self.pages.lock().expect("nobody panics with it").entry(call).or_default())
    }
}
