//! What is configured, to read: it is changed in berth.toml and the environment, and counts from the next start on.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::settings::{Setting, get_settings};
use crate::ui::components::loaded::Loaded;
use crate::ui::seal::Seal;

#[component]
pub fn SettingsPage() -> impl IntoView {
    let asked = get_settings();
    view! {
        <Title text="Settings" />
        <Loaded
            asked
            view=table
        />
    }
    .seal()
}

fn table(settings: Vec<Setting>) -> AnyView {
    let rows = settings.into_iter().map(|Setting { key, value, origin, about }| {
        view! {
            <tr>
                <th scope="row">
                    <code>{key}</code>
                    <small>{about}</small>
                </th>
                <td data-label="Value" class="mono">
                    {value}
                </td>
                <td data-label="Set in">{origin}</td>
            </tr>
        }
    });
    view! {
        <div class="head">
            <h1 tabindex="-1">"Settings"</h1>
            <a class="button" href="/api/v1/catalogue" download="catalogue.toml" rel="external">
                "Download the catalogue"
            </a>
        </div>
        <p class="dim">
            "These are set in berth.toml or by variables such as BERTH_SERVER__ADDR, by the operator of this server; changes take effect at the next start. Teams, sizes and templates are changed on their own pages, or by berth apply."
        </p>
        <section class="panel" aria-label="Settings">
            <table class="plain">
                <thead>
                    <tr>
                        <th scope="col">"Key"</th>
                        <th scope="col">"Value"</th>
                        <th scope="col">"Set in"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
    .seal()
}
