//! Where an environment is opened: a row for each port.

use leptos::prelude::*;

use crate::model::environment::{Environment, Port, State};
use crate::ui::components::copy::Copy;
use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;

#[component]
pub fn Open(viewer: Viewer, environment: Signal<Environment>) -> impl IntoView {
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
                    let rows = ports.into_iter().map(|port| view! { <PortRow port host=viewer.host /> });
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
        State::Running => "This template opens no ports.",
        State::Stopping | State::Stopped | State::Failed => {
            "It has no ports while it does not run; the next start gives it new ones."
        }
        State::Removing | State::Removed => "Its ports are closed.",
    }
}

#[component]
fn PortRow(port: Port, host: Signal<String>) -> impl IntoView {
    let address = {
        let port = port.clone();
        Signal::derive(move || port.address(&host.get()))
    };
    let title = format!("{} {}", port.name, port.host_port);
    let inside = format!("{}/{}", port.container, port.protocol);
    let what = format!("the address of {}", port.name);
    let opened = if port.link("").is_some() {
        let name = port.name.to_string();
        view! {
            <a class="open-port" href=move || port.link(&host.get()) target="_blank" rel="noopener noreferrer">
                <strong>{name}</strong>
                " "
                <span class="mono">{address}</span>
                <Icon name="open" />
            </a>
        }
        .seal()
    } else {
        view! {
            <span class="open-port" title=title>
                <strong>{port.name.to_string()}</strong>
                " "
                <span class="mono">{address}</span>
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
