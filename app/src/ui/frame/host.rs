//! The host and whether its engine answers, in one line that is always there. `frame.js` keeps it true.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::components::time::Moment;
use crate::ui::seal::Seal;
use model::host::{Host, Link};

/// Each word of the link is in the page, so that the script only shows another.
#[component]
pub fn HostLine(host: Host) -> impl IntoView {
    let version = (!host.version.is_empty()).then(|| format!("Engine {}", host.version));
    let now = match host.link {
        Link::Live => "live",
        Link::Lost { .. } => "lost",
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
            <span class="name">{host.name}</span>
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
            <div class="banner" hidden=is_live>
                <Icon name="lost" />
                <p>
                    <strong>"The Docker Engine on " <span data-is="name">{host.name}</span> " does not answer"</strong>
                    " (since "
                    <Moment at=since />
                    "): "
                    <span data-is="reason">{reason}</span>
                    ". Running environments keep running. You can launch, start and stop environments again when it is back."
                </p>
            </div>
        </div>
    }
    .seal()
}
