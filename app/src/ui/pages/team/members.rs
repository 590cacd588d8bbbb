//! Who belongs to a team: as what, where that comes from, and what they hold.

use leptos::prelude::*;

use crate::api::teams::{Member, TeamDetail};
use crate::ui::components::form::{Draft, choice_field, hidden, sent_to, text_field};
use crate::ui::seal::Seal;
use model::name::TeamName;
use model::quota::Pool;

pub fn member_table(detail: &TeamDetail, admin: bool) -> AnyView {
    if detail.members.is_empty() {
        return view! { <p class="nothing">"No member has signed in yet."</p> }.seal();
    }
    let cap = detail.team.room.member.quota;
    let rows = detail.members.iter().map(|member| row(&detail.team.name, member, Pool::new(cap, member.used), admin));
    view! {
        <table class="plain">
            <thead>
                <tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Role"</th>
                    <th scope="col">"Source"</th>
                    <th scope="col">"Holds"</th>
                    <th scope="col">
                        <span class="unseen">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .seal()
}

fn row(team: &TeamName, member: &Member, pool: Pool, admin: bool) -> AnyView {
    let ways = member.by.iter().map(|way| view! { <li>{way.words()}</li> }).collect_view();
    let by_hand = admin && member.by.iter().any(|way| way.group.is_none());
    let label = format!("Remove the role of {} that was assigned here", member.name);
    let passed = pool.overrun(&member.name);
    view! {
        <tr>
            <th scope="row">
                <span class="name">{member.name.clone()}</span>
                <small>{member.email.clone()}</small>
                {member.disabled.then(|| view! { <small class="warn">"disabled"</small> })}
            </th>
            <td data-label="Role">{member.role.to_string()}</td>
            <td data-label="Source">
                <ul>{ways}</ul>
            </td>
            <td data-label="Holds">
                {holds(&pool)}
                {passed.map(|passed| view! { <small class="warn">{passed}</small> })}
            </td>
            <td class="actions">
                {by_hand
                    .then(|| {
                        view! {
                            <form method="post" action=sent_to(&format!("/teams/{team}"))>
                                {hidden("form", "remove-member")} {hidden("person", member.id.to_string())}
                                <button class="button quiet" aria-label=label>
                                    "Remove role"
                                </button>
                            </form>
                        }
                    })}
            </td>
        </tr>
    }
    .seal()
}

/// `3 environments, 2 running`, beside the cap where there is one.
fn holds(pool: &Pool) -> String {
    let of =
        |held: u64, limit: Option<u64>| limit.map_or_else(|| held.to_string(), |limit| format!("{held} of {limit}"));
    let (used, quota) = (pool.used, pool.quota);
    let nouns = if quota.environments.unwrap_or(used.environments) == 1 { "environment" } else { "environments" };
    format!("{} {nouns}, {} running", of(used.environments, quota.environments), of(used.running, quota.running))
}

pub fn add_member(team: &TeamName, draft: &Draft) -> AnyView {
    let form = "member";
    view! {
        <form method="post" action=sent_to(&format!("/teams/{team}")) class="body">
            {draft.refusal()} {hidden("form", form)}
            <div class="fields">
                {text_field(
                    draft,
                    form,
                    "who",
                    "Add a person",
                    "",
                    "E-mail address, name or ID of a user who has signed in before. An existing member gets this role.",
                )} {choice_field(draft, form, "role", "Role", &[("member", "Member"), ("lead", "Lead")], "member")}
                <button class="button">"Add"</button>
            </div>
        </form>
    }
    .seal()
}
