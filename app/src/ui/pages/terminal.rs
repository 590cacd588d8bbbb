//! A shell in one environment, or why there is none now. `ui/terminal.js` brings it to life.

use leptos::prelude::*;
use leptos_meta::{Script, Stylesheet, Title};
use leptos_router::hooks::use_params_map;

use crate::api::environments::get_environment;
use crate::api::me::{Me, get_me};
use crate::ui::Bundle;
use crate::ui::components::heading::Heading;
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;
use model::access::Actor;
use model::environment::{Environment, EnvironmentDetail, Operation};

#[component]
pub fn TerminalPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let asked = async { Ok((get_me().await?, get_environment(id).await?)) };
    let Bundle(bundle) = use_context().unwrap_or_default();
    let view = move |(me, detail): (Me, EnvironmentDetail)| {
        let environment = detail.environment;
        let shell = match environment.permits_entry(&me.actor) {
            Ok(()) => view! { <Shell environment=environment.clone() bundle=bundle.clone() /> }.seal(),
            Err(why) => view! { <Closed environment=environment.clone() actor=me.actor.clone() why /> }.seal(),
        };
        view! {
            <Title text=format!("Terminal of {}", environment.name) />
            <Heading environment viewer=Viewer::of(me) tab="Terminal" />
            {shell}
        }
        .seal()
    };
    view! { <Loaded asked view /> }.seal()
}

/// The place of the terminal, and below it the bar that says how it is.
#[component]
fn Shell(environment: Environment, bundle: String) -> impl IntoView {
    let Environment { id, name, .. } = environment;
    view! {
        <Stylesheet href=format!("{bundle}/terminal.css") />
        <Script type_="module" src=format!("{bundle}/terminal.js") />
        <noscript>
            <p class="callout warn">"The terminal needs JavaScript, which is turned off in this browser."</p>
        </noscript>
        <section class="terminal" aria-label="Terminal" data-environment=id.to_string()>
            <div class="screen" data-label=format!("Terminal of {name}") data-hint="terminal-keys"></div>
            <Keys />
            <div class="about busy" role="group" aria-label="About the terminal" tabindex="-1">
                <p class="state">
                    <Icon name="busy" />
                    <span role="status">"Connecting…"</span>
                </p>
                <button type="button" class="button primary again" hidden></button>
                <label>
                    <input type="checkbox" />
                    "Screen reader mode"
                </label>
            </div>
            <p class="hint" id="terminal-keys">
                <kbd>"F6"</kbd>
                " leaves the terminal and comes back. "
                <kbd>"Ctrl+Shift+C"</kbd>
                " copies what is selected, "
                <kbd>"Ctrl+Shift+V"</kbd>
                " pastes."
            </p>
        </section>
    }
    .seal()
}

/// What a finger's keyboard lacks.
#[component]
fn Keys() -> impl IntoView {
    let keys = [
        ("Escape", "Esc", None),
        ("Tab", "Tab", None),
        ("Control", "Ctrl", None),
        ("ArrowLeft", "←", Some("Left")),
        ("ArrowDown", "↓", Some("Down")),
        ("ArrowUp", "↑", Some("Up")),
        ("ArrowRight", "→", Some("Right")),
    ];
    let keys = keys.map(|(key, word, name)| {
        let held = (key == "Control").then_some("false");
        view! {
            <button type="button" class="button" data-key=key aria-label=name aria-pressed=held>
                {word}
            </button>
        }
    });
    view! {
        <div class="keys" role="group" aria-label="Keys">
            {keys.into_iter().collect_view()}
        </div>
    }
    .seal()
}

/// Why there is no terminal now, and what to do instead.
#[component]
fn Closed(environment: Environment, actor: Actor, why: String) -> impl IntoView {
    let emblem = if environment.state.allows_entry().is_ok() { "lock" } else { "stopped" };
    let starts = environment.permits(&actor, Operation::Start).is_ok();
    view! {
        <section class="blank" aria-labelledby="closed">
            <span class="emblem">
                <Icon name=emblem />
            </span>
            <h2 id="closed">"No terminal available"</h2>
            <p>{why}</p>
            <a class="button primary" href=environment.address().to_string()>
                {if starts { "Start it on the overview page" } else { "Go to the overview page" }}
            </a>
        </section>
    }
    .seal()
}
