//! Where an environment is opened: a row for each port.

use leptos::prelude::*;

use crate::ui::components::copy::Copy;
use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;
use model::environment::{Environment, Port, State};

#[component]
pub fn Open(environment: Signal<Environment>) -> impl IntoView {
    let ports = Memo::new(move |_| environment.with(|it| it.ports.clone()));
    let state = Memo::new(move |_| environment.with(|it| it.state));
    view! {
        <section class="panel" aria-labelledby="open">
            <header>
                <h2 id="open">"Ports"</h2>
            </header>
            {move || {
                let ports = ports.get();
                if ports.is_empty() {
                    view! { <p class="nothing">{nothing(state.get())}</p> }.seal()
                } else {
                    let rows = ports.into_iter().map(|port| view! { <PortRow port /> });
                    view! { <ul class="port-rows">{rows.collect_view()}</ul> }.seal()
                }
            }}
        </section>
    }
    .seal()
}

const fn nothing(state: State) -> &'static str {
    match state {
        State::Reserved | State::Pulling | State::Creating | State::Starting => {
            "The ports appear here as soon as the container has them."
        }
        State::Running => "This template publishes no ports.",
        State::Stopping | State::Stopped | State::Failed => {
            "No ports while it is not running; the next start assigns new ones."
        }
        State::Removing | State::Removed => "Its ports are closed.",
    }
}

#[component]
fn PortRow(port: Port) -> impl IntoView {
    let address = port.address.clone();
    let title = format!("{} {}", port.name, port.host_port);
    let local = if port.is_local() { " · from the Docker host only" } else { "" };
    let inside = format!("{}/{}{local}", port.container, port.protocol);
    let what = format!("the address of {}", port.name);
    let opened = if let Some(url) = port.url {
        view! {
            <a class="open-port" href=url target="_blank" rel="noopener noreferrer">
                <strong>{port.name.to_string()}</strong>
                " "
                <span class="mono">{address.clone()}</span>
                <Icon name="open" />
            </a>
        }
        .seal()
    } else {
        view! {
            <span class="open-port" title=title>
                <strong>{port.name.to_string()}</strong>
                " "
                <span class="mono">{address.clone()}</span>
            </span>
        }
        .seal()
    };
    view! {
        <li>
            {opened} <small><span class="from">"from "</span>{inside}</small> <Copy text=address what />
        </li>
    }
    .seal()
}
