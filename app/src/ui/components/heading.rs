//! The head of a page about one environment: the way to the others, its name, how it is, and where it comes from.

use leptos::prelude::*;

use super::badge::Badge;
use super::tabs::Tabs;
use super::time::Moment;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;
use model::environment::Environment;

#[component]
pub fn Heading(
    environment: Environment,
    viewer: Viewer,
    /// The page's own.
    tab: &'static str,
) -> impl IntoView {
    let it = environment.clone();
    let (badge, owner) = (RwSignal::new(environment).into(), viewer.owner(&it));
    let template = format!("{} v{} · {}", it.template.slug, it.template.version, it.size);
    view! {
        <Tabs id=it.id.clone() current=tab />
        <div class="head one">
            <h1 tabindex="-1">{it.name.to_string()}</h1>
            <Badge environment=badge />
            <p class="dim">
                {template} " · launched " <Moment at=it.created_at /> " by " {owner}
                " for team " {it.team.to_string()}
            </p>
        </div>
    }
    .seal()
}
