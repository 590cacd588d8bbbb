//! What all islands of one browser tab share: what changes, the clock, and what is to be said.

use std::time::Duration;

use leptos::prelude::*;

use super::browser;
use super::live::Live;
use crate::api::ApiError;
use crate::api::me::Me;
use crate::model::access::Actor;
use crate::model::environment::{Environment, Operation};
use crate::model::time::Timestamp;

#[derive(Debug, Clone, Copy, Default)]
pub struct Tab {
    pub live: Live,
    pub clock: Clock,
    pub notices: Notices,
}

impl Tab {
    /// That of the page which is being rendered or shown.
    #[must_use]
    pub fn here() -> Self {
        expect_context()
    }
}

/// Begins the life of a page in the browser, before its islands.
pub fn open() {
    let tab = Tab::default();
    provide_context(tab);
    // After the islands, which at first show what the server rendered.
    set_timeout(move || tab.clock.start(), Duration::ZERO);
}

/// Who looks, from where and when: what islands need beside their own matter.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    pub tab: Tab,
    pub actor: StoredValue<Actor>,
    pub now: Signal<Option<Timestamp>>,
    /// Of the address that the browser shows: where ports are opened.
    pub host: Signal<String>,
}

impl Viewer {
    #[must_use]
    pub fn of(me: Me) -> Self {
        let tab = Tab::here();
        let (at, host) = me.visit.map(|visit| (visit.at, visit.host)).unzip();
        let host =
            Memo::new(move |_| if tab.clock.runs() { browser::host() } else { host.clone() }.unwrap_or_default());
        let now = Signal::derive(move || tab.clock.ticked().or(at));
        Self { tab, actor: StoredValue::new(me.actor), now, host: host.into() }
    }

    /// Why the viewer cannot do this now, as far as the environment itself tells.
    #[must_use]
    pub fn refused(self, environment: Signal<Environment>, operation: Operation) -> Signal<Option<String>> {
        let permits = move |actor: &Actor| environment.with(|it| it.permits(actor, operation).err());
        Memo::new(move |_| self.actor.with_value(permits)).into()
    }

    /// The owner, as the viewer reads it.
    #[must_use]
    pub fn owner(self, environment: &Environment) -> String {
        self.actor.with_value(|actor| environment.owner_for(actor).to_owned())
    }
}

/// The time of day, which only a browser tells. What the server renders has the time of the visit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock(RwSignal<Option<Timestamp>>);

impl Clock {
    fn start(self) {
        let tick = move || self.0.set(Some(browser::now()));
        tick();
        set_interval(tick, Duration::from_secs(1));
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
    stale: RwSignal<Option<ApiError>>,
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

    /// What is shown could not be asked for again, or could.
    pub fn stale(self, error: Option<ApiError>) {
        self.stale.set(error);
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
    pub fn staleness(self) -> Signal<Option<ApiError>> {
        self.stale.into()
    }

    #[must_use]
    pub fn spoken(self) -> Signal<String> {
        self.spoken.into()
    }
}
