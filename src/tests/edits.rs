//! What an admin changes by the pages' forms: teams, templates and sizes, with the checks of `berth apply`.

use app::api::backend::Environments;
use model::environment::Operation;
use model::name::TemplateName;
use model::units::Span;

use super::people::{Cast, cast, done, send};
use super::stage::ask;
use super::support::Browser;

async fn json(browser: &mut Browser, path: &str) -> serde_json::Value {
    let answer = browser.get(path).await;
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.body);
    answer.json()
}

/// A text of an answer.
fn text(value: &serde_json::Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}")).to_owned()
}

/// What the form of a template's page sends, with `from` replaced by `to` in the text.
async fn template_form(admin: &mut Browser, slug: &str, from: &str, to: &str) -> [(&'static str, String); 3] {
    let detail = json(admin, &format!("/api/v1/templates/{slug}")).await;
    let changed = text(&detail, "text").replace(from, to).replace('\n', "\r\n");
    [("form", "template".to_owned()), ("revision", text(&detail, "revision")), ("text", changed)]
}

async fn sent(browser: &mut Browser, path: &str, fields: &[(&'static str, String)]) -> super::support::Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    send(browser, path, &fields).await
}

#[tokio::test]
async fn a_changed_recipe_is_a_new_version_and_what_runs_keeps_the_version_it_has() {
    let Cast { site, mut admin, bea, .. } = cast().await;
    let running = site.stage.launched(&bea, ask("box")).await.expect("a launch");
    let form = template_form(&mut admin, "box", "label = \"Box\"", "label = \"Another box\"").await;
    done(&sent(&mut admin, "/templates/box", &form).await, "/templates/box?said=new-version");

    let kept = site.stage.service.environment(&bea, &running.id).await.expect("it").environment;
    assert_eq!(kept.template.version, 1);
    let next = site.stage.launched(&bea, ask("box")).await.expect("a launch");
    assert_eq!(next.template.version, 2);
    let detail = json(&mut admin, "/api/v1/templates/box").await;
    assert_eq!((detail["version"].as_u64(), detail["in_use"].as_array().map(Vec::len)), (Some(2), Some(2)));
    let changes = serde_json::to_string(&detail["versions"][0]["changes"]).expect("JSON");
    assert!(changes.contains("Another box") && changes.contains("gone"), "{changes}");
    let page = admin.get("/templates/box").await.body;
    assert!(page.contains("1 environment of 1 team still runs version 1"), "{page}");

    let same = template_form(&mut admin, "box", "", "").await;
    done(&sent(&mut admin, "/templates/box", &same).await, "/templates/box?said=unchanged");
}

#[tokio::test]
async fn a_text_with_faults_comes_back_as_it_was_written_with_the_line_of_each() {
    let Cast { mut admin, site, .. } = cast().await;
    let before = site.stage.store.catalogue().await.expect("a catalogue");
    let wrong = "sizes = [\"huge\"]\nsummary = \"</textarea><b>&amp;\"";
    let form = template_form(&mut admin, "box", "sizes = [\"s\"]", wrong).await;
    let answer = sent(&mut admin, "/templates/box", &form).await;
    assert_eq!(answer.status.as_u16(), 422);
    assert!(answer.body.contains("line 1: template `box` offers the size `huge`"), "{}", answer.body);
    assert!(answer.body.contains("summary = \"&lt;/textarea>&lt;b>&amp;amp;\""), "{}", answer.body);
    let unknown = template_form(&mut admin, "box", "sizes = ", "colour = \"blue\"\nsizes = ").await;
    let answer = sent(&mut admin, "/templates/box", &unknown).await;
    assert!(answer.body.contains("line 6: unknown field `colour`"), "{}", answer.body);
    for (wrong, why) in [
        ("[[template]\n", "line 1: "),
        ("", "must be one [[template]]"),
        ("[[team]]\nname = \"red\"\n", "must be one [[template]]"),
    ] {
        let form = [("form", "template".to_owned()), ("revision", form[1].1.clone()), ("text", wrong.to_owned())];
        let answer = sent(&mut admin, "/templates/box", &form).await;
        assert!(answer.status.as_u16() == 422 && answer.body.contains(why), "{wrong}: {}", answer.body);
    }
    let other = template_form(&mut admin, "box", "name = \"box\"", "name = \"web\"").await;
    assert_eq!(sent(&mut admin, "/templates/box", &other).await.status.as_u16(), 422, "another's page");
    assert_eq!(site.stage.store.catalogue().await.expect("a catalogue"), before);
}

#[tokio::test]
async fn what_people_call_themselves_is_no_address() {
    let Cast { site, mut admin, .. } = cast().await;
    site.stage.person("lena@example.test", "green", model::access::TeamRole::Member).await;
    let form = [("form", "member"), ("who", "lena@example.test"), ("role", "lead")];
    let refused = send(&mut admin, "/teams/blue", &form).await;
    assert_eq!(refused.status.as_u16(), 422);
    assert!(refused.body.contains("is not a user who has signed in here"), "{}", refused.body);
}

#[tokio::test]
async fn of_two_who_edit_the_same_the_second_is_told_and_loses_nothing() {
    let Cast { site: _site, mut admin, .. } = cast().await;
    let mut other = admin.clone();
    let first = template_form(&mut admin, "box", "label = \"Box\"", "label = \"First\"").await;
    let second = template_form(&mut other, "box", "label = \"Box\"", "label = \"Second\"").await;
    done(&sent(&mut admin, "/templates/box", &first).await, "/templates/box?said=new-version");
    let refused = sent(&mut other, "/templates/box", &second).await;
    assert_eq!(refused.status.as_u16(), 409);
    assert!(refused.body.contains("Second") && refused.body.contains("First"), "both are shown: {}", refused.body);
    let now = json(&mut admin, "/api/v1/templates/box").await;
    assert_eq!(now["label"], "First");
    let revision = text(&now, "revision");
    assert!(refused.body.contains(&revision), "sent again, it is meant");
    let again = [("form", "template".to_owned()), ("revision", revision), ("text", second[2].1.clone())];
    done(&sent(&mut other, "/templates/box", &again).await, "/templates/box?said=new-version");
    assert_eq!(json(&mut admin, "/api/v1/templates/box").await["label"], "Second");
}

#[tokio::test]
async fn a_new_template_is_declared_by_its_text_and_only_once() {
    let Cast { site: _site, mut admin, .. } = cast().await;
    let text = "[[template]]\nname = \"fresh\"\nteams = \"everyone\"\nlabel = \"Fresh\"\nimage = \"a:1\"\nsizes = [\"s\"]\nlifetime = { default = \"1h\", maximum = \"2h\" }\n";
    let form = [("form", "template"), ("text", text)];
    done(&send(&mut admin, "/templates", &form).await, "/templates/fresh?said=saved");
    done(&send(&mut admin, "/templates", &form).await, "/templates/fresh?said=unchanged");
    let other = text.replace("Fresh", "Other");
    let again = send(&mut admin, "/templates", &[("form", "template"), ("text", &other)]).await;
    assert!(again.status.as_u16() == 422 && again.body.contains("already exists"), "{}", again.body);
}

#[tokio::test]
async fn a_deprecated_template_is_offered_with_a_notice_until_its_day_and_then_to_nobody() {
    let Cast { site, mut admin, mut member, bea, .. } = cast().await;
    let running = site.stage.launched(&bea, ask("box")).await.expect("a launch");
    let now = site.stage.clock.now();
    let day = model::day::Day::of(now.after(Span::hours(48))).to_string();
    let revision = text(&json(&mut admin, "/api/v1/templates/box").await, "revision");
    let form = [("form", "deprecate".to_owned()), ("revision", revision), ("day", day.clone())];
    done(&sent(&mut admin, "/templates/box", &form).await, "/templates/box?said=saved");
    assert!(admin.get("/api/v1/catalogue").await.body.contains(&format!("deprecated = \"{day}\"")));
    assert!(admin.get("/templates").await.body.contains("Deprecated: it can be launched until"));
    let offers = member.get("/api/v1/templates?team=blue").await.body;
    assert!(offers.contains(&format!("\"deprecated\":\"{day}\"")), "{offers}");
    assert!(member.get("/launch?team=blue").await.body.contains(&format!("only until {day}")));
    assert!(site.stage.launched(&bea, ask("box")).await.is_ok());

    site.stage.pass(Span::hours(48));
    let ada = site.person("Ada", &[], Some(model::access::InstallationRole::Admin)).await;
    for page in ["/templates", "/templates/box"] {
        let shown = site.browser(&ada).await.get(page).await.body;
        assert!(shown.contains("cannot be launched since") && !shown.contains("it can be launched until"), "{shown}");
    }
    let mut member = site.browser(&bea.id).await;
    let offers = member.get("/api/v1/templates?team=blue").await;
    assert!(!offers.body.contains("\"box\""), "{}", offers.body);
    let refused = site.stage.launched(&bea, ask("box")).await.expect_err("it is offered to nobody");
    assert!(refused.to_string().contains("not offered"), "{refused}");
    site.stage.done(&bea, &running.id, Operation::Stop).await.expect("what there is goes on");
    site.stage.done(&bea, &running.id, Operation::Start).await.expect("what there is goes on");

    let mut admin = site.browser(&ada).await;
    let revision = text(&json(&mut admin, "/api/v1/templates/box").await, "revision");
    sent(&mut admin, "/templates/box", &[("form", "offer-again".to_owned()), ("revision", revision)]).await;
    assert_eq!(json(&mut admin, "/api/v1/templates/box").await["deprecated"], serde_json::Value::Null);
    assert!(site.stage.launched(&bea, ask("box")).await.is_ok());
    assert_eq!(json(&mut admin, "/api/v1/templates/box").await["version"], 1, "that was no new recipe");
}

#[tokio::test]
async fn an_image_is_pinned_to_what_the_host_has_and_still_launches() {
    let Cast { site, mut admin, bea, .. } = cast().await;
    let revision = text(&json(&mut admin, "/api/v1/templates/box").await, "revision");
    let pin = |revision: String| [("form", "pin".to_owned()), ("revision", revision)];
    done(&sent(&mut admin, "/templates/box", &pin(revision)).await, "/templates/box?said=new-version");
    let image = text(&json(&mut admin, "/api/v1/templates/box").await, "image");
    assert!(image.starts_with("berth/web:1@sha256:"), "{image}");
    assert!(site.stage.launched(&bea, ask("box")).await.is_ok());
    let revision = text(&json(&mut admin, "/api/v1/templates/absent").await, "revision");
    let refused = sent(&mut admin, "/templates/absent", &pin(revision)).await;
    assert!(refused.status.as_u16() == 409 && refused.body.contains("has no digest"), "{}", refused.body);
}

#[tokio::test]
async fn a_secret_s_default_is_never_shown_and_stays_when_the_rest_changes() {
    let Cast { site, mut admin, mut auditor, .. } = cast().await;
    let slug = TemplateName::parse("web").expect("a name");
    let secret = "secret = true\ndefault = \"hunter2\"";
    let form = template_form(&mut admin, "web", "secret = true", secret).await;
    done(&sent(&mut admin, "/templates/web", &form).await, "/templates/web?said=new-version");
    for path in ["/templates/web", "/api/v1/templates/web", "/api/v1/catalogue", "/templates"] {
        for browser in [&mut admin, &mut auditor] {
            assert!(!browser.get(path).await.body.contains("hunter2"), "{path}");
        }
    }
    let form = template_form(&mut admin, "web", "label = \"Web\"", "label = \"Net\"").await;
    done(&sent(&mut admin, "/templates/web", &form).await, "/templates/web?said=new-version");
    let now = site.stage.store.template(&slug, 3).await.expect("a database").expect("version 3");
    let defaults: Vec<_> = now.variables.iter().filter_map(|variable| variable.default.as_deref()).collect();
    assert!(now.label == "Net" && defaults.contains(&"hunter2"), "{defaults:?}");
    let again = admin.get("/api/v1/catalogue").await.body;
    let told = service::apply::apply(&site.stage.store, &again, true, site.stage.clock.now()).await.expect("ours");
    assert_eq!(told, Vec::new(), "what is exported changes nothing");
}

#[tokio::test]
async fn a_quota_below_what_is_in_use_stops_nobody_says_so_and_refuses_more() {
    let Cast { site, mut admin, mut lead, bea, .. } = cast().await;
    for _ in 0..2 {
        site.stage.launched(&bea, ask("box")).await.expect("a launch");
    }
    let detail = json(&mut admin, "/api/v1/teams/blue").await;
    let form = [
        ("form", "team".to_owned()),
        ("revision", text(&detail, "revision")),
        ("label", "Blue".to_owned()),
        ("quota.environments", "1".to_owned()),
        ("members", "blue".to_owned()),
        ("leads", "blue-leads".to_owned()),
    ];
    done(&sent(&mut admin, "/teams/blue", &form).await, "/teams/blue?said=saved");
    for path in ["/teams", "/teams/blue"] {
        let page = lead.get(path).await.body;
        assert!(
            page.contains("blue holds 2 of 1 environment; nothing is stopped; new launches are refused."),
            "{page}"
        );
    }
    let running = site.stage.service.all_environments(&bea).await.expect("a list");
    assert!(running.iter().all(|it| it.state == model::environment::State::Running));
    assert!(site.stage.launched(&bea, ask("box")).await.is_err());
    // A second click is no second change, and nobody else's.
    done(&sent(&mut admin, "/teams/blue", &form).await, "/teams/blue?said=unchanged");
    let late = form.clone().map(|(name, value)| (name, if name == "label" { "Navy".to_owned() } else { value }));
    let late = sent(&mut admin, "/teams/blue", &late).await;
    assert_eq!(late.status.as_u16(), 409, "it showed what was there before");
    assert!(late.body.contains("value=\"Navy\"") && late.body.contains("Now: Blue"), "{}", late.body);
    let wrong = form.map(|(name, value)| (name, if name.contains('.') { "many".to_owned() } else { value }));
    let wrong = sent(&mut admin, "/teams/blue", &wrong).await.body;
    let why = wrong.split("id=\"refusal\"").nth(1).expect("why it was refused");
    assert!(why.contains("Team quota: Environments: must be a whole number"), "{why}");
    assert!(wrong.contains("action=\"/teams/blue#refusal\""), "{wrong}");
}

#[tokio::test]
async fn a_team_is_made_and_changed_by_its_form_and_by_its_text() {
    let Cast { site: _site, mut admin, .. } = cast().await;
    let new = [("form", "team"), ("name", "red"), ("label", "Team red")];
    done(&send(&mut admin, "/teams", &new).await, "/teams/red?said=saved");
    done(&send(&mut admin, "/teams", &new).await, "/teams/red?said=unchanged");
    let other = [("form", "team"), ("name", "red"), ("label", "Another")];
    assert_eq!(send(&mut admin, "/teams", &other).await.status.as_u16(), 422, "it is there already");
    let detail = json(&mut admin, "/api/v1/teams/red").await;
    let changed = text(&detail, "text") + "quota = { memory = \"1000001B\" }\n";
    let form = [("form", "team-text".to_owned()), ("revision", text(&detail, "revision")), ("text", changed)];
    done(&sent(&mut admin, "/teams/red", &form).await, "/teams/red?said=saved");
    let detail = json(&mut admin, "/api/v1/teams/red").await;
    assert_eq!(detail["room"]["team"]["quota"]["memory"], 1_000_001);
    let wrong = [("form", "team"), ("revision", ""), ("label", "kept as typed"), ("quota.cpus", "many")];
    let refused = send(&mut admin, "/teams/red", &wrong).await;
    assert_eq!(refused.status.as_u16(), 422);
    assert!(
        refused.body.contains("kept as typed") && refused.body.contains("not a number of CPU cores"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn a_size_is_changed_and_added_and_removed_only_where_nothing_uses_it() {
    let Cast { site, mut admin, .. } = cast().await;
    let size = |name: &str, revision: &str, cpus: &str| {
        [("form", "size"), ("name", name), ("revision", revision), ("cpus", cpus), ("memory", "64MiB"), ("pids", "64")]
            .map(|(name, value)| (name, value.to_owned()))
    };
    done(&sent(&mut admin, "/sizes", &size("xl", "", "4")).await, "/sizes?said=saved");
    assert_eq!(sent(&mut admin, "/sizes", &size("xl", "", "5")).await.status.as_u16(), 422, "it is there already");
    assert_eq!(sent(&mut admin, "/sizes", &size("xl", "old", "5")).await.status.as_u16(), 409);
    assert_eq!(sent(&mut admin, "/sizes", &size("zero", "", "0")).await.status.as_u16(), 422);
    let catalogue = site.stage.store.catalogue().await.expect("a catalogue");
    let xl = catalogue.sizes.iter().find(|size| size.name.as_str() == "xl").expect("xl");
    let revision = service::declare::revision_of_size(xl);
    done(&sent(&mut admin, "/sizes", &size("xl", &revision, "5")).await, "/sizes?said=saved");
    done(&send(&mut admin, "/sizes", &[("form", "remove-size"), ("name", "xl")]).await, "/sizes?said=removed");
    let used = send(&mut admin, "/sizes", &[("form", "remove-size"), ("name", "s")]).await;
    assert!(used.status.as_u16() == 409 && used.body.contains("was not removed"), "{}", used.body);
}
