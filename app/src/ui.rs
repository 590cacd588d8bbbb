//! What is seen: the document, the table of pages, and what all of them share.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Redirect, Route, Router};
use leptos_router::{SsrMode, path};

use frame::Frame;
use pages::environment::EnvironmentPage;
use pages::environments::EnvironmentsPage;
use pages::launch::LaunchPage;
use pages::missing::MissingPage;
use pages::sign_in::SignInPage;
use tab::Tab;

pub mod browser;
pub mod components;
pub mod frame;
pub mod live;
pub mod pages;
pub mod tab;

/// What was chosen on this browser is there before anything is painted, so that nothing flashes.
const REMEMBERED: &str = r#"try{for(const k of["theme","density"]){const v=localStorage.getItem("berth."+k);if(v)document.documentElement.dataset[k]=v}}catch{}"#;

/// The document around the pages, as the server sends it.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let style = format!("/{}/berth.css", options.site_pkg_dir);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=style />
                <script nonce=use_nonce()>{REMEMBERED}</script>
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Every page. They are rendered whole before they are sent: each is a few reads of the server's own database.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let tab = Tab::open();
    view! {
        <Title formatter=|page: String| format!("{page} · Berth") />
        <Router>
            <Frame tab>
                <FlatRoutes fallback=|| view! { <MissingPage /> }.into_any()>
                    <Route path=path!("/") view=Start ssr=SsrMode::Async />
                    <Route
                        path=path!("/environments")
                        view=move || view! { <EnvironmentsPage tab /> }.into_any()
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=path!("/environments/:id")
                        view=move || view! { <EnvironmentPage tab /> }.into_any()
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=path!("/launch")
                        view=move || view! { <LaunchPage tab /> }.into_any()
                        ssr=SsrMode::Async
                    />
                    <Route
                        path=path!("/sign-in")
                        view=|| view! { <SignInPage /> }.into_any()
                        ssr=SsrMode::Async
                    />
                </FlatRoutes>
            </Frame>
        </Router>
    }
}

#[component]
fn Start() -> impl IntoView {
    view! { <Redirect path="/environments" /> }
}
