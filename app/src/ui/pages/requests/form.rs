//! The form to ask for more; filled in where a refusal led here.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::api::ApiError;
use crate::api::requests::{AskForMore, RequestForm};
use crate::ui::components::icon::Icon;
use crate::ui::components::text_area::{Kind, TextArea};
use crate::ui::seal::Seal;
use model::quota::Quota;
use model::request::{Raised, Until, WORDS_MAX};
use model::team::Team;
use model::units::Span;

/// For how long something can be asked for on the page; scripts may ask until any moment.
const SPANS: [(Span, &str); 6] = [
    (Span::hours(4), "4 hours"),
    (Span::hours(24), "1 day"),
    (Span::hours(72), "3 days"),
    (Span::hours(168), "1 week"),
    (Span::hours(336), "2 weeks"),
    (Span::hours(720), "30 days"),
];
const PROPOSED: Span = Span::hours(24);

/// Only for those who are in a team: an auditor asks for nothing.
#[component]
pub fn AskForm(teams: Vec<Team>, draft: RequestForm, refused: Option<ApiError>) -> impl IntoView {
    (!teams.is_empty()).then(|| {
        let capped = teams.iter().any(|team| team.room.member.quota != Quota::default());
        let refused = StoredValue::new(refused);
        let about = move |field: &str| refused.with_value(|error| error.as_ref()?.about(field).map(str::to_owned));
        let beside = refused.with_value(|error| error.as_ref().map(ToString::to_string));
        let entry =
            |id: &'static str, label: &'static str, value: &str, mode: &'static str, placeholder: &'static str| {
                view! { <Entry id label value=value.to_owned() mode placeholder problem=about(id) /> }
            };
        view! {
            <form method="post" action=AskForMore::url() class="panel ask-for-more" aria-labelledby="ask">
                <header>
                    <h2 id="ask">"Ask for more"</h2>
                </header>
                <div class="body">
                    {beside.map(|words| view! {
                        <p class="callout bad" role="alert" tabindex="-1">
                            {words}
                        </p>
                    })}
                    <TeamChoice teams chosen=draft.team.clone() />
                    <ScopeChoice chosen=draft.scope.clone() capped />
                    <fieldset class="amounts">
                        <legend>"Additional amount"</legend>
                        {entry("environments", "Environments", &draft.environments, "numeric", "0")}
                        {entry("running", "Running", &draft.running, "numeric", "0")}
                        {entry("cpus", "CPU cores", &draft.cpus, "decimal", "0")}
                        {entry("memory", "Memory", &draft.memory, "text", "512MiB")}
                    </fieldset>
                    <UntilChoice chosen=draft.until.clone() />
                    <Reason value=draft.reason.clone() problem=about("reason") />
                    <button class="button primary block">
                        <Icon name="requests" />
                        "Ask"
                    </button>
                </div>
            </form>
        }
        .seal()
    })
}

#[component]
fn Entry(
    id: &'static str,
    label: &'static str,
    value: String,
    mode: &'static str,
    placeholder: &'static str,
    problem: Option<String>,
) -> impl IntoView {
    let invalid = problem.is_some().then_some("true");
    let described = problem.is_some().then(|| format!("{id}-problem"));
    let name = format!("form[{id}]");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                name=name
                value=value
                inputmode=mode
                placeholder=placeholder
                autocomplete="off"
                aria-invalid=invalid
                aria-describedby=described
            />
            {problem.map(|words| view! {
                <small id=format!("{id}-problem") class="problem">
                    {words}
                </small>
            })}
        </div>
    }
    .seal()
}

#[component]
fn TeamChoice(teams: Vec<Team>, chosen: String) -> impl IntoView {
    if let [only] = teams.as_slice() {
        return view! { <input type="hidden" name="form[team]" value=only.name.to_string() /> }.seal();
    }
    let options = teams.into_iter().map(|team| {
        let selected = team.name.as_str() == chosen;
        view! {
            <option value=team.name.to_string() selected=selected>
                {team.label}
            </option>
        }
    });
    view! {
        <div class="field">
            <label for="team">"Team"</label>
            <select id="team" name="form[team]">
                {options.collect_view()}
            </select>
        </div>
    }
    .seal()
}

#[component]
fn ScopeChoice(
    chosen: String,
    /// Whether any of the teams has a cap on its members: else there is nothing to choose.
    capped: bool,
) -> impl IntoView {
    let chosen = Raised::parse(&chosen).unwrap_or_default();
    if !capped {
        return view! {
            <input type="hidden" name="form[scope]" value=Raised::Team.as_str() />
            <p class="dim">"Of the team's quota: " {Raised::Team.decided_by()} "."</p>
        }
        .seal();
    }
    let choice = |raised: Raised, label: &'static str| {
        view! {
            <label class="choice">
                <input type="radio" name="form[scope]" value=raised.as_str() checked=raised == chosen />
                <span>
                    {label}
                    " "
                    <small>{raised.decided_by()}</small>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="choices">
            <legend>"Increase"</legend>
            {choice(Raised::Team, "The team's quota:")}
            {choice(Raised::Member, "My own quota in the team:")}
        </fieldset>
    }
    .seal()
}

#[component]
fn UntilChoice(chosen: String) -> impl IntoView {
    let chosen = match chosen.parse() {
        Ok(Until::For(span)) => span,
        Ok(Until::At(_)) | Err(_) => PROPOSED,
    };
    let proposed = SPANS.into_iter().map(|(span, words)| (span, words.to_owned()));
    let typed = (!SPANS.iter().any(|(span, _)| *span == chosen)).then(|| (chosen, chosen.words()));
    let options = proposed.chain(typed).map(|(span, words)| {
        view! {
            <option value=span.to_string() selected=span == chosen>
                {format!("{words} from now")}
            </option>
        }
    });
    view! {
        <div class="field">
            <label for="until">"Until"</label>
            <select id="until" name="form[until]" aria-describedby="until-help">
                {options.collect_view()}
            </select>
            <small id="until-help">"Then the increase ends automatically; running environments keep running."</small>
        </div>
    }
    .seal()
}

#[component]
fn Reason(value: String, problem: Option<String>) -> impl IntoView {
    view! {
        <div class="field">
            <label for="reason">"Reason"</label>
            <TextArea
                kind=Kind::Prose
                id="reason"
                name="form[reason]"
                value
                rows=3
                described_by="reason-help".to_owned()
                invalid=problem.is_some()
                required=true
                longest=WORDS_MAX
            />
            <small id="reason-help">"Shown to the people who decide."</small>
            {problem.map(|words| view! { <small class="problem">{words}</small> })}
        </div>
    }
    .seal()
}
