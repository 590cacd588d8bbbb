//! The environments that the filter keeps: a table on a desk, cards on a phone.

use leptos::prelude::*;

use super::List;
use super::row::Row;
use crate::ui::browser;
use crate::ui::components::remove::RemoveDialog;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;
use model::environment::Environment;
use model::name::EnvironmentId;

#[component]
pub fn Table(viewer: Viewer, list: List, of_teams: bool) -> impl IntoView {
    let List { items, filter, .. } = list;
    let ids = Memo::new(move |_| {
        items.with(|items| items.iter().map(|environment| environment.id.clone()).collect::<Vec<_>>())
    });
    let is_empty = Memo::new(move |_| ids.with(Vec::is_empty));
    let none = Memo::new(move |_| is_empty.get() && list.is_answered());
    let removed = RwSignal::new(None);
    view! {
        <table class="list" class:of-teams=of_teams hidden=is_empty>
            <thead>
                <tr>
                    <th scope="col" class="what">
                        "Name"
                    </th>
                    <th scope="col" class="state">
                        "State"
                    </th>
                    <th scope="col" class="open">
                        "Ports"
                    </th>
                    <th scope="col" class="limits">
                        "Limits"
                    </th>
                    <th scope="col" class="owner">
                        "Owner"
                    </th>
                    <th scope="col" class="time">
                        "Time left"
                    </th>
                    <th scope="col" class="actions">
                        <span class="unseen">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody>
                <For each=move || ids.get() key=EnvironmentId::clone let:id>
                    {find(items, &id).map(|first| view! { <Row viewer environment=follow(items, first) removed /> })}
                </For>
            </tbody>
        </table>
        <p class="nothing" role="status" hidden=move || !none.get()>
            "No environments match this filter. "
            <a href=move || filter.with(|filter| filter.only_team().address().to_string())>"Show all"</a>
        </p>
        {move || removed.get().map(|environment| view! { <RemovalOf environment /> })}
    }
    .seal()
}

/// The dialog of whichever is about to be removed.
#[component]
fn RemovalOf(environment: Environment) -> impl IntoView {
    let dialog = NodeRef::new();
    Effect::new(move || browser::open_dialog(dialog));
    let begun = Callback::new(|()| browser::focus_soon("main h1"));
    view! { <RemoveDialog environment=Signal::stored(environment) dialog begun /> }
}

fn find(list: Memo<Vec<Environment>>, id: &EnvironmentId) -> Option<Environment> {
    list.with_untracked(|list| list.iter().find(|environment| environment.id == *id).cloned())
}

/// One of the list as it changes; as it was last, once it has left the list.
fn follow(list: Memo<Vec<Environment>>, first: Environment) -> Signal<Environment> {
    let latest = Memo::new(move |last: Option<&Environment>| {
        let last = last.unwrap_or(&first);
        list.with(|list| list.iter().find(|environment| environment.id == last.id).unwrap_or(last).clone())
    });
    latest.into()
}
