//! Removing an environment: a button, and a dialog that names it and what is lost with it.

use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::icon::Icon;
use super::operate::begin;
use crate::api::environments::Operate;
use crate::ui::browser;
use crate::ui::seal::Seal;
use crate::ui::tab::Tab;
use model::environment::{Environment, Operation};

/// On an environment's own page.
#[component]
pub fn Remove(
    environment: Signal<Environment>,
    #[prop(into)] refused: Signal<Option<String>>,
    /// Once it has begun.
    begun: Callback<()>,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let is_refused = Memo::new(move |_| refused.with(Option::is_some));
    let open = move |event: MouseEvent| {
        // It is opened here; `command` is for when this does not run.
        event.prevent_default();
        if !is_refused.get_untracked() {
            browser::open_dialog(dialog);
        }
    };
    view! {
        <span class="operate">
            <button
                type="button"
                class="button danger"
                aria-haspopup="dialog"
                aria-disabled=move || is_refused.get().then_some("true")
                aria-describedby=move || is_refused.get().then_some("why-remove")
                command="show-modal"
                commandfor=move || (!is_refused.get()).then_some(DIALOG)
                on:click=open
            >
                <Icon name="remove" />
                "Remove…"
            </button>
            <span class="tip" id="why-remove" role="tooltip">
                {move || refused.get()}
            </span>
        </span>
        <RemoveDialog environment dialog begun />
    }
    .seal()
}

/// There is one on a page at the most.
const DIALOG: &str = "remove";

#[component]
pub fn RemoveDialog(environment: Signal<Environment>, dialog: NodeRef<Dialog>, begun: Callback<()>) -> impl IntoView {
    let tab = Tab::here();
    let under_way = RwSignal::new(None);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        browser::close_dialog(dialog);
        begin(tab, environment.get_untracked(), Operation::Remove, under_way, begun);
    };
    let (id, name, team) =
        environment.with_untracked(|it| (it.id.to_string(), it.name.to_string(), it.team.to_string()));
    view! {
        <dialog id=DIALOG class="dialog" aria-labelledby="remove-title" node_ref=dialog>
            <h2 id="remove-title">"Remove " {name.clone()} "?"</h2>
            <p>
                "This deletes its container and everything written inside it, and cannot be undone. Its quota is released to team "
                {team} "."
            </p>
            <div class="row end">
                <form method="dialog">
                    <button class="button" autofocus>
                        "Cancel"
                    </button>
                </form>
                <form method="post" action=Operate::url() on:submit=submit>
                    <input type="hidden" name="id" value=id />
                    <input type="hidden" name="operation" value=Operation::Remove.as_str() />
                    <button class="button primary danger">"Remove " {name}</button>
                </form>
            </div>
        </dialog>
    }
    .seal()
}
