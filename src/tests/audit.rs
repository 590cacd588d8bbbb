//! The audit log: what is in it, what never is, and who reads it.

use std::net::SocketAddr;

use app::api::ApiError;
use app::api::backend::{Audit, Environments};
use model::access::{Actor, InstallationRole, TeamRole, TokenScope};
use model::audit::{Action, Excerpt, Origin, Outcome, Recorded, Search};
use model::environment::{Operation, State};
use model::name::EnvironmentId;
use model::units::Span;
use serde_json::Value;
use store::audit::REFUSALS_MAX;

use super::site::{Bringing, Site};
use super::stage::{Stage, ask};
use super::stand_in::{End, Image, Process};
use super::support::{Berth, Browser};

/// A secret variable's value.
const SECRET: &str = "hunter2-is-nobodys-business";

async fn all(store: &store::Store) -> Vec<Recorded> {
    store.audit(&Search::default(), None, 10_000).await.expect("a log").items
}

/// Each as `who action object outcome`, oldest first, without what the catalogue's declaration wrote.
async fn told(store: &store::Store) -> Vec<String> {
    let told = |Recorded { entry, .. }: &Recorded| {
        let origin =
            entry.who.token.as_ref().map_or_else(|| entry.who.origin.to_string(), |token| format!("token {token}"));
        format!("{} ({origin}) {} {} {}", entry.who.person, entry.action, entry.object, entry.outcome)
    };
    let of_people = all(store).await.into_iter().filter(|recorded| recorded.entry.action != Action::ApplyCatalogue);
    let mut told: Vec<String> = of_people.map(|recorded| told(&recorded)).collect();
    told.reverse();
    told
}

/// The whole log, as a dump of the database has it.
async fn dump(store: &store::Store) -> String {
    let read = store.rehearse(async |write| {
        let mut text = String::new();
        for query in [
            "SELECT person || origin || COALESCE(token, '') || action || object || reason FROM audit",
            "SELECT why || lines FROM post_mortems",
            "SELECT COALESCE(detail, '') FROM steps",
            "SELECT COALESCE(reason, '') FROM environments",
        ] {
            let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut **write).await?;
            text.push_str(&rows.join("\n"));
        }
        Ok::<_, store::StoreError>(text)
    });
    read.await.expect("rows")
}

fn auditor(stage: &Stage) -> Actor {
    let (id, name) = (stage.clock.user_id(), "Rita".to_owned());
    let role = Some(InstallationRole::Auditor);
    Actor { id, name, email: None, role, teams: Default::default(), scope: None, token: None }
}

async fn get(browser: &mut Browser, address: &str) -> super::support::Answer {
    browser.ask("GET", address, Bringing::default()).await
}

#[tokio::test]
async fn everything_that_is_done_to_an_environment_says_who_did_it_from_where() {
    let site = Site::open().await;
    let (stage, bea) = (&site.stage, site.person("Bea", &["blue"], None).await);
    let token = site.token(&bea, TokenScope::Launch).await;
    let mut page = site.browser(&bea).await;
    let form = Bringing { body: "form[team]=blue&form[template]=box&form[name]=tug", ..Bringing::default() };
    let launched = page.ask("POST", "/fn/environments/launch", form).await.json();
    let id = launched["id"].as_str().expect("an id");
    let actor = site.auth.actor_of_token(&token).await.expect("a database").expect("bea");
    let environment = EnvironmentId::parse(id).expect("an id");
    stage.service.settled(&actor, &environment).await.expect("running");
    let mut script = site.visitor();
    let with = Bringing { token: Some(&token), ..Bringing::default() };
    for verb in ["restart", "stop", "start"] {
        let answer = script.ask("POST", &format!("/api/v1/environments/{id}/{verb}"), with).await;
        assert_eq!(answer.status.as_u16(), 200, "{verb}: {answer:?}");
    }
    stage.pass(Span::hours(1));
    stage.service.end_due().await;
    stage.becomes(&actor, &environment, State::Stopped).await;
    assert_eq!(script.ask("DELETE", &format!("/api/v1/environments/{id}"), with).await.status.as_u16(), 200);
    assert_eq!(
        told(&stage.store).await,
        [
            "command line (command_line) create_token nightly of Bea, scope launch done",
            "Bea (page) sign_in  done",
            "Bea (page) launch tug done",
            "Bea (token nightly) use_token nightly done",
            "Bea (token nightly) restart tug done",
            "Bea (token nightly) stop tug done",
            "Bea (token nightly) start tug done",
            "time (job) stop tug done",
            "Bea (token nightly) remove tug done",
        ]
    );
    let reasons: Vec<String> = all(&stage.store).await.into_iter().map(|recorded| recorded.entry.reason).collect();
    assert!(reasons.contains(&"Its lifetime ended.".to_owned()), "{reasons:?}");
}

