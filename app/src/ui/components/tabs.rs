//! The pages of one environment, each with its own address.

use leptos::prelude::*;

use crate::ui::seal::Seal;
use model::name::EnvironmentId;

#[component]
pub fn Tabs(id: EnvironmentId, current: &'static str) -> impl IntoView {
    let tabs = [("Overview", ""), ("Terminal", "/terminal"), ("History", "/history")].map(|(label, path)| {
        view! {
            <a href=format!("/environments/{id}{path}") aria-current=(label == current).then_some("page")>
                {label}
            </a>
        }
    });
    view! {
        <nav class="tabs" aria-label="Of this environment">
            {tabs.into_iter().collect_view()}
        </nav>
    }
    .seal()
}
