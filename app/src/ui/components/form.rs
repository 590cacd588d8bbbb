//! Forms that a browser sends by itself to their own page: fields, what is wrong with them, and what was said.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::ApiError;
use crate::api::form::{Said, Sent};
use crate::ui::components::text_area::{Kind, TextArea};
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

    /// What is there now instead, where the form was refused since somebody else was first.
    fn now(&self, field: &str, known: &str) -> Option<String> {
        // A browser sends the lines of a text area with CR LF.
        let differs = self.is_conflict() && self.value(field, known).replace("\r\n", "\n") != known;
        differs.then(|| format!("Now: {}", if known.is_empty() { "empty" } else { known }))
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
                let items = errors
                    .into_iter()
                    .map(|error| view! { <li>{format!("{}: {}", label(&error.field), error.message)}</li> });
                view! {
                    <div id=REFUSAL class="callout bad" role="alert" tabindex="-1">
                        <strong>"Not changed:"</strong>
                        <ul>{items.collect_view()}</ul>
                    </div>
                }
                .seal()
            }
            error => view! {
                <p id=REFUSAL class="callout bad" role="alert" tabindex="-1">
                    <strong>"Not changed: "</strong>
                    {error.to_string()}
                </p>
            }
            .seal(),
        };
        Some(view)
    }
}

/// The id of why a form was refused; one form of a page is.
const REFUSAL: &str = "refusal";

/// Where a form is sent that is on the page at `path`. Refused, the page comes back at what is wrong.
#[must_use]
pub fn sent_to(path: &str) -> String {
    format!("{path}#{REFUSAL}")
}

/// What a field is called on the page.
fn label(field: &str) -> String {
    let (of, field) = match field.split_once('.') {
        Some(("quota", field)) => ("Team quota: ", field),
        Some(("per_member", field)) => ("Per-member quota: ", field),
        _ => ("", field),
    };
    let label = match field {
        "name" => "Name",
        "label" => "Label",
        "environments" => "Environments",
        "running" => "Running",
        "cpus" => "CPU cores",
        "memory" => "Memory",
        "pids" => "Processes",
        "disk" => "Disk",
        "members" => "Groups with role member",
        "leads" => "Groups with role lead",
        "who" => "Person",
        "role" => "Role",
        "day" => "Deprecated from",
        "text" => "TOML",
        line => line,
    };
    format!("{of}{label}")
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
    let (id, known): (String, String) = (field_id(form, name), known.into());
    let problem = draft.problem(name);
    let invalid = problem.is_some().then_some("true");
    let now = draft.now(name, &known);
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
    field(&id, label, control.seal(), Some(below(&id, help, now, problem)))
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
    let (id, known): (String, String) = (field_id(form, name), known.into());
    let problem = draft.problem(name);
    // A whole text is compared line by line, above it.
    let now = draft.now(name, &known).filter(|_| name != "text");
    let control = view! {
        <TextArea
            kind=Kind::Code
            id=id.clone()
            name
            value=draft.value(name, known)
            rows
            described_by=described(&id)
            invalid=problem.is_some()
        />
    };
    field(&id, label, control.seal(), Some(below(&id, help, now, problem)))
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

fn below(id: &str, help: &'static str, now: Option<String>, problem: Option<String>) -> AnyView {
    view! {
        <small id=format!("{id}-help")>{help} {now.map(|now| view! { " " <strong>{now}</strong> })}</small>
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
