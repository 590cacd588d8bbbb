//! What a launch leaves of the quota, before it is asked for; and why it would be refused.

use leptos::prelude::*;

use crate::api::ApiError;
use crate::api::environments::LaunchOptions;
use crate::ui::components::gauges::Bar;
use crate::ui::seal::Seal;
use model::quota::Holding;

#[component]
pub fn Preview(
    options: RwSignal<LaunchOptions>,
    ask: Signal<Holding>,
    error: Signal<Option<ApiError>>,
) -> impl IntoView {
    let gauge = move |at: usize| {
        let gauge = Signal::derive(move || options.with(|options| options.team.room.team.gauges(ask.get())[at]));
        view! {
            <div>
                <dt>{move || gauge.get().label()}</dt>
                <dd>
                    <Bar gauge />
                    <span>
                        <b>{move || gauge.get().figure()}</b>
                        " "
                        {move || gauge.get().against()}
                    </span>
                </dd>
            </div>
        }
    };
    let refusal = Memo::new(move |_| options.with(|options| refusal(options, ask.get(), error.get())));
    view! {
        <section class="after" aria-labelledby="after">
            <h3 id="after">"After this launch"</h3>
            <dl>{gauge(0)} {gauge(1)} {gauge(2)} {gauge(3)}</dl>
            {move || {
                refusal.get().map(|(words, more)| view! {
                    <div id="refusal" class="callout bad" role="alert" tabindex="-1">
                        <p>{words}</p>
                        {more.map(|href| view! { <a class="button" href=href>"Ask for more"</a> })}
                    </div>
                })
            }}
        </section>
    }
    .seal()
}

/// What the server said when it was asked, or else what it would say; and where to ask for what is missing.
fn refusal(options: &LaunchOptions, ask: Holding, error: Option<ApiError>) -> Option<(String, Option<String>)> {
    let (words, refused) = match error {
        Some(ApiError::QuotaExceeded { refusal }) => {
            (ApiError::QuotaExceeded { refusal: refusal.clone() }.to_string(), refusal)
        }
        _ => {
            let refusal = options.team.room.admit(ask).err()?;
            (format!("This would be refused: {refusal}."), refusal)
        }
    };
    Some((words, refused.ask_for_more(&options.team.name).map(String::from)))
}
