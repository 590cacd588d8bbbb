//! What is seen: the document, the table of pages, and what all of them share.
//!
//! The server renders every page whole; islands in it come to life in the browser (`#[island]`), and everything else stays
//! what it is: HTML, with links that lead and forms that send. Only islands and what they show are in the browser's bundle.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Redirect, Route, Router};
use leptos_router::{SsrMode, path};

use frame::Frame;
use pages::activities::ActivitiesPage;
use pages::audit::AuditPage;
use pages::environment::EnvironmentPage;
use pages::environments::EnvironmentsPage;
use pages::history::HistoryPage;
use pages::hosts::HostsPage;
use pages::launch::LaunchPage;
use pages::missing::MissingPage;
use pages::people::PeoplePage;
use pages::person::PersonPage;
use pages::requests::RequestsPage;
use pages::settings::SettingsPage;
use pages::sign_in::SignInPage;
use pages::sizes::SizesPage;
use pages::team::TeamPage;
use pages::teams::TeamsPage;
use pages::template::TemplatePage;
use pages::templates::TemplatesPage;
use pages::terminal::TerminalPage;
use seal::Seal;
use tab::Tab;

pub mod browser;
pub mod components;
pub mod escape;
pub mod frame;
pub mod live;
pub mod notices;
pub mod pages;
pub mod seal;
pub mod tab;

/// Where the files are that a page alone brings along.
#[derive(Debug, Clone, Default)]
pub struct Bundle(pub String);

/// Which code a page brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// Nobody is signed in: nothing on the page is alive.
    None,
    /// What is alive around every page.
    Frame,
    /// That, and the islands of the page itself.
    Islands,
}

impl Scripts {
    /// Of the page at `path`. A story walks all pages and holds this against the islands that are on them.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let mut parts = path.trim_matches('/').split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("environments"), _, None) | (Some("launch"), None, None) => Self::Islands,
            _ => Self::Frame,
        }
    }
}

/// The document around the pages.
pub fn shell(options: LeptosOptions, scripts: Scripts) -> impl IntoView {
    let bundle = format!("/{}", options.site_pkg_dir);
    let (style, frame) = (format!("{bundle}/berth.css"), format!("{bundle}/frame.js"));
    provide_context(Bundle(bundle));
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=style />
                <script nonce=use_nonce()>{include_str!("ui/preferences.js")}</script>
                <script nonce=use_nonce()>{include_str!("ui/zone.js")}</script>
                {(scripts != Scripts::None).then(|| view! { <script type="module" src=frame></script> })}
                {(scripts == Scripts::Islands).then(|| view! { <HydrationScripts options islands=true /> })}
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
    provide_context(Tab::default());
    view! {
        <Title formatter=|page: String| format!("{} · Berth", escape::escaped(&page)) />
        <Router>
            <Frame>
                <FlatRoutes fallback=|| view! { <MissingPage /> }>
                    <Route path=path!("/") view=Start ssr=SsrMode::Async />
                    <Route path=path!("/environments") view=EnvironmentsPage ssr=SsrMode::Async />
                    <Route path=path!("/environments/:id") view=EnvironmentPage ssr=SsrMode::Async />
                    <Route path=path!("/environments/:id/terminal") view=TerminalPage ssr=SsrMode::Async />
                    <Route path=path!("/environments/:id/history") view=HistoryPage ssr=SsrMode::Async />
                    <Route path=path!("/audit") view=AuditPage ssr=SsrMode::Async />
                    <Route path=path!("/activities") view=ActivitiesPage ssr=SsrMode::Async />
                    <Route path=path!("/launch") view=LaunchPage ssr=SsrMode::Async />
                    <Route path=path!("/requests") view=RequestsPage ssr=SsrMode::Async />
                    <Route path=path!("/hosts") view=HostsPage ssr=SsrMode::Async />
                    <Route path=path!("/teams") view=TeamsPage ssr=SsrMode::Async />
                    <Route path=path!("/teams/:name") view=TeamPage ssr=SsrMode::Async />
                    <Route path=path!("/templates") view=TemplatesPage ssr=SsrMode::Async />
                    <Route path=path!("/templates/:slug") view=TemplatePage ssr=SsrMode::Async />
                    <Route path=path!("/sizes") view=SizesPage ssr=SsrMode::Async />
                    <Route path=path!("/people") view=PeoplePage ssr=SsrMode::Async />
                    <Route path=path!("/people/:id") view=PersonPage ssr=SsrMode::Async />
                    <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async />
                    <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                </FlatRoutes>
            </Frame>
        </Router>
    }
    .seal()
}

#[component]
fn Start() -> impl IntoView {
    view! { <Redirect path="/environments" /> }.seal()
}
