//! What every page has around it, and what it brings along.

use axum::body::Body;
use axum::http::Request;
use model::access::{Actor, InstallationRole};

use super::site::Site;
use super::stage::ask;

/// A member of team blue, in its browser as in the service.
async fn bea(site: &Site) -> Actor {
    let bea = site.stage.bea().await;
    assert_eq!(site.person("Bea", &["blue"], None).await, bea.id);
    bea
}

#[tokio::test]
async fn only_pages_with_islands_bring_the_code_of_islands_along() {
    let site = Site::open().await;
    let ada = site.person("Ada", &["blue"], Some(InstallationRole::Admin)).await;
    let bea = bea(&site).await;
    let launched = site.stage.launched(&bea, ask("web")).await.expect("a launch");
    let mut browser = site.browser(&ada).await;
    let mut with = 0;
    for page in leptos_axum::generate_route_list(app::ui::App) {
        let path = page.path().replace("{slug}", "web").replace("{name}", "blue");
        // Without a team it only asks for which.
        let path = path.replace("/launch", "/launch?team=blue");
        let id = if path.starts_with("/people") { ada.as_str() } else { launched.id.as_str() };
        let answer = browser.get(&path.replace("{id}", id).replace(":id", id)).await;
        if answer.status != 200 {
            continue;
        }
        let (islands, code) = (answer.body.contains("<leptos-island"), answer.body.contains("berth.js"));
        assert_eq!(islands, code, "{path}");
        assert!(answer.body.contains("/frame.js"), "{path} has what is alive on every page");
        with += u32::from(islands);
    }
    assert_eq!(with, 3, "the list, an environment, and the launch");
    let sign_in = site.visitor().get("/sign-in").await.body;
    assert!(!sign_in.contains("/frame.js") && !sign_in.contains("berth.js"), "{sign_in}");
}

#[tokio::test]
async fn a_list_says_how_long_each_has_left_before_any_script_runs() {
    let site = Site::open().await;
    let bea = bea(&site).await;
    site.stage.launched(&bea, ask("web")).await.expect("a launch");
    let shown = site.browser(&bea.id).await.get("/environments").await.body;
    let chip = shown.split("class=\"chip").nth(1).and_then(|rest| rest.split("</time>").next()).expect("a chip");
    assert!(chip.contains(">8 h<") && !chip.contains(" UTC<"), "{chip}");
}

#[tokio::test]
async fn the_stream_of_changes_begins_with_the_version_of_the_pages() {
    let site = Site::open().await;
    let bea = site.person("Bea", &["blue"], None).await;
    let request = Request::get("/live").header("accept", "text/event-stream").header("sec-fetch-site", "same-origin");
    let answer = site.browser(&bea).await.send(request.body(Body::empty()).expect("a request")).await;
    assert!(answer.body.starts_with("event: bundle\ndata: pkg"), "{answer:?}");
}
