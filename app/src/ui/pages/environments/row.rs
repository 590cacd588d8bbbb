//! One environment in the list.

use leptos::prelude::*;

use crate::model::environment::{Environment, Operation, State};
use crate::model::lifetime::Ending;
use crate::ui::browser;
use crate::ui::components::badge::Badge;
use crate::ui::components::expiry::Expiry;
use crate::ui::components::operate::{Look, OperateButton};
use crate::ui::components::ports::PortLinks;
use crate::ui::components::remove::Remove;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;

#[component]
pub fn Row(viewer: Viewer, environment: Signal<Environment>) -> impl IntoView {
    let it = environment.get_untracked();
    let Viewer { tab, now, .. } = viewer;
    let owner = viewer.owner(&it);
    let reason = move || environment.with(|it| it.reason.clone());
    let ends = Memo::new(move |_| environment.with(|it| it.ending().map_or("", Ending::note)));
    let ports = Signal::derive(move || environment.with(|it| it.ports.clone()));
    let refused = move |operation| viewer.refused(environment, operation);
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
                <OperateButton environment operation=Operation::Extend refused=refused(Operation::Extend) look=Look::Icon />
                <small>{ends}</small>
            </td>
            <td class="actions">
                <StartOrStop viewer environment />
                <OperateButton environment operation=Operation::Restart refused=refused(Operation::Restart) look=Look::Icon />
                <Remove
                    environment
                    refused=refused(Operation::Remove)
                    look=Look::Icon
                    begun=Callback::new(|()| browser::focus_soon("main h1"))
                />
            </td>
        </tr>
    }
    .seal()
}

/// One place for two buttons, of which one at most makes sense.
#[component]
fn StartOrStop(viewer: Viewer, environment: Signal<Environment>) -> impl IntoView {
    let starts = Memo::new(move |_| environment.with(|it| matches!(it.state, State::Stopped | State::Failed)));
    move || {
        let operation = if starts.get() { Operation::Start } else { Operation::Stop };
        let refused = viewer.refused(environment, operation);
        view! { <OperateButton environment operation refused look=Look::Icon /> }
    }
}
