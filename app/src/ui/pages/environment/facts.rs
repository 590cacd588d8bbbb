//! What an environment is: whose, until when, within which limits, launched with what.

use leptos::prelude::*;

use super::Refusals;
use crate::ui::components::copy::Copy;
use crate::ui::components::expiry::Expiry;
use crate::ui::components::operate::OperateButton;
use crate::ui::components::time::hour;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;
use model::environment::{Environment, EnvironmentDetail, Operation};
use model::lifetime::How;
use model::time::Timestamp;

#[component]
pub fn Facts(
    viewer: Viewer,
    environment: Signal<Environment>,
    detail: RwSignal<EnvironmentDetail>,
    refused: Refusals,
) -> impl IntoView {
    let it = environment.get_untracked();
    let owner = viewer.owner(&it);
    let container = Memo::new(move |_| detail.with(|detail| detail.container.clone()));
    let id = it.id.to_string();
    let exposed = Memo::new(move |_| environment.with(|it| it.state.holds_resources() && !it.isolated));
    let held = move || environment.with(|it| if it.limits_hold { "" } else { "(not enforced by this engine)" });
    view! {
        <section class="panel" aria-labelledby="about">
            <header>
                <h2 id="about">"About"</h2>
            </header>
            <dl class="facts">
                <dt>"Team"</dt>
                <dd>{it.team.to_string()}</dd>
                <dt>"Owner"</dt>
                <dd>{owner}</dd>
                <Expires viewer environment refused />
                <dt>"Limits"</dt>
                <dd>{it.limits.words()} {held}</dd>
                <dt>"Host"</dt>
                <dd>{it.host.to_string()}</dd>
                {move || exposed.get().then(exposed_fact)}
                {move || container.get().map(|name| view! { <Code term="Container" text=name /> })}
                <Code term="Id" text=id />
            </dl>
            <Variables detail />
        </section>
    }
    .seal()
}

/// What other environments may do, as long as nothing keeps them from it.
fn exposed_fact() -> AnyView {
    view! {
        <dt>"Isolation"</dt>
        <dd>"Not yet: other environments can reach every port of its container. Restart it to isolate it."</dd>
    }
    .seal()
}

#[component]
fn Expires(viewer: Viewer, environment: Signal<Environment>, refused: Refusals) -> impl IntoView {
    let Viewer { tab, now, .. } = viewer;
    let ending = Memo::new(move |_| environment.with(Environment::ending));
    let at = Signal::derive(move || ending.get().map_or_else(Timestamp::default, |ending| ending.at));
    let when = hour(at, tab.clock);
    let how = Memo::new(move |_| ending.get().map(|ending| ending.how));
    let term = move || match how.get() {
        Some(How::Expiry) | None => "Expires",
        Some(How::Idle) => "Stops",
        Some(How::Removal) => "Kept for",
    };
    let hour = move || match how.get()? {
        How::Expiry => Some(when.get()),
        How::Idle => Some(format!("{} if idle", when.get())),
        How::Removal => Some(format!("until {}", when.get())),
    };
    view! {
        <dt>{term}</dt>
        <dd class="row expires">
            <Expiry environment now clock=tab.clock />
            <OperateButton
                environment
                operation=Operation::Extend
                refused=refused.of(Operation::Extend)
            />
            <small>{hour}</small>
        </dd>
        <IdleFacts viewer environment />
    }
    .seal()
}

/// The idle clock and the expiry, both with their hour, where there are both.
#[component]
fn IdleFacts(viewer: Viewer, environment: Signal<Environment>) -> impl IntoView {
    let clock = viewer.tab.clock;
    let idle = Memo::new(move |_| environment.with(|it| it.idle));
    let stops = Signal::derive(move || idle.get().map_or_else(Timestamp::default, |idle| idle.stops_at));
    let last = Signal::derive(move || idle.get().map_or_else(Timestamp::default, |idle| idle.last_activity.at));
    let (stops, last) = (hour(stops, clock), hour(last, clock));
    let expires = hour(Signal::derive(move || environment.with(|it| it.expires_at)), clock);
    move || {
        idle.get().map(|idle| {
            let kind = idle.last_activity.kind.words();
            view! {
                <dt>"Idle"</dt>
                <dd>
                    "Stops " {stops} " if idle; last activity: " {kind} " " {last} ". Expires " {expires}
                    " in any case."
                </dd>
            }
        })
    }
}

#[component]
fn Code(term: &'static str, text: String) -> impl IntoView {
    view! {
        <dt>{term}</dt>
        <dd class="row code">
            <span class="mono">{text.clone()}</span>
            <Copy text what=format!("the {}", term.to_ascii_lowercase()) />
        </dd>
    }
    .seal()
}

/// A secret is shown as being there, and as nothing else.
#[component]
fn Variables(detail: RwSignal<EnvironmentDetail>) -> impl IntoView {
    let variables = detail.with_untracked(|detail| detail.variables.clone());
    if variables.is_empty() {
        return ().seal();
    }
    let rows = variables.into_iter().map(|(name, value)| {
        let value = match value {
            Some(value) => view! { <span class="mono">{value}</span> }.seal(),
            None => view! { <span class="dim">"secret, not shown"</span> }.seal(),
        };
        view! {
            <dt class="mono">{name}</dt>
            <dd>{value}</dd>
        }
    });
    view! {
        <h3 id="variables">"Variables"</h3>
        <dl class="facts variables" aria-labelledby="variables">
            {rows.collect_view()}
        </dl>
    }
    .seal()
}
