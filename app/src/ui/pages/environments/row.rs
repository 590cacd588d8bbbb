//! One environment in the list.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::api::environments::Operate;
use crate::ui::browser;
use crate::ui::components::badge::Badge;
use crate::ui::components::expiry::Expiry;
use crate::ui::components::operate::{Row as Does, RowButton, begin, row_form};
use crate::ui::components::ports::PortLinks;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;
use model::environment::{Environment, Operation};
use model::lifetime::Ending;

#[component]
pub fn Row(
    viewer: Viewer,
    environment: Signal<Environment>,
    /// The one whose removal is asked about.
    removed: RwSignal<Option<Environment>>,
) -> impl IntoView {
    let it = environment.get_untracked();
    let Viewer { tab, now, .. } = viewer;
    let owner = viewer.owner(&it);
    let reason = move || environment.with(|it| it.reason.clone());
    let ends = move || environment.with(|it| it.ending().map_or("", Ending::note));
    let ports = Signal::derive(move || environment.with(|it| it.ports.clone()));
    let under_way = RwSignal::new(None);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(operation) = browser::submitted(&event).and_then(|value| Operation::parse(&value)) else { return };
        if untrack(|| viewer.refusal(environment, operation)).is_some() {
            return;
        }
        match operation {
            Operation::Remove => removed.set(Some(environment.get_untracked())),
            _ => begin(tab, environment.get_untracked(), operation, under_way, Callback::new(|()| ())),
        }
    };
    let button = move |does| view! { <RowButton viewer environment does under_way /> };
    view! {
        <tr>
            <td class="what">
                <a class="name" href=it.address().to_string()>
                    {it.name.to_string()}
                </a>
                <small>{it.template.slug.to_string()} " v" {it.template.version} " · " {it.size.to_string()}</small>
            </td>
            <td class="state">
                <Badge environment />
                <small class="reason" title=reason>
                    {reason}
                </small>
            </td>
            <td class="open">
                <PortLinks ports />
            </td>
            <td class="limits">
                <span>{it.limits.cpus.words()}</span>
                <small>{it.limits.memory.to_string()}</small>
            </td>
            <td class="owner">
                <span>{owner}</span>
                <small>{it.team.to_string()}</small>
            </td>
            <td class="time">
                <Expiry environment now clock=tab.clock />
                {button(Does::Always(Operation::Extend))}
                <small>{ends}</small>
            </td>
            <td class="actions">
                <form method="post" action=Operate::url() id=row_form(it.id.as_str()) on:submit=submit>
                    <input type="hidden" name="id" value=it.id.to_string() />
                </form>
                {button(Does::StartOrStop)} {button(Does::Always(Operation::Restart))}
                {button(Does::Always(Operation::Remove))}
            </td>
        </tr>
    }
    .seal()
}
