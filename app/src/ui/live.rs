//! What changes while one looks: one stream a tab, and the latest that it said of each thing.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventSource, MessageEvent};

use super::tab::Notices;
use crate::api::ApiError;
use crate::api::json;
use crate::api::live::{Change, merge};
use crate::model::environment::Environment;
use crate::model::host::Host;
use crate::model::name::TeamName;

/// Where the stream is.
const STREAM: &str = "/live";
/// Before a stream that was refused is asked for again.
const RETRY: std::time::Duration = std::time::Duration::from_secs(5);

#[derive(Debug, Clone, Copy, Default)]
pub struct Live {
    /// The latest of each environment that changed, with the round it came in; the newest comers last.
    environments: RwSignal<Vec<(u32, Environment)>>,
    host: RwSignal<Option<Host>>,
    interrupted: RwSignal<bool>,
    round: RwSignal<u32>,
}

impl Live {
    /// Begins to listen. The browser connects again by itself unless it was refused.
    pub fn open(self) {
        let Ok(source) = EventSource::new(STREAM) else { return };
        listen(&source, "message", move |event| {
            let text = event.unchecked_into::<MessageEvent>().data().as_string().unwrap_or_default();
            // What this page cannot read, a newer server says: then everything is asked for again.
            self.take(json::read(&text).unwrap_or(Change::Missed));
        });
        // What happened before the stream was there, nobody told.
        listen(&source, "open", move |_| {
            self.interrupted.set(false);
            self.ask_again();
        });
        let closed = source.clone();
        listen(&source, "error", move |_| {
            self.interrupted.set(true);
            if closed.ready_state() == EventSource::CLOSED {
                self.ask_again();
                set_timeout(move || self.open(), RETRY);
            }
        });
    }

    pub fn take(self, change: Change) {
        match change {
            Change::Environment(environment) => self.take_environment(*environment),
            Change::Host(host) => self.host.set(Some(host)),
            Change::Missed => self.ask_again(),
        }
    }

    pub fn take_environment(self, changed: Environment) {
        let round = self.round.get_untracked();
        self.environments.update(|known| match known.iter_mut().find(|(_, known)| known.id == changed.id) {
            Some((_, known)) if known.revision > changed.revision => {}
            Some(known) => *known = (round, changed),
            None => known.push((round, changed)),
        });
    }

    /// Begins another round: every island asks for what it shows again.
    pub fn ask_again(self) {
        self.round.update(|round| *round = round.wrapping_add(1));
    }

    /// Asks again in each further round, and whenever what `also` reads changes. An answer comes with its round.
    pub fn follow<T, A, F>(
        self,
        notices: Notices,
        also: impl Fn() -> u64 + 'static,
        ask: A,
        answered: Callback<(u32, T)>,
    ) where
        T: 'static,
        A: Fn() -> F + 'static,
        F: Future<Output = Result<T, ApiError>> + 'static,
    {
        Effect::new(move |before: Option<(u32, u64)>| {
            let now = (self.round.get(), also());
            if before.is_some_and(|before| before != now) {
                let asked = ask();
                spawn_local(async move {
                    match asked.await {
                        Ok(answer) => {
                            notices.stale(None);
                            answered.run((now.0, answer));
                        }
                        Err(error) => notices.stale(Some(error)),
                    }
                });
            }
            now
        });
    }

    /// A number that grows with each change to an environment; 0 while there was none.
    #[must_use]
    pub fn revision(self, id: &str) -> u64 {
        let of = |known: &&(u32, Environment)| known.1.id.as_str() == id;
        self.environments.with(|known| known.iter().find(of).map_or(0, |(_, environment)| environment.revision))
    }

    /// A number that grows with each change to a team's environments, or to any.
    #[must_use]
    pub fn changes_of(self, team: Option<&TeamName>) -> u64 {
        let of_team = |of: &&(u32, Environment)| team.is_none_or(|team| *team == of.1.team);
        self.environments.with(|known| known.iter().filter(of_team).map(|(_, changed)| changed.revision).sum())
    }

    /// The latest of an environment: `known`, or what came after it.
    #[must_use]
    pub fn latest(self, known: Environment) -> Environment {
        let newer = |of: &&(u32, Environment)| of.1.id == known.id && of.1.revision >= known.revision;
        self.environments.with(|changes| changes.iter().find(newer).map(|(_, at)| at.clone())).unwrap_or(known)
    }

    /// The list of a team's environments, or of all, that was asked for in `round`, with what has changed since.
    #[must_use]
    pub fn merged(self, round: u32, mut list: Vec<Environment>, team: Option<&TeamName>) -> Vec<Environment> {
        self.environments.with(|changes| {
            for (_, changed) in
                changes.iter().filter(|(at, of)| *at >= round && team.is_none_or(|team| *team == of.team))
            {
                merge(&mut list, changed);
            }
        });
        list
    }

    /// What the stream last said of the host.
    #[must_use]
    pub fn host(self) -> Option<Host> {
        self.host.get()
    }

    #[must_use]
    pub fn is_interrupted(self) -> bool {
        self.interrupted.get()
    }
}

fn listen(source: &EventSource, event: &str, handle: impl FnMut(Event) + 'static) {
    let handle = Closure::<dyn FnMut(Event)>::new(handle);
    // It fails for a target that is none, and the stream is one.
    drop(source.add_event_listener_with_callback(event, handle.as_ref().unchecked_ref()));
    // The stream lives as long as the tab.
    handle.forget();
}
