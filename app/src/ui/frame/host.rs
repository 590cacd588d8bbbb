//! The host and whether its engine answers, in one line that is always there.

use leptos::prelude::*;

use crate::api::host::get_host;
use crate::api::json::Given;
use crate::api::live::Change;
use crate::model::host::{Host, Link};
use crate::model::time::Timestamp;
use crate::ui::components::icon::Icon;
use crate::ui::components::time::hour;
use crate::ui::seal::Seal;
use crate::ui::tab::Tab;

/// Every page has it, so it is the one that begins to listen to what changes.
#[island]
pub fn HostLine(host: Given<Host>) -> impl IntoView {
    let Given(host) = host;
    let Tab { live, notices, .. } = Tab::here();
    Effect::new(move |_| live.open());
    live.follow(notices, || 0, get_host, Callback::new(move |(_, host)| live.take(Change::Host(host))));
    let latest = Memo::new(move |_| live.host().unwrap_or_else(|| host.clone()));
    move || view! { <Line host=latest.get() /> }
}

#[component]
fn Line(host: Host) -> impl IntoView {
    let tab = Tab::here();
    let interrupted = move || tab.live.is_interrupted();
    let version = (!host.version.is_empty()).then(|| format!("Engine {}", host.version));
    let (tone, icon, word, lost) = match host.link {
        Link::Live => ("link ok", "running", "live", None),
        Link::Lost { since, reason } => ("link bad", "lost", "lost", Some((since, reason))),
    };
    let banner = lost.map(|(since, reason)| view! { <Banner name=host.name.clone() since reason /> });
    view! {
        <span class="name">{host.name}</span>
        <span class="version">{version}</span>
        <span class=tone class:hidden=interrupted>
            <Icon name=icon />
            {word}
        </span>
        <span class="link warn" class:hidden=move || !interrupted()>
            <Icon name="busy" />
            "reconnecting…"
        </span>
        {banner}
    }
    .seal()
}

/// Lies over the page, so that nothing moves when it comes and goes.
#[component]
fn Banner(name: String, since: Timestamp, reason: String) -> impl IntoView {
    let when = hour(since.into(), Tab::here().clock);
    view! {
        <div class="banner" role="status">
            <Icon name="lost" />
            <p>
                <strong>"The Docker Engine on " {name} " does not answer"</strong>
                " since "
                {when}
                ": "
                {reason}
                ". What runs goes on running; launching, starting and stopping wait until it is back."
            </p>
        </div>
    }
    .seal()
}
