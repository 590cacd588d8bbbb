//! The place of what is said over the page, and the blueprint of a notice. `frame.js` fills both.

use leptos::prelude::*;

use super::hosts::Banner;
use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;
use model::host::Host;

#[component]
pub fn NoticeBoard(hosts: Vec<Host>) -> impl IntoView {
    view! {
        <div class="notices">
            {hosts.into_iter().map(|host| view! { <Banner host /> }).collect_view()}
            <div class="told" role="alert"></div>
        </div>
        <p class="unseen" id="said" role="status"></p>
        <template id="notice">
            <div class="notice">
                <button type="button" class="button quiet icon-only" aria-label="Dismiss">
                    <Icon name="close" />
                </button>
                <strong></strong>
                <p></p>
                // In a tab of its own, so that nothing typed here is lost.
                <a class="button" data-way="sign-in" href="/sign-in" target="_blank">
                    "Sign in again in a new tab"
                </a>
                <a class="button" data-way="reload" href="">
                    "Reload"
                </a>
            </div>
        </template>
    }
    .seal()
}
