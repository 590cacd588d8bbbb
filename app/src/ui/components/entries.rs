//! Entries of the audit log: a table on a desk, cards on a phone.

use leptos::prelude::*;

use super::icon::Icon;
use super::time::Moment;
use crate::ui::seal::Seal;
use model::audit::{Entry, Outcome, Recorded, Who};

#[component]
pub fn Entries(
    entries: Vec<Recorded>,
    /// Whether all are of one environment, which then is not named in each.
    of_one: bool,
) -> impl IntoView {
    let rows = entries.into_iter().map(|recorded| view! { <Row recorded of_one /> });
    view! {
        <table class="log" class:of-one=of_one>
            <thead>
                <tr>
                    <th scope="col" class="when">
                        "When"
                    </th>
                    <th scope="col" class="who">
                        "Who"
                    </th>
                    <th scope="col" class="did">
                        "Action"
                    </th>
                    {(!of_one).then(|| view! { <th scope="col" class="object">"On"</th> })}
                    <th scope="col">"Details"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .seal()
}

#[component]
fn Row(recorded: Recorded, of_one: bool) -> impl IntoView {
    let Recorded { at, entry, .. } = recorded;
    let object = (!of_one).then(|| view! { <td class="object">{object(&entry)}</td> });
    view! {
        <tr>
            <td class="when">
                <Moment at />
            </td>
            <td class="who">
                <span>{entry.who.person.clone()}</span>
                <small>{origin(&entry.who)}</small>
            </td>
            <td class="did">
                <span>{entry.action.label()}</span>
                <OutcomeBadge outcome=entry.outcome />
            </td>
            {object}
            <td class="why">{entry.reason}</td>
        </tr>
    }
    .seal()
}

/// From where, in words; nothing where the name says it.
fn origin(who: &Who) -> Option<String> {
    match &who.token {
        Some(token) => Some(format!("{}, token {token}", who.origin.label())),
        None => (who.person != who.origin.label()).then(|| who.origin.label().to_owned()),
    }
}

/// An environment leads to what became of it.
fn object(entry: &Entry) -> AnyView {
    let named = match &entry.environment {
        Some(id) => {
            let address = format!("/environments/{id}/history");
            view! { <a href=address>{entry.object.clone()}</a> }.seal()
        }
        None => view! { <span>{entry.object.clone()}</span> }.seal(),
    };
    let team = entry.team.as_ref().map(ToString::to_string);
    view! {
        {named}
        {team.map(|team| view! { <small>{team}</small> })}
    }
    .seal()
}

#[component]
fn OutcomeBadge(outcome: Outcome) -> impl IntoView {
    let (tone, icon) = match outcome {
        Outcome::Done => ("badge off", "done"),
        Outcome::Refused => ("badge warn", "lock"),
        Outcome::Failed => ("badge bad", "failed"),
    };
    view! {
        <span class=tone>
            <Icon name=icon />
            {outcome.label()}
        </span>
    }
    .seal()
}
