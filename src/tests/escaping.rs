//! Text from an address, a person, a label, a program or an engine stays text, wherever it is shown.

use std::fs;
use std::path::{Path, PathBuf};

use app::api::backend::Requests;
use model::access::{Actor, InstallationRole, TeamRole};
use model::name::TeamName;
use serde_json::json;
use service::apply;

use super::site::Site;
use super::stage::ask;
use super::stand_in::{Image, Process};

/// Ends an attribute, a title and a text area, and begins an element that no page of ours has.
const HOSTILE: &str = "\"></title></textarea><blink>";

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn catalogue() -> String {
    let text = toml::Value::String(HOSTILE.to_owned());
    format!(
        "[[team]]
         name = \"blue\"
         label = {text}
         quota = {{ environments = 5, running = 3 }}
         groups = {{ {text} = \"member\" }}

         [[template]]
         name = \"web\"
         label = {text}
         summary = {text}
         image = \"berth/exits:1\"
         teams = \"everyone\"
         sizes = [\"s\"]
         lifetime = {{ default = \"1h\", maximum = \"2h\" }}
         port = [{{ name = \"db\", number = 5432 }}]
         ready = {{ kind = \"tcp\", port = \"db\", within = \"30s\" }}
         variable = [{{ name = \"GREETING\", label = {text}, default = {text} }}]"
    )
}

/// A site in which every name that may be anything is hostile; its admin, who also owns an environment that failed.
async fn hostile() -> (Site, Actor, String) {
    let site = Site::open().await;
    site.stage.engine.has_image("berth/exits:1", Image::that(Process::Exits(3)).writing(&[HOSTILE]));
    let now = site.stage.clock.now();
    apply::apply(&site.stage.store, &catalogue(), false, now).await.unwrap_or_else(|error| panic!("{error}"));
    let name = format!("{HOSTILE}Ada");
    let id = site.person(&name, &["blue"], Some(InstallationRole::Admin)).await;
    let teams = [(TeamName::parse("blue").expect("a name"), TeamRole::Member)].into();
    let role = Some(InstallationRole::Admin);
    let ada = Actor { id, name, email: None, role, teams, scope: None, token: None };
    let launched = site.stage.launched(&ada, ask("web")).await.expect("a launch");
    let request = json!({"team": "blue", "more": {"running": 1}, "reason": HOSTILE, "until": "8h"});
    let request = serde_json::from_value(request).expect("a request");
    site.stage.service.ask_for_more(&ada, request).await.expect("a request");
    (site, ada, launched.id.to_string())
}

#[tokio::test]
async fn no_name_and_no_address_ever_becomes_html_on_any_page() {
    let (site, ada, environment) = hostile().await;
    let mut browser = site.browser(&ada.id).await;
    let fields = ["q", "person", "team", "said", "reason", "environments", "cpus", "until", "from", "template", "next"];
    let query: Vec<String> = fields.iter().map(|field| format!("{field}={}", encoded(HOSTILE))).collect();
    let hostile = query.join("&");
    for page in leptos_axum::generate_route_list(app::ui::App) {
        let path = page.path().replace(":slug", "web").replace(":name", "blue");
        let id = if path.starts_with("/people") { ada.id.as_str() } else { &environment };
        let path = path.replace("{slug}", "web").replace("{name}", "blue").replace("{id}", id);
        for address in [path.clone(), format!("{path}?{hostile}"), format!("{path}?reason={}", encoded(HOSTILE))] {
            let answer = browser.get(&address).await;
            assert!(!answer.body.contains("<blink>"), "{address} lets a name become HTML: {}", answer.body);
            // On all that are shown stands who is signed in.
            assert!(answer.status != 200 || answer.body.contains("&lt;blink&gt;Ada"), "{address}: {}", answer.body);
        }
    }
    let sign_in = format!("/sign-in?return_to=%2F{0}&problem={0}", encoded(HOSTILE));
    let answer = site.visitor().get(&sign_in).await;
    assert!(answer.status == 200 && !answer.body.contains("<blink>"), "{}", answer.body);
}

#[tokio::test]
async fn what_an_address_brings_stays_in_the_text_area() {
    let (site, ada, _) = hostile().await;
    let mut browser = site.browser(&ada.id).await;
    let page = browser.get("/requests?reason=%3C/textarea%3E%3Cb%3E%26lt;").await.body;
    assert!(page.contains("&lt;/textarea>&lt;b>&amp;lt;</textarea>"), "{page}");
}

#[tokio::test]
async fn a_person_s_name_stays_in_the_title() {
    let site = Site::open().await;
    let ada = site.person("Ada", &[], Some(InstallationRole::Admin)).await;
    let name = "</title><meta http-equiv=refresh content=0;url=https://evil.example>";
    let eve = site.person(name, &["blue"], None).await;
    let page = site.browser(&ada).await.get(&format!("/people/{eve}")).await.body;
    assert!(page.contains("<title>&lt;/title>&lt;meta http-equiv") && !page.contains("<meta http-equiv"), "{page}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the project").map(|entry| entry.expect("an entry").path());
    let (folders, here): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| files(folder));
    here.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).chain(below).collect()
}

/// What the framework writes as it is: elements whose content it does not escape, and HTML that is given to it.
#[test]
fn text_that_is_not_escaped_for_us_is_written_in_one_place_each() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in files(&root.join("app/src/ui")).into_iter().chain([root.join("app/src/ui.rs")]) {
        let text = fs::read_to_string(&path).expect("a file of the project");
        let here = path.strip_prefix(root).expect("a file of the project").to_string_lossy().into_owned();
        for (unescaped, place) in [
            ("<textarea", "app/src/ui/components/text_area.rs"),
            ("inner_html", "app/src/ui/components/text_area.rs"),
            ("<title", "app/src/ui.rs"),
            ("formatter", "app/src/ui.rs"),
            ("<script", "app/src/ui.rs"),
            ("<style", "app/src/ui.rs"),
            ("<noscript", "app/src/ui/pages/terminal.rs"),
        ] {
            assert!(here == place || !text.contains(unescaped), "{here} writes {unescaped}, which {place} is for");
        }
    }
}
