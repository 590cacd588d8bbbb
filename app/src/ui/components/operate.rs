//! Buttons that begin an operation on an environment, or say why they cannot.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;

use super::icon::Icon;
use crate::api::environments::{Operate, operate};
use crate::ui::notices;
use crate::ui::seal::Seal;
use crate::ui::tab::{Tab, Viewer};
use model::environment::{Environment, Operation, State};

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

/// Which operation a button of a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    Always(Operation),
    /// One place for two, of which one at most makes sense.
    StartOrStop,
}

impl Row {
    const fn operation(self, state: State) -> Operation {
        match (self, state) {
            (Self::Always(operation), _) => operation,
            (Self::StartOrStop, State::Stopped | State::Failed) => Operation::Start,
            (Self::StartOrStop, _) => Operation::Stop,
        }
    }
}

/// With its icon only, in a row of a list, whose form it sends. Its name says of which environment.
#[component]
pub fn RowButton(
    viewer: Viewer,
    environment: Signal<Environment>,
    does: Row,
    under_way: RwSignal<Option<Operation>>,
) -> impl IntoView {
    let operation = move || environment.with(|it| does.operation(it.state));
    let refusal = move || viewer.refusal(environment, operation());
    let why = move || refusal().map(|_| environment.with(|it| format!("why-{}-{}", operation().as_str(), it.id)));
    let removes = does == Row::Always(Operation::Remove);
    let (form, page) =
        environment.with_untracked(|it| (row_form(it.id.as_str()), removes.then(|| it.address().to_string())));
    view! {
        <span class="operate">
            // Without scripts one is removed on its own page, which asks first.
            <button
                form=form
                formmethod=removes.then_some("get")
                formaction=page
                name="operation"
                value=move || operation().as_str()
                class=if removes { "button quiet icon-only danger" } else { "button quiet icon-only" }
                aria-label=move || environment.with(|it| format!("{} {}", operation().label(), it.name))
                aria-haspopup=removes.then_some("dialog")
                aria-disabled=move || refusal().map(|_| "true")
                aria-busy=move || (under_way.get() == Some(operation())).then_some("true")
                aria-describedby=why
            >
                <Icon name=Signal::derive(move || operation().as_str()) />
            </button>
            <span class="tip" id=why role="tooltip">
                {move || refusal().unwrap_or_else(|| operation().label().to_owned())}
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
