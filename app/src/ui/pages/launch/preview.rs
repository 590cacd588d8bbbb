//! What a launch leaves of the quota, before it is asked for; and why it would be refused.

use leptos::prelude::*;

use crate::api::ApiError;
use crate::api::environments::LaunchOptions;
use crate::model::quota::Holding;
use crate::ui::components::gauges::Bar;
use crate::ui::seal::Seal;

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
    let refusal = Memo::new(move |_| refusal(&options.get(), ask.get(), error.get()));
    view! {
        <section class="after" aria-labelledby="after">
            <h3 id="after">"After this launch"</h3>
            <dl>{gauge(0)} {gauge(1)} {gauge(2)} {gauge(3)}</dl>
            {move || {
                refusal.get().map(|words| view! {
                    <p id="refusal" class="callout bad" role="alert" tabindex="-1">
                        {words}
                    </p>
                })
            }}
        </section>
    }
    .seal()
}

/// What the server said when it was asked, or else what it would say.
fn refusal(options: &LaunchOptions, ask: Holding, error: Option<ApiError>) -> Option<String> {
    match error {
        Some(refused @ ApiError::QuotaExceeded { .. }) => Some(refused.to_string()),
        _ => options.team.room.admit(ask).err().map(|refusal| format!("This would be refused: {refusal}.")),
    }
}