#[tokio::test]
async fn signing_in_and_out_and_tokens_are_in_the_log() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let operator = browser.who().await.expect("the operator").id;
    let token = berth.token(&operator, TokenScope::Read).await;
    assert!(berth.browser().bearer("/who", &token).await.status.is_success());
    berth.clock.advance(Span::hours(1));
    assert!(berth.browser().bearer("/who", &token).await.status.is_success());
    let id = berth.store.tokens().await.expect("a list").remove(0).id;
    for good in [true, false] {
        assert_eq!(berth.store.revoke_token(&id, berth.clock.now()).await.expect("a database"), good);
    }
    assert!(berth.browser().bearer("/who", &token).await.status.is_client_error());
    browser.post("/auth/sign-out").await;
    browser.post("/auth/sign-out").await;
    assert!(browser.get("/auth/operator/guess").await.status.is_redirection());
    assert_eq!(
        told(&berth.store).await,
        [
            "operator (page) sign_in  done",
            "command line (command_line) create_token test of operator, scope read done",
            "operator (token test) use_token test done",
            "command line (command_line) revoke_token test of operator, scope read done",
            "nobody (api) use_token  refused",
            "operator (page) sign_out  done",
            "nobody (page) sign_in  refused",
        ]
    );
    let last = all(&berth.store).await.remove(0).entry.reason;
    assert!(last.contains("127.0.0.1"), "{last}");
}

#[tokio::test]
async fn a_search_finds_names_in_any_letter_case_of_any_script() {
    let site = Site::open().await;
    for name in ["ÖZLEM ÇELİK", "Änne Groß", "Ελένη"] {
        let id = site.person(name, &["blue"], None).await;
        let actor = site.auth.actor_of_token(&site.token(&id, TokenScope::Launch).await).await;
        let actor = actor.expect("a database").expect("somebody");
        let launched = site.stage.launched(&actor, ask("box")).await.expect("a launch");
        site.stage.done(&actor, &launched.id, Operation::Remove).await.expect("a removal");
    }
    let found = async |search: Search| site.stage.store.audit(&search, None, 100).await.expect("a log").items.len();
    for (words, names) in [
        ("özlem", true),
        ("ÖZLEM", true),
        ("çelik", true),
        ("änne", true),
        ("GROSS", true),
        ("ελένη", true),
        ("ΕΛΈΝΗ", true),
        ("ozlem", false),
        ("%", false),
    ] {
        let by_person = Search { person: words.to_owned(), ..Search::default() };
        let by_words = Search { words: words.to_owned(), ..Search::default() };
        assert_eq!((found(by_person).await > 0, found(by_words).await > 0), (names, names), "{words}");
    }
}

