//! Removing an environment: a button, and a dialog that names it and what is lost with it.

use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::icon::Icon;
use super::operate::{Look, begin};
use crate::api::environments::Operate;
use crate::model::environment::{Environment, Operation};
use crate::ui::browser;
use crate::ui::seal::Seal;
use crate::ui::tab::Tab;

#[component]
pub fn Remove(
    environment: Signal<Environment>,
    #[prop(into)] refused: Signal<Option<String>>,
    look: Look,
    /// Once it has begun.
    begun: Callback<()>,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let (id, name) =
        environment.with_untracked(|environment| (environment.id.to_string(), environment.name.to_string()));
    let dialog_id = format!("remove-{id}");
    let why = format!("why-remove-{id}");
    let described = why.clone();
    let (class, word, label) = match look {
        Look::Word => ("button danger", Some("Remove…"), None),
        Look::Icon => ("button quiet icon-only danger", None, Some(format!("Remove {name}"))),
    };
    let tip = label.clone();
    let is_refused = Memo::new(move |_| refused.with(Option::is_some));
    let target = dialog_id.clone();
    let target = move || (!is_refused.get()).then(|| target.clone());
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
                class=class
                aria-label=label
                aria-haspopup="dialog"
                aria-disabled=move || is_refused.get().then_some("true")
                aria-describedby=move || is_refused.get().then(|| described.clone())
                command="show-modal"
                commandfor=target
                on:click=open
            >
                <Icon name="remove" />
                {word}
            </button>
            <span class="tip" id=why role="tooltip">
                {move || refused.get().or_else(|| tip.clone())}
            </span>
        </span>
        <RemoveDialog environment dialog dialog_id id name begun />
    }
    .seal()
}

#[component]
fn RemoveDialog(
    environment: Signal<Environment>,
    dialog: NodeRef<Dialog>,
    dialog_id: String,
    id: String,
    name: String,
    begun: Callback<()>,
) -> impl IntoView {
    let tab = Tab::here();
    let under_way = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        browser::close_dialog(dialog);
        if !under_way.get_untracked() {
            begin(tab, environment.get_untracked(), Operation::Remove, under_way, begun);
        }
    };
    let title = format!("title-{dialog_id}");
    let labelled = title.clone();
    let team = environment.with_untracked(|environment| environment.team.to_string());
    view! {
        <dialog id=dialog_id class="dialog" aria-labelledby=labelled node_ref=dialog>
            <h2 id=title>"Remove " {name.clone()} "?"</h2>
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
