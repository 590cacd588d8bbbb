//! What all islands of one browser tab share: what changes, and the clock.

use std::time::Duration;

use leptos::prelude::*;

use super::browser;
use super::live::Live;
use crate::api::me::Me;
use model::access::Actor;
use model::environment::{Environment, Operation};
use model::time::Timestamp;

#[derive(Debug, Clone, Copy, Default)]
pub struct Tab {
    pub live: Live,
    pub clock: Clock,
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
    let begin = move || {
        tab.clock.start();
        tab.live.open();
    };
    set_timeout(begin, Duration::ZERO);
}

/// Who looks, from where and when: what islands need beside their own matter.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    pub tab: Tab,
    pub actor: StoredValue<Actor>,
    pub now: Signal<Option<Timestamp>>,
}

impl Viewer {
    #[must_use]
    pub fn of(me: Me) -> Self {
        let tab = Tab::here();
        let at = me.visit.map(|visit| visit.at);
        let now = Signal::derive(move || tab.clock.ticked().or(at));
        Self { tab, actor: StoredValue::new(me.actor), now }
    }

    /// Why the viewer cannot do this now, as far as the environment itself tells.
    #[must_use]
    pub fn refusal(self, environment: Signal<Environment>, operation: Operation) -> Option<String> {
        self.actor.with_value(|actor| environment.with(|it| it.permits(actor, operation).err()))
    }

    /// The owner, as the viewer reads it.
    #[must_use]
    pub fn owner(self, environment: &Environment) -> String {
        self.actor.with_value(|actor| environment.owner_for(actor).to_owned())
    }
}

/// The time of day, which only a browser tells. What the server renders has the time of the visit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    now: RwSignal<Option<Timestamp>>,
    runs: RwSignal<bool>,
}

impl Clock {
    fn start(self) {
        let tick = move || self.now.set(Some(browser::now()));
        tick();
        self.runs.set(true);
        set_interval(tick, Duration::from_secs(1));
    }

    /// The browser's time; `None` on the server, and until the page has come to life.
    #[must_use]
    pub fn ticked(self) -> Option<Timestamp> {
        self.now.get()
    }

    /// Whether the page has come to life.
    #[must_use]
    pub fn runs(self) -> bool {
        self.runs.get()
    }
}
