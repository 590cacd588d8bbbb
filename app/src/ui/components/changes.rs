//! What changed between two texts: the lines that are gone and those that are new.

use leptos::prelude::*;

use crate::ui::seal::Seal;
use model::diff::Line;

#[component]
pub fn Changes(lines: Vec<Line>, #[prop(into)] title: String) -> impl IntoView {
    let label = title.clone();
    let lines = lines.into_iter().map(|line| match line {
        Line::Gone(text) => view! { <del>"− " {text} "\n"</del> }.seal(),
        Line::New(text) => view! { <ins>"+ " {text} "\n"</ins> }.seal(),
    });
    view! {
        <figure class="changes">
            <figcaption>{title}</figcaption>
            <pre class="mono" tabindex="0" role="group" aria-label=label>
                {lines.collect_view()}
            </pre>
        </figure>
    }
    .seal()
}