#[tokio::test]
async fn what_a_rule_refuses_is_in_the_log_with_the_rule_and_the_numbers() {
    let stage = Stage::set().await;
    let (bea, gus) = (stage.bea().await, stage.person("Gus", "green", TeamRole::Lead).await);
    let max = stage.person("Max", "blue", TeamRole::Member).await;
    let running = stage.launched(&bea, ask("box")).await.expect("a launch");
    for _ in 0..2 {
        stage.launched(&bea, ask("box")).await.expect("a launch");
    }
    for (who, operation) in [(&max, Operation::Stop), (&gus, Operation::Remove)] {
        assert!(stage.service.operate(who, &running.id, operation).await.is_err());
    }
    assert!(matches!(stage.service.launch(&gus, ask("box")).await, Err(ApiError::NotFound { .. })));
    assert!(matches!(stage.service.launch(&max, ask("box")).await, Err(ApiError::QuotaExceeded { .. })));
    let mut typo = ask("box");
    typo.variables.insert("NONE".to_owned(), SECRET.to_owned());
    assert!(matches!(stage.service.launch(&max, typo).await, Err(ApiError::Invalid { .. })), "no rule, and no entry");
    let refused: Vec<_> = all(&stage.store)
        .await
        .into_iter()
        .filter(|it| it.entry.outcome == Outcome::Refused)
        .map(|it| it.entry)
        .collect();
    let of: Vec<_> = refused.iter().rev().map(|it| (it.who.person.as_str(), it.action.as_str())).collect();
    assert_eq!(of, [("Max", "stop"), ("Gus", "remove"), ("Gus", "launch"), ("Max", "launch")]);
    assert!(refused.iter().all(|it| it.team.as_ref().is_some_and(|team| team.as_str() == "blue")));
    assert!(refused[3].reason.contains("only its owner, a lead of the team or an admin"), "{:?}", refused[3]);
    assert!(refused[0].reason.contains("may run 3") || refused[0].reason.contains('3'), "{:?}", refused[0]);
}

#[tokio::test]
async fn a_change_and_its_entry_are_there_together_or_not_at_all() {
    let site = Site::open().await;
    let stage = &site.stage;
    let bea = stage.bea().await;
    let running = stage.launched(&bea, ask("box")).await.expect("a launch");
    let before = all(&stage.store).await.len();
    site.sql("CREATE TRIGGER no_room BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the disk is full'); END").await;
    assert!(matches!(stage.service.launch(&bea, ask("box")).await, Err(ApiError::Internal { .. })));
    for operation in [Operation::Stop, Operation::Restart, Operation::Remove] {
        let refused = stage.service.operate(&bea, &running.id, operation).await;
        assert!(matches!(refused, Err(ApiError::Internal { .. })), "{operation:?}: {refused:?}");
    }
    let there = stage.service.all_environments(&bea).await.expect("a list");
    assert_eq!(there.iter().map(|it| (&it.id, it.state)).collect::<Vec<_>>(), [(&running.id, State::Running)]);
    site.sql("DROP TRIGGER no_room").await;
    assert_eq!(all(&stage.store).await.len(), before);
    stage.done(&bea, &running.id, Operation::Stop).await.expect("a stop");
    assert_eq!(all(&stage.store).await.len(), before + 1);
}

#[tokio::test]
async fn nobody_changes_deletes_or_replaces_an_entry() {
    let stage = Stage::set().await;
    stage.launched(&stage.bea().await, ask("box")).await.expect("a launch");
    let before = all(&stage.store).await;
    for statement in [
        "UPDATE audit SET person = 'somebody else'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT id, at, person_id, 'x', origin, token, action, outcome, team, environment_id,
             object, reason, folded_person, folded FROM audit",
        "UPDATE audit SET folded_person = 'somebody else'",
        "UPDATE audit SET folded = NULL",
    ] {
        let done = stage.store.write(async |write| {
            sqlx::query(statement).execute(&mut **write).await?;
            Ok::<_, store::StoreError>(())
        });
        let done = done.await;
        assert!(done.is_err_and(|error| error.to_string().contains("append-only")), "{statement}");
    }
    assert_eq!(all(&stage.store).await, before);
}

