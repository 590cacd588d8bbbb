//! The environments that the filter keeps: a table on a desk, cards on a phone.

use leptos::prelude::*;

use super::row::Row;
use crate::model::environment::Environment;
use crate::model::filter::Filter;
use crate::model::name::EnvironmentId;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;

#[component]
pub fn Table(viewer: Viewer, list: Memo<Vec<Environment>>, filter: RwSignal<Filter>, of_teams: bool) -> impl IntoView {
    let kept = Memo::new(move |_| {
        let keeps = |environment: &&Environment| filter.with(|filter| filter.keeps(environment));
        list.with(|list| list.iter().filter(keeps).map(|environment| environment.id.clone()).collect::<Vec<_>>())
    });
    let none = Memo::new(move |_| kept.with(Vec::is_empty));
    view! {
        <table class="list" class:of-teams=of_teams hidden=none>
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
                <For each=move || kept.get() key=EnvironmentId::clone let:id>
                    {find(list, &id).map(|first| view! { <Row viewer environment=follow(list, first) /> })}
                </For>
            </tbody>
        </table>
        <p class="nothing" role="status" hidden=move || !none.get()>
            "No environments match this filter. "
            <a href=move || filter.with(|filter| filter.only_team().address().to_string())>"Show all"</a>
        </p>
    }
    .seal()
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
