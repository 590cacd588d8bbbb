//! A button that begins an operation on an environment, or says why it cannot.

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

/// How much a button says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Icon and word: where the environment is plain from the page.
    Word,
    /// The icon only: in a row of a list. Its name says of which environment.
    Icon,
}

#[component]
pub fn OperateButton(
    environment: Signal<Environment>,
    operation: Operation,
    /// Why the viewer cannot do this now.
    #[prop(into)]
    refused: Signal<Option<String>>,
    look: Look,
) -> impl IntoView {
    let tab = Tab::here();
    let id = environment.with_untracked(|environment| environment.id.to_string());
    let under_way = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if refused.with_untracked(Option::is_none) && !under_way.get_untracked() {
            begin(tab, environment.get_untracked(), operation, under_way, Callback::new(|()| ()));
        }
    };
    view! {
        <form method="post" action=Operate::url() class="operate" on:submit=submit>
            <input type="hidden" name="id" value=id.clone() />
            <input type="hidden" name="operation" value=operation.as_str() />
            <ActionButton environment operation refused under_way look id />
        </form>
    }
    .seal()
}

#[component]
fn ActionButton(
    environment: Signal<Environment>,
    operation: Operation,
    refused: Signal<Option<String>>,
    under_way: RwSignal<bool>,
    look: Look,
    id: String,
) -> impl IntoView {
    let label = operation.label();
    let full = format!("{label} {}", environment.with_untracked(|environment| environment.name.to_string()));
    let why = format!("why-{label}-{id}");
    let described = why.clone();
    let is_refused = Memo::new(move |_| refused.with(Option::is_some));
    let (class, word, name) = match look {
        Look::Word => ("button", Some(label), None),
        Look::Icon => ("button quiet icon-only", None, Some(full.clone())),
    };
    let tip = (look == Look::Icon).then_some(full);
    view! {
        <button
            class=class
            aria-label=name
            aria-disabled=move || is_refused.get().then_some("true")
            aria-busy=move || under_way.get().then_some("true")
            aria-describedby=move || is_refused.get().then(|| described.clone())
        >
            <Icon name=operation.as_str() />
            {word}
        </button>
        <span class="tip" id=why role="tooltip">
            {move || refused.get().or_else(|| tip.clone())}
        </span>
    }
    .seal()
}

/// Begins an operation, shows what it did at once, and says so where it was refused.
pub fn begin(tab: Tab, environment: Environment, operation: Operation, under_way: RwSignal<bool>, begun: Callback<()>) {
    under_way.set(true);
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
        under_way.set(false);
    });
}

fn past(operation: Operation, label: &str) -> String {
    match operation {
        Operation::Stop => "stopped".to_owned(),
        Operation::Remove => "removed".to_owned(),
        Operation::Start | Operation::Restart | Operation::Extend => format!("{label}ed"),
    }
}