#[tokio::test]
async fn a_flood_of_refusals_fills_no_disk() {
    let berth = Berth::start().await;
    for number in 0..2 * REFUSALS_MAX {
        let mut browser = berth.browser();
        // From one address they would be cut before.
        browser.peer = SocketAddr::from(([192, 0, 2, u8::try_from(number % 250).expect("a byte")], 50_000));
        assert!(browser.bearer("/who", "berth_wrong").await.status.is_client_error());
    }
    assert_eq!(berth.count("audit").await, REFUSALS_MAX);
    assert!(all(&berth.store).await[0].entry.reason.contains("not kept"));
    assert!(berth.browser().get("/auth/operator/guess").await.status.is_redirection());
    assert_eq!(berth.count("audit").await, REFUSALS_MAX + 1, "other refusals are kept");
    berth.clock.advance(Span::seconds(601));
    assert!(berth.browser().bearer("/who", "berth_wrong").await.status.is_client_error());
    assert_eq!(berth.count("audit").await, REFUSALS_MAX + 2, "and so are later ones");

    let stage = Stage::set().await;
    let (bea, gus) = (stage.bea().await, stage.person("Gus", "green", TeamRole::Member).await);
    let (before, _) = (all(&stage.store).await.len(), bea);
    for _ in 0..2 * REFUSALS_MAX {
        assert!(stage.service.launch(&gus, ask("box")).await.is_err());
    }
    assert_eq!(all(&stage.store).await.len() - before, usize::try_from(REFUSALS_MAX).expect("a small number"));
}

