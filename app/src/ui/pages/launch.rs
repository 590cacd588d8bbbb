//! The heart: choose a template, a size and what it is given, see what that leaves of the quota, and launch.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::ApiError;
use crate::api::environments::{Launch, LaunchForm, LaunchOptions, Typed, get_launch_options, launch};
use crate::api::json::Given;
use crate::api::me::get_my_teams;
use crate::ui::browser;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::refused::refusal_of;
use crate::ui::seal::Seal;
use crate::ui::tab::Tab;
use choices::ChooseTeam;
use model::address::Address;
use model::name::TeamName;
use panel::Panel;
use templates::Templates;

mod choices;
mod fields;
mod panel;
mod preview;
mod templates;

#[component]
pub fn LaunchPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let team = query.get("team").and_then(|team| TeamName::parse(&team).ok());
    // What an address brings along of what was typed before.
    let draft = LaunchForm::from_query(query);
    let refused = refusal_of::<Launch>();
    let asked = async {
        match get_launch_options(team).await? {
            Some(options) => Ok((Vec::new(), Some(options))),
            None => Ok((get_my_teams().await?, None)),
        }
    };
    let view = move |(teams, options): (Vec<_>, Option<LaunchOptions>)| match options {
        None => view! { <ChooseTeam teams /> }.seal(),
        Some(options) if options.offers.is_empty() => view! { <NoOffers /> }.seal(),
        Some(options) => view! { <LaunchDesk given=Given((options, draft.clone(), refused.clone())) /> }.seal(),
    };
    view! {
        <Title text="Launch" />
        <div class="head">
            <h1 tabindex="-1">"Launch"</h1>
        </div>
        <Loaded asked view />
    }
    .seal()
}

#[component]
fn NoOffers() -> impl IntoView {
    view! {
        <section class="panel blank">
            <h2>"Nothing to launch yet"</h2>
            <p>
                "No templates are available to this team. Admins define templates and the teams that can use them."
            </p>
        </section>
    }
    .seal()
}

fn address(team: &str, template: &str) -> String {
    Address::of("/launch").with("team", team).with("template", template).to_string()
}

/// A launch that is being put together, sent, and perhaps refused.
#[derive(Debug, Clone, Copy)]
struct Desk {
    /// What may be launched, and what room there is at the moment.
    options: RwSignal<LaunchOptions>,
    /// The template's name.
    chosen: RwSignal<String>,
    refused: RwSignal<Option<ApiError>>,
    under_way: RwSignal<bool>,
    /// What was typed, also into the fields of templates that were chosen before.
    typed: StoredValue<Typed>,
    /// What has become of the chosen template while its form was filled in.
    news: RwSignal<Option<String>>,
}

/// The form of the page.
const FORM: &str = "form.launch";

#[island]
fn LaunchDesk(given: Given<(LaunchOptions, LaunchForm, Option<ApiError>)>) -> impl IntoView {
    let Given((options, draft, refused)) = given;
    let (team, key) = (options.team.name.clone(), options.idempotency_key.clone());
    let first = options.proposed(&draft.template).map(|offer| offer.slug.to_string()).unwrap_or_default();
    let desk = Desk {
        options: RwSignal::new(options),
        chosen: RwSignal::new(first),
        refused: RwSignal::new(refused),
        under_way: RwSignal::new(false),
        typed: StoredValue::new(Typed::beginning(draft)),
        news: RwSignal::new(None),
    };
    desk.follow(team.clone());
    view! {
        <form method="post" action=Launch::url() class="split launch" on:submit=move |event| desk.send(&event)>
            <input type="hidden" name="form[team]" value=team.to_string() />
            <input type="hidden" name="form[key]" value=key />
            <Templates desk />
            <Panel desk />
        </form>
    }
    .seal()
}

impl Desk {
    /// The room moves with what the team's others do.
    fn follow(self, team: TeamName) {
        let live = Tab::here().live;
        let of = team.clone();
        let answered = Callback::new(move |(_, answer): (u32, Option<LaunchOptions>)| {
            if let Some(options) = answer {
                self.keep_typed();
                let chosen = self.chosen.get_untracked();
                let news = self.options.with_untracked(|before| options.changed_since(before, &chosen));
                if news.is_some() {
                    self.news.set(news);
                }
                self.options.set(options);
            }
        });
        live.follow(move || live.changes_of(Some(&of)), move || get_launch_options(Some(team.clone())), answered);
    }

    /// Before other fields take the place of those that are shown.
    fn keep_typed(self) {
        let now = LaunchForm::from_fields(browser::fields_of(FORM));
        self.typed.update_value(|typed| typed.keep(now));
    }

    fn send(self, event: &SubmitEvent) {
        event.prevent_default();
        let form = LaunchForm::from_fields(browser::fields(event));
        if self.under_way.get_untracked() {
            return;
        }
        self.under_way.set(true);
        spawn_local(async move {
            match launch(form).await {
                // The button stays as it is: the next page is on its way.
                Ok(environment) => browser::go_to(&environment.address().to_string()),
                Err(error) => {
                    self.refused.set(Some(error));
                    self.under_way.set(false);
                    browser::focus_soon("[aria-invalid=true], #refusal");
                }
            }
        });
    }
}
