//! Buttons that begin an operation on an environment, or say why they cannot.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;

use super::icon::Icon;
use crate::api::environments::{Operate, operate};
use crate::model::environment::{Environment, Operation};
use crate::ui::notices;
use crate::ui::seal::Seal;
use crate::ui::tab::Tab;

/// With its word, where the environment is plain from the page.
#[component]
pub fn OperateButton(
    environment: Signal<Environment>,
    operation: Operation,
    /// Why the viewer cannot do this now.
    #[prop(into)]
    refused: Signal<Option<String>>,
) -> impl IntoView {
    let tab = Tab::here();
    let id = environment.with_untracked(|environment| environment.id.to_string());
    let under_way = RwSignal::new(None);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if refused.with_untracked(Option::is_none) {
            begin(tab, environment.get_untracked(), operation, under_way, Callback::new(|()| ()));
        }
    };
    let why = format!("why-{}", operation.as_str());
    let described = why.clone();
    let is_refused = Memo::new(move |_| refused.with(Option::is_some));
    view! {
        <form method="post" action=Operate::url() class="operate" on:submit=submit>
            <input type="hidden" name="id" value=id />
            <button
                class="button"
                name="operation"
                value=operation.as_str()
                aria-disabled=move || is_refused.get().then_some("true")
                aria-busy=move || under_way.get().is_some().then_some("true")
                aria-describedby=move || is_refused.get().then(|| described.clone())
            >
                <Icon name=operation.as_str() />
                {operation.label()}
            </button>
            <span class="tip" id=why role="tooltip">
                {move || refused.get()}
            </span>
        </form>
    }
    .seal()
}

/// With its icon only, in a row of a list, whose form it sends. Its name says of which environment.
#[component]
pub fn RowButton(
    environment: Signal<Environment>,
    operation: Operation,
    #[prop(into)] refused: Signal<Option<String>>,
    under_way: RwSignal<Option<Operation>>,
) -> impl IntoView {
    let (id, name) =
        environment.with_untracked(|environment| (environment.id.to_string(), environment.name.to_string()));
    let label = operation.label();
    let why = format!("why-{}-{id}", operation.as_str());
    let removes = operation == Operation::Remove;
    let is_refused = Memo::new(move |_| refused.with(Option::is_some));
    let why = move || is_refused.get().then(|| why.clone());
    // Without scripts one is removed on its own page, which asks first.
    let page = removes.then(|| environment.with_untracked(|environment| environment.address().to_string()));
    view! {
        <span class="operate">
            <button
                form=row_form(&id)
                formmethod=removes.then_some("get")
                formaction=page
                name="operation"
                value=operation.as_str()
                class=if removes { "button quiet icon-only danger" } else { "button quiet icon-only" }
                aria-label=format!("{label} {name}")
                aria-haspopup=removes.then_some("dialog")
                aria-disabled=move || is_refused.get().then_some("true")
                aria-busy=move || (under_way.get() == Some(operation)).then_some("true")
                aria-describedby=why.clone()
            >
                <Icon name=operation.as_str() />
            </button>
            <span class="tip" id=why role="tooltip">
                {move || refused.get().unwrap_or_else(|| label.to_owned())}
            </span>
        </span>
    }
    .seal()
}

/// The id of the form that a row's buttons send.
#[must_use]
pub fn row_form(id: &str) -> String {
    format!("row-{id}")
}

/// Begins an operation where none is `under_way`, shows what it did at once, and says so where it was refused.
pub fn begin(
    tab: Tab,
    environment: Environment,
    operation: Operation,
    under_way: RwSignal<Option<Operation>>,
    begun: Callback<()>,
) {
    if under_way.get_untracked().is_some() {
        return;
    }
    under_way.set(Some(operation));
    spawn_local(async move {
        match operate(environment.id.clone(), operation).await {
            Ok(changed) => {
                notices::say(&format!("{}: {}", changed.name, changed.state.label()));
                tab.live.take_environment(changed);
                begun.run(());
            }
            Err(error) => {
                let label = operation.label().to_ascii_lowercase();
                notices::failed(&format!("{} was not {}", environment.name, past(operation, &label)), &error);
            }
        }
        under_way.set(None);
    });
}

fn past(operation: Operation, label: &str) -> String {
    match operation {
        Operation::Stop => "stopped".to_owned(),
        Operation::Remove => "removed".to_owned(),
        Operation::Start | Operation::Restart | Operation::Extend => format!("{label}ed"),
    }
}
