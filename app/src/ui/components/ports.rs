//! Ports as people use them: a link for a page, an address to copy for anything else.

use leptos::prelude::*;

use super::copy::Copy;
use crate::ui::seal::Seal;
use model::environment::Port;

/// How many are shown before «+N more».
const SHOWN: usize = 3;

/// In a row of a list.
#[component]
pub fn PortLinks(ports: Signal<Vec<Port>>) -> impl IntoView {
    let links = move |ports: &[Port]| ports.iter().map(|port| view! { <PortLink port=port.clone() /> }).collect_view();
    move || {
        let ports = ports.get();
        let (first, rest) = ports.split_at(ports.len().min(SHOWN));
        let more = (!rest.is_empty()).then(|| {
            view! {
                <details class="more">
                    <summary>"+" {rest.len()} " more"</summary>
                    {links(rest)}
                </details>
            }
        });
        view! {
            <span class="ports">{links(first)} {more}</span>
        }
    }
}

#[component]
fn PortLink(port: Port) -> impl IntoView {
    let shown = format!("{} {}", port.name, port.host_port);
    let Port { name, url, address, .. } = port;
    let Some(url) = url else {
        let what = format!("the address of {name}");
        return view! {
            <span class="port raw" title=address.clone()>
                {shown}
                <Copy text=address.clone() what />
            </span>
        }
        .seal();
    };
    view! {
        <a class="port" href=url target="_blank" rel="noopener noreferrer">
            {shown}
        </a>
    }
    .seal()
}
