//! How a team is declared: its limits and groups, to read or to change.

use leptos::prelude::*;

use crate::api::teams::TeamDetail;
use crate::ui::components::as_text::AsText;
use crate::ui::components::form::{Draft, hidden, sent_to, text_area, text_field};
use crate::ui::seal::Seal;
use model::access::TeamRole;
use model::quota::{Holding, Pool, Quota};
use model::units::Memory;

/// For those who may not change it.
pub fn limits(detail: &TeamDetail) -> AnyView {
    let room = &detail.team.room;
    let groups =
        detail.groups.iter().map(|group| view! { <li>{group.name.clone()} ": " {group.role.to_string()}</li> });
    let groups = groups.collect_view();
    view! {
        <section class="panel" aria-labelledby="declared">
            <header>
                <h2 id="declared">"Limits and groups"</h2>
            </header>
            <dl class="facts body">
                <dt>"Team quota"</dt>
                <dd>{in_words(room.team.quota)}</dd>
                <dt>"Per-member quota"</dt>
                <dd>{in_words(room.member.quota)}</dd>
                <dt>"Identity provider groups"</dt>
                <dd>
                    <ul>{groups}</ul>
                </dd>
                <dt>"Changed by"</dt>
                <dd>"Admins"</dd>
            </dl>
        </section>
    }
    .seal()
}

fn in_words(quota: Quota) -> String {
    let pool = Pool::new(quota, Holding::default());
    let set = pool.gauges(Holding::default()).into_iter().filter_map(|gauge| gauge.limit);
    let words: Vec<String> = set.map(|limit| limit.to_string()).collect();
    if words.is_empty() { "no limit".to_owned() } else { words.join(", ") }
}

pub fn declaration(detail: &TeamDetail, draft: &Draft) -> AnyView {
    let (form, team) = ("team", &detail.team);
    let lines = |role| detail.groups_of(role).join("\n");
    view! {
        <section class="panel" aria-labelledby="declared">
            <header>
                <h2 id="declared">"Limits and groups"</h2>
            </header>
            <form method="post" action=sent_to(&format!("/teams/{}", team.name)) class="body">
                {draft.refusal()} {hidden("form", form)} {hidden("revision", draft.revision(&detail.revision))}
                {text_field(draft, form, "label", "Label", team.label.clone(), "")}
                {quota(draft, "quota", "Team quota", team.room.team.quota)}
                {quota(draft, "per_member", "Per-member quota", team.room.member.quota)}
                <p class="dim">
                    "Leave a field empty for no limit. Lowering a limit below current use stops nothing; new launches are refused until there is room."
                </p>
                <div class="pair">
                    {text_area(
                        draft,
                        form,
                        "members",
                        "Groups with role member",
                        lines(TeamRole::Member),
                        "Group names from the identity provider, one per line.",
                        3,
                    )}
                    {text_area(
                        draft,
                        form,
                        "leads",
                        "Groups with role lead",
                        lines(TeamRole::Lead),
                        "Leads can manage every environment of the team.",
                        3,
                    )}
                </div>
                <div class="row">
                    <button class="button primary">"Save"</button>
                </div>
            </form>
        </section>
    }
    .seal()
}

fn quota(draft: &Draft, prefix: &'static str, legend: &'static str, quota: Quota) -> AnyView {
    let form = "team";
    let [environments, running, cpus, memory] = match prefix {
        "quota" => ["quota.environments", "quota.running", "quota.cpus", "quota.memory"],
        _ => ["per_member.environments", "per_member.running", "per_member.cpus", "per_member.memory"],
    };
    let count = |limit: Option<u64>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    let cores = quota.cpus.map(|cpus| cpus.to_string()).unwrap_or_default();
    view! {
        <fieldset class="quota">
            <legend>{legend}</legend>
            {text_field(draft, form, environments, "Environments", count(quota.environments), "")}
            {text_field(draft, form, running, "Running", count(quota.running), "")}
            {text_field(draft, form, cpus, "CPU cores", cores, "")}
            {text_field(draft, form, memory, "Memory", quota.memory.map(Memory::exact).unwrap_or_default(), "For example 2GiB")}
        </fieldset>
    }
    .seal()
}

/// The whole entry as the catalogue has it.
pub fn as_text(detail: &TeamDetail, draft: &Draft, admin: bool) -> AnyView {
    let inside = AsText {
        form: "team-text",
        action: format!("/teams/{}", detail.team.name),
        text: &detail.text,
        revision: &detail.revision,
        help: "Same format as a catalogue file.",
        rows: detail.text.lines().count() + 2,
        save: "Save TOML",
        primary: false,
    };
    let inside = inside.view(draft, admin);
    view! {
        <details class="panel" open=draft.is_refused()>
            <summary>"Edit as TOML"</summary>
            {inside}
        </details>
    }
    .seal()
}
