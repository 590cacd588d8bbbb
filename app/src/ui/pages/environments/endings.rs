//! What ends soon, above the list, for those who can do something about it.

use leptos::prelude::*;

use crate::model::environment::Environment;
use crate::ui::tab::Viewer;

/// How many are named.
const NAMED: usize = 5;

#[component]
pub fn Endings(viewer: Viewer, list: Memo<Vec<Environment>>) -> impl IntoView {
    let near = Memo::new(move |_| {
        let Some(now) = viewer.now.get() else { return Vec::new() };
        let warned = |environment: &&Environment| viewer.actor.with_value(|actor| environment.warns(actor, now));
        let words = |environment: &Environment| {
            let words = environment.ending().map(|ending| ending.words(now)).unwrap_or_default();
            (environment.address().to_string(), environment.name.to_string(), words)
        };
        list.with(|list| list.iter().filter(warned).map(words).collect())
    });
    move || {
        let near = near.get();
        let more = near.len().checked_sub(NAMED).filter(|more| *more > 0);
        let lines = near.iter().take(NAMED).map(|(address, name, words)| {
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
