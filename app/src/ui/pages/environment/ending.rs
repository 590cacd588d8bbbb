//! What the clocks of an environment do next, where that is near, or where it is kept only for a time.

use leptos::prelude::*;

use crate::ui::tab::Viewer;
use model::environment::{Environment, EnvironmentDetail};

#[component]
pub fn EndingNotice(
    viewer: Viewer,
    environment: Signal<Environment>,
    detail: RwSignal<EnvironmentDetail>,
) -> impl IntoView {
    let notice = Memo::new(move |_| {
        let now = viewer.now.get()?;
        environment.with(|environment| detail.with(|detail| detail.notice(environment, now)))
    });
    move || {
        notice.get().map(|notice| {
            let tone = if notice.warns { "callout warn" } else { "callout off" };
            view! {
                <section class=tone aria-label="Time">
                    <strong>{notice.title}</strong>
                    <p>{notice.more}</p>
                </section>
            }
        })
    }
}
