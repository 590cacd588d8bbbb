//! The host and whether its engine answers, in one line that is always there.

use leptos::prelude::*;

use crate::api::host::get_host;
use crate::model::host::{Host, Link};
use crate::model::time::Timestamp;
use crate::ui::components::icon::Icon;
use crate::ui::components::time::hour;
use crate::ui::tab::Tab;

#[component]
pub fn HostLine(tab: Tab) -> impl IntoView {
    let asked = Resource::new(|| (), |()| get_host());
    view! {
        <div class="host">
            <Transition>
                {move || {
                    let host = Memo::new(move |_| tab.live.host().or_else(|| asked.get().and_then(Result::ok)));
                    move || host.get().map(|host| view! { <Line host tab /> })
                }}
            </Transition>
        </div>
    }
    .into_any()
}

#[component]
fn Line(host: Host, tab: Tab) -> impl IntoView {
    let interrupted = move || tab.live.is_interrupted();
    let version = (!host.version.is_empty()).then(|| format!("Engine {}", host.version));
    let banner = lost(&host).map(|(since, reason)| {
        view! { <Banner name=host.name.clone() since reason tab /> }
    });
    let is_live = host.link == Link::Live;
    view! {
        <span class="name">{host.name}</span>
        <span class="version">{version}</span>
        {if is_live {
            view! {
                <span class="link ok" class:hidden=interrupted>
                    <Icon name="running" />
                    "live"
                </span>
            }
                .into_any()
        } else {
            view! {
                <span class="link bad" class:hidden=interrupted>
                    <Icon name="lost" />
                    "lost"
                </span>
            }
                .into_any()
        }}
        <span class="link warn" class:hidden=move || !interrupted()>
            <Icon name="busy" />
            "reconnecting…"
        </span>
        {banner}
    }
    .into_any()
}

fn lost(host: &Host) -> Option<(Timestamp, String)> {
    match &host.link {
        Link::Live => None,
        Link::Lost { since, reason } => Some((*since, reason.clone())),
    }
}

/// Lies over the page, so that nothing moves when it comes and goes.
#[component]
fn Banner(name: String, since: Timestamp, reason: String, tab: Tab) -> impl IntoView {
    let when = hour(since.into(), tab.clock);
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
    .into_any()
}
