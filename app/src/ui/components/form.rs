//! Forms that a browser sends by itself to their own page: fields, what is wrong with them, and what was said.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::ApiError;
use crate::api::edit::{Said, Sent};
use crate::ui::seal::Seal;

/// A form of this page as somebody sent it, where it was refused; else nothing.
#[derive(Debug, Clone, Default)]
pub struct Draft(Option<Sent>);

impl Draft {
    #[must_use]
    pub fn of(form: &str) -> Self {
        let sent = use_context::<Option<Sent>>().flatten();
        Self(sent.filter(|sent| sent.fields.form() == form))
    }

    /// Where several forms of a page are alike: the one whose `field` is `value`.
    #[must_use]
    pub fn about(self, field: &str, value: &str) -> Self {
        Self(self.0.filter(|sent| sent.fields.get(field) == value))
    }

    /// As it was typed, or else as it is known.
    #[must_use]
    pub fn value(&self, field: &str, known: impl Into<String>) -> String {
        self.0.as_ref().map_or_else(|| known.into(), |sent| sent.fields.get(field).to_owned())
    }

    /// What the form was made from. After it was told that somebody else was first, sending it again is meant.
    #[must_use]
    pub fn revision(&self, now: &str) -> String {
        if self.is_conflict() { now.to_owned() } else { self.value("revision", now) }
    }

    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.error(), Some(ApiError::Conflict { .. }))
    }

    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.0.is_some()
    }

    fn error(&self) -> Option<&ApiError> {
        self.0.as_ref().map(|sent| &sent.error)
    }

    /// What is wrong with `field`.
    #[must_use]
    pub fn problem(&self, field: &str) -> Option<String> {
        self.error()?.about(field).map(str::to_owned)
    }

    /// Why it was refused, all of it.
    #[must_use]
    pub fn refusal(&self) -> Option<AnyView> {
        let view = match self.error()?.clone() {
            ApiError::Invalid { errors } => {
                let items =
                    errors.into_iter().map(|error| view! { <li>{format!("{}: {}", error.field, error.message)}</li> });
                view! {
                    <div class="callout bad" role="alert">
                        <strong>"Nothing was changed."</strong>
                        <ul>{items.collect_view()}</ul>
                    </div>
                }
                .seal()
            }
            error => view! {
                <p class="callout bad" role="alert">
                    <strong>"Nothing was changed. "</strong>
                    {error.to_string()}
                </p>
            }
            .seal(),
        };
        Some(view)
    }
}

/// A line of text to fill in.
#[must_use]
pub fn text_field(
    draft: &Draft,
    form: &str,
    name: &'static str,
    label: &'static str,
    known: impl Into<String>,
    help: &'static str,
) -> AnyView {
    let id = field_id(form, name);
    let problem = draft.problem(name);
    let invalid = problem.is_some().then_some("true");
    let control = view! {
        <input
            id=id.clone()
            name=name
            value=draft.value(name, known)
            autocomplete="off"
            spellcheck="false"
            aria-invalid=invalid
            aria-describedby=described(&id)
        />
    };
    field(&id, label, control.seal(), Some(below(&id, help, problem)))
}

/// Several lines of text. `rows`: as many as are shown at once.
#[must_use]
pub fn text_area(
    draft: &Draft,
    form: &str,
    name: &'static str,
    label: &'static str,
    known: impl Into<String>,
    help: &'static str,
    rows: usize,
) -> AnyView {
    let id = field_id(form, name);
    let problem = draft.problem(name);
    let invalid = problem.is_some().then_some("true");
    let control = view! {
        <textarea
            id=id.clone()
            name=name
            rows=rows.to_string()
            class="mono"
            spellcheck="false"
            autocapitalize="none"
            wrap="off"
            aria-invalid=invalid
            aria-describedby=described(&id)
        >
            {inside_text_area(&draft.value(name, known))}
        </textarea>
    };
    field(&id, label, control.seal(), Some(below(&id, help, problem)))
}

/// The framework writes what stands in a text area as it is; a browser reads these two signs there as what they stand for.
fn inside_text_area(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// One of a few. `choices`: value and label.
#[must_use]
pub fn choice_field(
    draft: &Draft,
    form: &str,
    name: &'static str,
    label: &'static str,
    choices: &[(&'static str, &'static str)],
    known: &str,
) -> AnyView {
    let id = field_id(form, name);
    let chosen = draft.value(name, known);
    let options = choices.iter().map(|(value, label)| {
        let selected = *value == chosen;
        view! {
            <option value=*value selected=selected>
                {*label}
            </option>
        }
    });
    let control = view! {
        <select id=id.clone() name=name>
            {options.collect_view()}
        </select>
    };
    field(&id, label, control.seal(), None)
}

/// What a form carries unseen.
#[must_use]
pub fn hidden(name: &'static str, value: impl Into<String>) -> AnyView {
    view! { <input type="hidden" name=name value=value.into() /> }.seal()
}

fn field(id: &str, label: &'static str, control: AnyView, below: Option<AnyView>) -> AnyView {
    view! {
        <div class="field">
            <label for=id.to_owned()>{label}</label>
            {control}
            {below}
        </div>
    }
    .seal()
}

fn field_id(form: &str, name: &str) -> String {
    format!("{form}-{}", name.replace('.', "-"))
}

fn described(id: &str) -> String {
    format!("{id}-help {id}-problem")
}

fn below(id: &str, help: &'static str, problem: Option<String>) -> AnyView {
    view! {
        <small id=format!("{id}-help")>{help}</small>
        <small id=format!("{id}-problem") class="problem">
            {problem}
        </small>
    }
    .seal()
}

/// What a change that led here has done.
#[component]
pub fn Told() -> impl IntoView {
    let said = use_query_map().read_untracked().get("said").and_then(|code| Said::parse(&code));
    said.map(|said| {
        view! {
            <p class="callout ok" role="status">
                {said.words()}
            </p>
        }
        .seal()
    })
}