#[tokio::test]
async fn no_secret_is_in_the_log_its_exports_a_post_mortem_or_a_page() {
    let site = Site::open().await;
    let (stage, bea) = (&site.stage, site.person("Bea", &["blue-leads"], None).await);
    let line = format!("connecting with {SECRET}");
    stage.engine.has_image("berth/web:1", Image::that(Process::Exits(3)).writing(&[&line]));
    let token = site.token(&bea, TokenScope::Launch).await;
    let actor = site.auth.actor_of_token(&token).await.expect("a database").expect("bea");
    let mut launch = ask("web");
    launch.variables.insert("KEY".to_owned(), SECRET.to_owned());
    let failed = stage.launched(&actor, launch.clone()).await.expect("a launch that fails later");
    assert!(failed.reason.as_deref().is_some_and(|why| why.contains("connecting with [secret]")), "{failed:?}");
    stage.engine.has_image("berth/web:1", Image::that(Process::Serves).writing(&[&line]));
    let running = stage.launched(&actor, launch.clone()).await.expect("a launch");
    stage.engine.end(&stage.engine.containers()[0], End::Exited(1));
    stage.becomes(&actor, &running.id, State::Failed).await;
    stage.done(&actor, &running.id, Operation::Remove).await.expect("a removal");
    let not_run = stage.launched(&actor, launch).await.expect("a launch");
    stage.engine.end(&stage.engine.containers()[0], End::NotRun("exec: \"hunter2-is-nobodys-business\": no such file"));
    let not_run = stage.becomes(&actor, &not_run.id, State::Failed).await;
    assert!(not_run.reason.as_deref().is_some_and(|why| why.contains("exec: \"[secret]\"")), "{not_run:?}");

    let dump = dump(&stage.store).await;
    assert!(dump.contains("connecting with [secret]") && !dump.contains(SECRET), "{dump}");
    assert!(!dump.contains(&token), "nor is the text of a token");
    let mut browser = site.browser(&bea).await;
    let of_it = [&failed.id, &running.id].map(|id| {
        [
            format!("/environments/{id}"),
            format!("/environments/{id}/history"),
            format!("/api/v1/environments/{id}/activity"),
        ]
    });
    let others =
        ["/audit", "/api/v1/audit", "/api/v1/audit?format=csv", "/api/v1/audit?format=jsonl"].map(str::to_owned);
    for address in of_it.into_iter().flatten().chain(others) {
        let answer = get(&mut browser, &address).await;
        assert_eq!(answer.status.as_u16(), 200, "{address}");
        assert!(!answer.body.contains(SECRET), "{address}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_search_finds_what_all_its_filters_say_and_nothing_is_missed_between_pages() {
    let stage = Stage::set().await;
    let (bea, gus) = (stage.bea().await, stage.person("Gus", "green", TeamRole::Member).await);
    let mut ids = Vec::new();
    for actor in [&bea, &gus, &bea] {
        let mut launch = ask("web");
        launch.team = actor.teams.keys().next().expect("a team").clone();
        ids.push(stage.launched(actor, launch).await.expect("a launch").id);
        stage.pass(Span::hours(1));
    }
    stage.done(&bea, &ids[0], Operation::Stop).await.expect("a stop");
    let rita = auditor(&stage);
    let find = async |query: &[(&str, &str)]| {
        let value = |name: &str| query.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let search = Search::from_query(value).expect("a search");
        stage.service.audit(&rita, &search, 100).await.expect("a log").items.len()
    };
    let midnight = stage.clock.now().to_string();
    let hour_ago = stage.clock.now().before(Span::hours(1)).to_string();
    for (query, count) in [
        (&[("person", "BEA")][..], 3),
        (&[("person", gus.id.as_str())], 1),
        (&[("team", "green")], 1),
        (&[("environment", ids[0].as_str())], 2),
        (&[("action", "launch")], 3),
        (&[("action", "launch"), ("team", "blue")], 2),
        (&[("outcome", "refused")], 0),
        (&[("q", "web-1 bea")], 2),
        (&[("q", "100%")], 0),
        (&[("q", "_eb-1")], 0),
        (&[("from", &midnight)], 1),
        (&[("from", &hour_ago), ("to", &midnight)], 1),
        (&[("action", "apply_catalogue"), ("q", "template silent")], 1),
    ] {
        assert_eq!(find(query).await, count, "{query:?}");
    }
    let (mut search, mut walked) = (Search::default(), Vec::new());
    loop {
        let Excerpt { items, next } = stage.service.audit(&rita, &search, 3).await.expect("a log");
        assert!(items.len() <= 3);
        walked.extend(items);
        let Some(next) = next else { break };
        search = search.after(next);
    }
    assert_eq!(walked, all(&stage.store).await);
}

#[tokio::test]
async fn a_lead_reads_of_their_own_team_and_of_no_other() {
    let stage = Stage::set().await;
    let (bea, gus) = (stage.bea().await, stage.person("Gus", "green", TeamRole::Lead).await);
    stage.launched(&bea, ask("box")).await.expect("a launch");
    let mut launch = ask("web");
    launch.team = "green".parse().expect("a name");
    stage.launched(&gus, launch).await.expect("a launch");
    let read = stage.service.audit(&gus, &Search::default(), 100).await.expect("a log").items;
    let teams: Vec<_> = read.iter().filter_map(|it| it.entry.team.as_ref()).map(|team| team.as_str()).collect();
    assert_eq!(teams, ["green"]);
    let of_blue = Search { team: "blue".parse().ok(), ..Search::default() };
    assert_eq!(stage.service.audit(&gus, &of_blue, 100).await, Err(ApiError::not_found("team")));
    assert!(matches!(stage.service.audit(&bea, &Search::default(), 100).await, Err(ApiError::Forbidden { .. })));
    let everything = stage.service.audit(&auditor(&stage), &Search::default(), 100).await.expect("a log").items;
    assert!(everything.iter().any(|it| it.entry.action == Action::ApplyCatalogue) && everything.len() > read.len());
}

#[tokio::test]
async fn the_log_goes_out_as_comma_separated_values_and_as_json_lines_whole() {
    let site = Site::open().await;
    let (stage, ada) = (&site.stage, site.person("Ada", &[], Some(InstallationRole::Admin)).await);
    let formula = stage.person("=HYPERLINK(\"http://evil\",\"x\")", "blue", TeamRole::Member).await;
    stage.launched(&formula, ask("box")).await.expect("a launch");
    // More than one page of the database's.
    site.sql(
        "INSERT INTO audit (id, at, person, origin, action, outcome, object, reason)
         WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2199)
         SELECT i, i, 'Max', 'page', 'stop', 'done', 'o', 'r' FROM n",
    )
    .await;
    let count = all(&stage.store).await.len();
    let mut browser = site.browser(&ada).await;
    let count = count + 1; // That sign-in is in the log, too.
    let csv = get(&mut browser, "/api/v1/audit?format=csv").await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(csv.header("content-disposition").is_some_and(|name| name.contains("berth-audit.csv")));
    assert_eq!(csv.body.lines().count(), count + 1);
    assert!(
        csv.body.starts_with("id,at,person,") && csv.body.contains("\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\"")
    );
    let accept = Bringing { headers: &[("accept", "application/jsonl")], ..Bringing::default() };
    let lines = browser.ask("GET", "/api/v1/audit?action=stop", accept).await;
    assert_eq!(lines.header("content-type"), Some("application/jsonl"));
    let entries: Vec<Value> = lines.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((entries.len(), &entries[0]["person"], &entries[0]["origin"]), (1200, &"Max".into(), &"page".into()));
    let packed = Bringing { headers: &[("accept-encoding", "gzip")], ..Bringing::default() };
    let packed = browser.ask("GET", "/api/v1/audit?format=csv", packed).await;
    assert_eq!((packed.status.as_u16(), packed.header("content-encoding")), (200, Some("gzip")));
    assert!(!packed.body.is_empty());
    let page = get(&mut browser, "/api/v1/audit?limit=2&action=stop").await.json();
    assert_eq!((page["items"].as_array().map(Vec::len), &page["next"]), (Some(2), &"2198".into()));
    for bad in ["format=xml", "limit=x", "action=x", "from=soon"] {
        assert_eq!(get(&mut browser, &format!("/api/v1/audit?{bad}")).await.status.as_u16(), 422, "{bad}");
    }
}

#[tokio::test]
async fn how_it_ended_stays_after_its_removal_for_those_who_could_see_it() {
    let site = Site::open().await;
    let stage = &site.stage;
    let lines: Vec<String> = (0..300).map(|number| format!("line {number}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    stage.engine.has_image("berth/web:1", Image::that(Process::Serves).writing(&lines));
    let actor = stage.bea().await;
    let bea = site.person("Bea", &["blue"], None).await;
    let running = stage.launched(&actor, ask("box")).await.expect("a launch");
    stage.engine.end(&stage.engine.containers()[0], End::OutOfMemory);
    stage.becomes(&actor, &running.id, State::Failed).await;
    stage.done(&actor, &running.id, Operation::Remove).await.expect("a removal");
    assert_eq!(stage.engine.containers(), Vec::<String>::new());

    let mut browser = site.browser(&bea).await;
    let became = get(&mut browser, &format!("/api/v1/environments/{}/activity", running.id)).await.json();
    let ended = &became["post_mortem"];
    assert_eq!((&ended["exit_code"], &ended["oom_killed"]), (&137.into(), &true.into()));
    let kept = ended["lines"].as_array().expect("lines");
    assert_eq!((kept.len(), &kept[0], &kept[199]), (200, &"line 100".into(), &"line 299".into()));
    assert!(ended["why"].as_str().is_some_and(|why| why.contains("out of memory")), "{ended}");
    let activities = became["activities"].as_array().expect("activities");
    assert_eq!(activities.iter().map(|it| it["number"].as_u64()).collect::<Vec<_>>(), [Some(2), Some(1)]);
    let actions: Vec<_> = became["audit"].as_array().expect("a log").iter().map(|it| it["action"].clone()).collect();
    assert_eq!(actions, ["remove", "end", "launch"]);
    let page = get(&mut browser, &format!("/environments/{}/history", running.id)).await;
    assert!(page.body.contains("out of memory, exit code 137") && page.body.contains("line 299"), "{}", page.body);

    let gus = site.person("Gus", &["green-leads"], None).await;
    let mut stranger = site.browser(&gus).await;
    for address in
        [format!("/environments/{}/history", running.id), format!("/api/v1/environments/{}/activity", running.id)]
    {
        assert_eq!(get(&mut stranger, &address).await.status.as_u16(), 404);
    }
}

#[tokio::test]
async fn a_launch_that_failed_keeps_what_its_container_said() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let failed = stage.launched(&bea, ask("exits")).await.expect("a launch that fails later");
    let became = stage.service.history(&bea, &failed.id).await.expect("a history");
    let ended = became.post_mortem.expect("a post-mortem");
    assert_eq!(
        (ended.exit_code, ended.oom_killed, ended.lines.join("|")),
        (Some(3), false, "no such file|giving up".into())
    );
    let launch = became.audit.iter().map(|it| (it.entry.who.origin, it.entry.outcome)).collect::<Vec<_>>();
    assert_eq!(launch, [(Origin::Job, Outcome::Failed), (Origin::Page, Outcome::Done)]);
}
