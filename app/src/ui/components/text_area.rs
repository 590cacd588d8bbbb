//! The one text area: the framework does not escape what stands inside one, so nothing else writes the element.

use leptos::ev::Event;
use leptos::prelude::*;

use crate::ui::escape::escaped;
use crate::ui::seal::Seal;

/// What is typed into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Prose,
    /// In monospace, unwrapped, and never corrected.
    Code,
}

#[component]
pub fn TextArea(
    kind: Kind,
    #[prop(into)] id: String,
    #[prop(into)] name: String,
    /// What stands in it at first.
    value: String,
    /// How many lines are shown at once.
    rows: usize,
    /// Ids of what describes it.
    described_by: String,
    invalid: bool,
    #[prop(optional)] required: bool,
    /// In UTF-16 units, as browsers count.
    #[prop(optional)]
    longest: Option<usize>,
) -> impl IntoView {
    let code = kind == Kind::Code;
    let inside = inside(&value);
    view! {
        <textarea
            id=id
            name=name
            rows=rows.to_string()
            class=code.then_some("mono")
            spellcheck=code.then_some("false")
            autocapitalize=code.then_some("none")
            wrap=code.then_some("off")
            maxlength=longest.map(|longest| longest.to_string())
            required=required
            aria-invalid=invalid.then_some("true")
            aria-describedby=described_by
            inner_html=inside
        ></textarea>
    }
    .seal()
}

/// One line that grows with what is typed or pasted, in an island. A line of text alone would lose line breaks in silence.
#[component]
pub fn GrowingText(
    id: String,
    name: String,
    value: String,
    /// Shown as dots, until it is asked to be shown.
    secret: bool,
    required: bool,
    /// Ids of what describes it.
    described_by: String,
    invalid: Signal<bool>,
    /// Once it is left with another value.
    left: Callback<Event>,
) -> impl IntoView {
    let inside = inside(&value);
    let show = secret.then(|| {
        view! {
            <label class="show">
                <input type="checkbox" />
                "Show"
            </label>
        }
    });
    view! {
        <div class="growing" class:secret=secret>
            <textarea
                id=id
                name=name
                rows="1"
                spellcheck="false"
                autocapitalize="none"
                autocomplete="off"
                aria-required=required.then_some("true")
                aria-invalid=move || invalid.get().then_some("true")
                aria-describedby=described_by
                inner_html=inside
                on:change=move |event| left.run(event)
            ></textarea>
            {show}
        </div>
    }
    .seal()
}

fn inside(value: &str) -> String {
    // A browser leaves out a line break at the very start.
    let first = if value.starts_with('\n') { "\n" } else { "" };
    format!("{first}{}", escaped(value))
}
