//! The hosts and whether their engines answer, in one line that is always there. `frame.js` keeps it true.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::components::time::Moment;
use crate::ui::seal::Seal;
use model::host::{Host, Link};

/// Of one host its name and its engine; of several how many there are, and which of them do not answer. Each word of the link is in
/// the page, so that the script only shows another.
#[component]
pub fn HostLine(hosts: Vec<Host>) -> impl IntoView {
    let lost: Vec<&str> = hosts.iter().filter(|host| !host.is_live()).map(|host| host.name.as_str()).collect();
    let now = if lost.is_empty() { "live" } else { "lost" };
    let (name, version) = match hosts.as_slice() {
        [only] if only.version.is_empty() => (only.name.to_string(), String::new()),
        [only] => (only.name.to_string(), format!("Engine {}", only.version)),
        several => (format!("{} hosts", several.len()), lost.join(", ")),
    };
    let word = |when: &'static str, tone: &'static str, icon: &'static str, word: &'static str| {
        view! {
            <span class=format!("link {tone}") data-when=when hidden=when != now>
                <Icon name=icon />
                {word}
            </span>
        }
    };
    view! {
        <div class="host">
            <span class="name">{name}</span>
            <span class="version">{version}</span>
            {word("live", "ok", "running", "live")}
            {word("lost", "bad", "lost", "lost")}
            {word("connecting", "warn", "busy", "connecting…")}
            {word("reconnecting", "warn", "busy", "reconnecting…")}
        </div>
    }
    .seal()
}

/// Lies over the page, so that nothing moves when it comes and goes.
#[component]
pub fn Banner(host: Host) -> impl IntoView {
    let lost = match host.link {
        Link::Live => None,
        Link::Lost { since, reason } => Some((since, reason)),
    };
    let is_live = lost.is_none();
    let (since, reason) = lost.unwrap_or_default();
    view! {
        <div role="status">
            <div class="banner" data-host=host.name.to_string() hidden=is_live>
                <Icon name="lost" />
                <p>
                    <strong>"The Docker Engine of " {host.name.to_string()} " does not answer"</strong>
                    " (since "
                    <Moment at=since />
                    "): "
                    <span data-is="reason">{reason}</span>
                    ". What runs there keeps running. You can launch, start and stop environments there again when it is back."
                </p>
            </div>
        </div>
    }
    .seal()
}
