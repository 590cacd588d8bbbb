//! What ends soon, above the list, for those who can do something about it.

use leptos::prelude::*;

use super::List;
use crate::ui::tab::Viewer;
use model::environment::Environment;

#[component]
pub fn Endings(viewer: Viewer, list: List) -> impl IntoView {
    let near = Memo::new(move |_| {
        let Some(now) = viewer.now.get() else { return Vec::new() };
        // As they are now: what was extended is no longer near its end.
        let warned = |environment: &Environment| viewer.actor.with_value(|actor| environment.warns(actor, now));
        let latest = |environment: &Environment| viewer.tab.live.latest(environment.clone());
        let words = |environment: Environment| {
            let words = environment.ending().map(|ending| ending.words(now)).unwrap_or_default();
            (environment.address().to_string(), environment.name.to_string(), words)
        };
        list.with(|listing| listing.ending.iter().map(latest).filter(warned).map(words).collect::<Vec<_>>())
    });
    move || {
        let near = near.get();
        let more = Some(list.with(|listing| listing.ending_more)).filter(|more| *more > 0);
        let lines = near.iter().map(|(address, name, words)| {
            view! {
                <li>
                    <a href=address.clone()>{name.clone()}</a>
                    " "
                    {words.clone()}
                </li>
            }
        });
        (!near.is_empty()).then(|| {
            view! {
                <section class="callout warn endings" aria-label="Ending soon">
                    <ul>{lines.collect_view()}</ul>
                    {more.map(|more| view! { <p>"And " {more} " more."</p> })}
                </section>
            }
        })
    }
}
