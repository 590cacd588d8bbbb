//! Fields of the launch form. What is wrong with one is said beside it, when it is left and when the server says so.

use std::time::Duration;

use leptos::prelude::*;

use crate::api::ApiError;
use crate::ui::components::text_area::GrowingText;
use crate::ui::seal::Seal;
use model::name::EnvironmentName;
use model::template::{Kind, Variable};

/// A field with its label, help, and what is wrong with it.
#[component]
pub fn Field(
    #[prop(into)] id: String,
    #[prop(into)] label: String,
    #[prop(into)] help: String,
    problem: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    let (help_id, problem_id) = (format!("{id}-help"), format!("{id}-problem"));
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {children()}
            <small id=help_id>{help}</small>
            <small id=problem_id class="problem" role="status">
                {problem}
            </small>
        </div>
    }
    .seal()
}

#[component]
pub fn NameField(value: String, error: Signal<Option<ApiError>>) -> impl IntoView {
    let check =
        |value: &str| if value.is_empty() { None } else { EnvironmentName::parse(value).err().map(|e| e.to_string()) };
    let (problem, leave) = checked("name", error, check);
    view! {
        <Field id="name" label="Name" help="Leave empty to have Berth choose one." problem>
            <input
                id="name"
                name="form[name]"
                value=value
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby="name-help name-problem"
                on:change=move |event| leave.run(event_target_value(&event).trim().to_owned())
            />
        </Field>
    }
    .seal()
}

#[component]
pub fn VariableField(variable: Variable, typed: Option<String>, error: Signal<Option<ApiError>>) -> impl IntoView {
    let id = format!("variable-{}", variable.name);
    let checked_by = variable.clone();
    let check = move |value: &str| if value.is_empty() { None } else { checked_by.accept(value).err() };
    let (problem, leave) = checked(&variable.name, error, check);
    let (label, help) = (variable.title().to_owned(), variable.help_in_full());
    view! {
        <Field id=id.clone() label help problem>
            {input(variable, &id, typed, problem, leave)}
        </Field>
    }
    .seal()
}

fn input(
    variable: Variable,
    id: &str,
    typed: Option<String>,
    problem: Signal<Option<String>>,
    leave: Callback<String>,
) -> AnyView {
    let group = if variable.secret { "secrets" } else { "variables" };
    let name = format!("form[{group}][{}]", variable.name);
    let described = format!("{id}-help {id}-problem");
    let invalid = move || problem.get().map(|_| "true");
    let value = typed.or_else(|| variable.default.clone()).unwrap_or_default();
    let required = variable.required.then_some("true");
    let options = variable.options();
    let id = id.to_owned();
    let left = move |event| leave.run(event_target_value(&event));
    if options.is_empty() && variable.kind != Kind::Integer {
        let (secret, required) = (variable.secret, variable.required);
        let invalid = Signal::derive(move || problem.get().is_some());
        let left = Callback::new(left);
        return view! { <GrowingText id name value secret required described_by=described invalid left /> }.seal();
    }
    if options.is_empty() {
        // The digits of a phone's numeric keyboard come without a minus sign.
        return view! {
            <input
                id=id
                name=name
                type=if variable.secret { "password" } else { "text" }
                value=value
                autocomplete=if variable.secret { "new-password" } else { "off" }
                spellcheck="false"
                aria-required=required
                aria-invalid=invalid
                aria-describedby=described
                on:change=left
            />
        }
        .seal();
    }
    let options = options.into_iter().map(|(option, label)| {
        let selected = option == value;
        view! {
            <option value=option selected=selected>
                {label}
            </option>
        }
    });
    view! {
        <select id=id name=name aria-required=required aria-invalid=invalid aria-describedby=described on:change=left>
            {options.collect_view()}
        </select>
    }
    .seal()
}

/// What is wrong with a field: as the page finds when it is left, or else as the server said.
fn checked(
    field: &str,
    error: Signal<Option<ApiError>>,
    check: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> (Signal<Option<String>>, Callback<String>) {
    let field = field.to_owned();
    // What the page found, and on which answer of the server's.
    let found = RwSignal::new(None::<(Option<ApiError>, Option<String>)>);
    let problem = Memo::new(move |_| match found.get() {
        Some((then, problem)) if then == error.get() => problem,
        Some(_) | None => error.with(|error| error.as_ref()?.about(&field).map(str::to_owned)),
    });
    // A moment later: what appears must not move the button that is being pressed.
    let leave = move |value: String| {
        let found_now = Some((error.get_untracked(), check(&value)));
        set_timeout(move || found.set(found_now), Duration::from_millis(300));
    };
    (problem.into(), Callback::new(leave))
}
