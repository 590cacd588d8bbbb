//! One request: who asks for what, until when and why, what was decided, and what the viewer can do.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::api::requests::{DecideRequest, SeenRequest};
use crate::ui::components::icon::Icon;
use crate::ui::components::time::Moment;
use crate::ui::seal::Seal;
use model::request::{Raised, Request, RequestState, Standing, Step, WORDS_MAX};
use model::time::Timestamp;

#[component]
pub fn Item(seen: SeenRequest, at: Timestamp) -> impl IntoView {
    let SeenRequest { request, standing, steps } = seen;
    let id = request.id.to_string();
    let verb = if standing == Standing::Lent { "has" } else { "asks for" };
    let asked = format!("{} {verb} {} more", request.asker, request.more.words());
    let whose = match request.raises {
        Raised::Team => format!("For the quota of team {}", request.team),
        Raised::Member => format!("For their own quota in team {}", request.team),
    };
    let decision = told(&request);
    let (anchor, label) = (id.clone(), asked.clone());
    view! {
        <li id=anchor class="request">
            <p class="row">
                <StandingBadge standing />
                <strong>{asked}</strong>
            </p>
            <p class="dim">
                {whose} ", until " <Distant of=request.until at /> ". Asked " <Distant of=request.created_at at /> "."
            </p>
            <p class="reason">{request.reason}</p>
            {decision}
            <Steps id label steps />
        </li>
    }
    .seal()
}

/// What was decided, by whom and why.
fn told(request: &Request) -> Option<AnyView> {
    let decision = request.state.decision()?;
    let done = match &request.state {
        RequestState::Open => return None,
        RequestState::Approved { .. } => "Approved",
        RequestState::Declined { .. } => "Declined",
        RequestState::Withdrawn { .. } => "Withdrawn",
        RequestState::Returned { .. } => "Ended early",
    };
    let by = format!("{done} by {}, ", decision.by);
    let word = if decision.word.is_empty() { ".".to_owned() } else { format!(": {}", decision.word) };
    Some(view! { <p>{by} <Moment at=decision.at /> {word}</p> }.seal())
}

#[component]
fn StandingBadge(standing: Standing) -> impl IntoView {
    let (tone, icon) = match standing {
        Standing::Open => ("badge warn", "extend"),
        Standing::Lent => ("badge ok", "done"),
        Standing::Declined => ("badge bad", "close"),
        Standing::Lapsed | Standing::Returned | Standing::Withdrawn => ("badge off", "restart"),
    };
    view! {
        <span class=tone>
            <Icon name=icon />
            {standing.label()}
        </span>
    }
    .seal()
}

/// A moment in full, and how far away it was when the page was asked for.
#[component]
fn Distant(of: Timestamp, at: Timestamp) -> impl IntoView {
    view! {
        <Moment at=of />
        " ("
        {of.seen_from(at)}
        ")"
    }
    .seal()
}

/// One form with a button for each step, and a word of why where somebody decides.
#[component]
fn Steps(id: String, label: String, steps: Vec<Step>) -> impl IntoView {
    if steps.is_empty() {
        return ().into_any();
    }
    let decides = steps.contains(&Step::Decline);
    let word = decides.then(|| {
        let word = format!("word-{id}");
        let of = word.clone();
        view! {
            <label class="word" for=of>
                <span>"A word of why"</span>
                <input id=word name="word" maxlength=WORDS_MAX.to_string() autocomplete="off" placeholder="Required to decline" />
            </label>
        }
    });
    let buttons = steps.into_iter().map(|step| {
        let (class, words) = match step {
            Step::Approve => ("button primary", "Approve"),
            Step::Decline => ("button", "Decline"),
            Step::Withdraw => ("button", "Withdraw"),
            Step::Return => ("button", "End the increase"),
        };
        let name = format!("{words}: {label}");
        view! {
            <button class=class name="step" value=step.as_str() aria-label=name>
                {words}
            </button>
        }
    });
    view! {
        <form method="post" action=DecideRequest::url() class="row">
            <input type="hidden" name="id" value=id />
            {word}
            {buttons.collect_view()}
        </form>
    }
    .seal()
}
