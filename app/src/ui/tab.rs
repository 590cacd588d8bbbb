//! What all that is shown in one browser tab shares: who looks, the clock, what changes, and what is to be said.

use leptos::prelude::*;

use super::browser;
use super::live::Live;
use crate::api::ApiError;
use crate::api::me::{Me, get_me};
use crate::model::environment::{Environment, Operation};
use crate::model::time::Timestamp;

#[derive(Debug, Clone, Copy)]
pub struct Tab {
    pub me: Resource<Result<Me, ApiError>>,
    pub live: Live,
    pub clock: Clock,
    pub notices: Notices,
}

impl Tab {
    #[must_use]
    pub fn open() -> Self {
        let tab = Self {
            me: Resource::new(|| (), |()| get_me()),
            live: Live::default(),
            clock: Clock::default(),
            notices: Notices::default(),
        };
        Effect::new(move |_| tab.clock.start());
        tab
    }
}

/// Who looks, from where and when: what pages need beside their own matter.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    pub tab: Tab,
    pub me: Signal<Me>,
    pub now: Signal<Option<Timestamp>>,
    /// Of the address that the browser shows: where ports are opened.
    pub host: Signal<String>,
}

impl Viewer {
    #[must_use]
    pub fn of(tab: Tab, me: Signal<Me>) -> Self {
        let visited = move || me.with(|me| me.visit.as_ref().map(|visit| visit.host.clone()));
        let alive = Memo::new(move |_| tab.clock.runs());
        let host = Memo::new(move |_| if alive.get() { browser::host() } else { visited() }.unwrap_or_default());
        Self { tab, me, now: tab.clock.now(me), host: host.into() }
    }

    /// Why the viewer cannot do this now, as far as the environment itself tells.
    #[must_use]
    pub fn refused(self, environment: Signal<Environment>, operation: Operation) -> Signal<Option<String>> {
        let permits = move |me: &Me| environment.with(|it| it.permits(&me.actor, operation).err());
        Memo::new(move |_| self.me.with(permits)).into()
    }
}

/// The time of day, which only a browser tells. What the server renders has the time of the visit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock(RwSignal<Option<Timestamp>>);

impl Clock {
    fn start(self) {
        let tick = move || self.0.set(Some(browser::now()));
        tick();
        set_interval(tick, std::time::Duration::from_secs(1));
    }

    /// The browser's time; `None` on the server, and until the page has come to life.
    #[must_use]
    pub fn ticked(self) -> Option<Timestamp> {
        self.0.get()
    }

    /// Whether the page has come to life.
    #[must_use]
    pub fn runs(self) -> bool {
        self.0.with(Option::is_some)
    }

    /// The time, as far as it is known: the browser's, or else that of the visit.
    #[must_use]
    pub fn now(self, me: Signal<Me>) -> Signal<Option<Timestamp>> {
        Signal::derive(move || self.ticked().or_else(|| me.with(|me| me.visit.as_ref().map(|visit| visit.at))))
    }
}

/// Something that was not done, and stays on the screen until it is put away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub number: u64,
    pub title: String,
    pub error: ApiError,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Notices {
    shown: RwSignal<Vec<Notice>>,
    /// What a screen reader says next.
    spoken: RwSignal<String>,
}

impl Notices {
    /// The newest three stay.
    pub fn failed(self, title: String, error: ApiError) {
        const SHOWN: usize = 3;
        self.shown.update(|shown| {
            let number = shown.last().map_or(0, |last| last.number + 1);
            shown.push(Notice { number, title, error });
            let past = shown.len().saturating_sub(SHOWN);
            shown.drain(..past);
        });
    }

    pub fn put_away(self, number: u64) {
        self.shown.update(|shown| shown.retain(|notice| notice.number != number));
    }

    /// Says it to those who do not see it happen.
    pub fn say(self, words: String) {
        self.spoken.set(words);
    }

    #[must_use]
    pub fn shown(self) -> Signal<Vec<Notice>> {
        self.shown.into()
    }

    #[must_use]
    pub fn spoken(self) -> Signal<String> {
        self.spoken.into()
    }
}
