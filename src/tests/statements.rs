//! How much of the database a page reads: a number of statements that grows with nothing, and no table from end to end.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use app::api::backend::{Teams, Templates};
use model::access::{InstallationRole, TokenScope};
use store::{Access, Store};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::site::{Bringing, Site};
use super::stage::ask;
use super::support::Browser;

/// Every statement of any test's database, with the thread that carried it out: it is named after its database.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<(String, String)>>>);

#[derive(Default)]
struct Text {
    summary: String,
    whole: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.whole = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != "sqlx::query" {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let sql = if text.whole.trim().is_empty() { text.summary } else { text.whole };
        let thread = thread::current().name().unwrap_or_default().to_owned();
        self.0.lock().expect("no test panics with it").push((thread, sql.trim().to_owned()));
    }
}

impl Statements {
    /// Of all tests of this process: a connection's thread logs where no test has a subscriber of its own.
    fn here() -> &'static Self {
        static HERE: OnceLock<Statements> = OnceLock::new();
        HERE.get_or_init(|| {
            let statements = Self::default();
            let subscriber = tracing_subscriber::registry().with(statements.clone());
            tracing::subscriber::set_global_default(subscriber).expect("nobody else has set one");
            statements
        })
    }

    /// Those of this site's database since the last call, without what a new connection is set to.
    fn of(&self, site: &Site) -> Vec<String> {
        let database = format!("database {} ", site.stage.database().display());
        let mut all = self.0.lock().expect("no test panics with it");
        let (ours, others) = all.drain(..).partition(|(thread, _)| thread.starts_with(&database));
        *all = others;
        let ours: Vec<(String, String)> = ours;
        let mut ours: Vec<String> = ours.into_iter().map(|(_, sql)| sql).collect();
        ours.retain(|sql| !sql.starts_with("PRAGMA"));
        ours.sort();
        ours
    }
}

/// More teams, with environments of `owner` in each.
async fn grow(site: &Site, teams: usize, environments: usize, owner: &str) {
    let mut sql = String::new();
    for at in 0..teams {
        sql.push_str(&format!(
            "INSERT INTO teams (name, label, quota, per_member) VALUES ('team-{at}', 'Team {at}', '{{}}', '{{}}');
             INSERT INTO team_groups (team, name, role) VALUES ('team-{at}', 'group-{at}', 'member');"
        ));
    }
    for at in 0..environments {
        sql.push_str(&format!(
            "INSERT INTO environments (id, name, team, owner_id, template, version, size, host, cpus, memory, pids,
                 variables, state, activity, created_at, expires_at, revision)
             SELECT '01900000-0000-7000-8000-{at:012}', 'many-{at}', 'team-{}', '{owner}', template, version, size, host,
                 cpus, memory, pids, variables, state, 1, created_at, expires_at, 1
             FROM environments WHERE name = 'model';
             INSERT INTO parts (environment_id, name, attempt, state, ports)
             SELECT '01900000-0000-7000-8000-{at:012}', p.name, 1, p.state, ports
             FROM parts p JOIN environments e ON e.id = p.environment_id WHERE e.name = 'model';",
            at % teams
        ));
    }
    site.sql(&sql).await;
}

/// What each of these reads once nothing has changed since the last time.
async fn read(site: &Site, browser: &mut Browser, token: &str, pages: &[&str]) -> Vec<Vec<String>> {
    let statements = Statements::here();
    let mut all = Vec::new();
    for page in pages {
        let token = page.starts_with("/api/").then_some(token);
        for _ in 0..2 {
            statements.of(site);
            let answer = browser.ask("GET", page, Bringing { token, ..Bringing::default() }).await;
            assert_eq!(answer.status.as_u16(), 200, "{page}: {answer:?}");
        }
        let mut read = statements.of(site);
        // Who asks while another looks at what has changed shares the next look: how many looks there are is the moment's.
        read.dedup_by(|one, other| one == other && one.ends_with("FROM changes"));
        all.push(read);
    }
    all
}

#[tokio::test]
async fn a_page_asks_the_database_as_much_for_a_hundred_teams_and_a_thousand_environments_as_for_one() {
    Statements::here();
    let site = Site::open().await;
    let ada = site.person("Ada", &["blue"], Some(InstallationRole::Admin)).await;
    let token = site.token(&ada, TokenScope::Admin).await;
    let actor = site.auth.actor_of_token(&token).await.expect("a database").expect("Ada");
    let mut model = ask("box");
    model.name = Some("model".parse().expect("a name"));
    site.stage.launched(&actor, model).await.expect("a launch");
    let mut browser = site.browser(&ada).await;
    let pages = [
        "/environments",
        "/launch",
        "/launch?team=blue",
        "/teams",
        "/requests",
        "/api/v1/environments",
        "/api/v1/teams",
    ];
    let few = read(&site, &mut browser, &token, &pages).await;
    grow(&site, 100, 1000, ada.as_str()).await;
    let many = read(&site, &mut browser, &token, &pages).await;
    for ((page, few), many) in pages.iter().zip(few).zip(many) {
        assert_eq!(few, many, "{page}");
        let most = if page.starts_with("/api/") { 2 } else { 4 };
        assert!((1..=most).contains(&many.len()), "{page}: {many:#?}");
    }
}

#[tokio::test]
async fn no_statement_of_a_page_or_a_job_reads_removed_environments_from_end_to_end() {
    let statements = Statements::here();
    let site = Site::open().await;
    let ada = site.person("Ada", &["blue"], Some(InstallationRole::Admin)).await;
    let token = site.token(&ada, TokenScope::Admin).await;
    let actor = site.auth.actor_of_token(&token).await.expect("a database").expect("Ada");
    let launched = site.stage.launched(&actor, ask("box")).await.expect("a launch");
    let mut browser = site.browser(&ada).await;
    let one = format!("/environments/{}", launched.id);
    let pages =
        ["/environments", "/launch", "/teams", "/teams/blue", "/templates", "/sizes", "/people", &one, "/hosts"];
    let read = read(&site, &mut browser, &token, &pages).await;
    site.stage.service.end_due().await;
    site.stage.service.look_for_use().await;
    site.stage.service.reconcile().await;
    site.stage.done(&actor, &launched.id, model::environment::Operation::Remove).await.expect("a removal");
    site.stage.service.all_environments(&actor).await.expect("a list");

    let read: BTreeSet<String> = read.into_iter().flatten().chain(statements.of(&site)).collect();
    assert!(read.iter().any(|sql| sql.contains("expires_at <= $1")), "the job looked: {read:#?}");
    for sql in read.iter().filter(|sql| sql.contains("environments") && !sql.contains("sqlite_master")) {
        for step in site.stage.store.plan_of(sql).await {
            let table = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            let whole = matches!(table, Some("e" | "environments")) && !step.contains("environments_alive");
            assert!(!whole, "{step}:\n{sql}");
        }
    }
}

#[tokio::test]
async fn what_is_kept_in_memory_follows_every_change_whoever_makes_it() {
    let site = Site::open().await;
    let bea = site.person("Bea", &["blue"], None).await;
    let token = site.token(&bea, TokenScope::Launch).await;
    let actor = site.auth.actor_of_token(&token).await.expect("a database").expect("Bea");
    let launched = site.stage.launched(&actor, ask("box")).await.expect("a launch");
    let service = &site.stage.service;
    let team = || async { service.teams(&actor).await.expect("teams").remove(0) };
    assert_eq!(team().await.room.member.used.running, 1);

    // Another process on the same database, such as `berth apply`.
    let other = Store::open_existing(&site.stage.database(), Access::Write).await.expect("a database");
    other.sql("UPDATE teams SET label = 'The Blues' WHERE name = 'blue'").await;
    assert_eq!(team().await.label, "The Blues");
    other.sql("UPDATE users SET name = 'Beatrix' WHERE name = 'Bea'").await;
    assert_eq!(service.all_environments(&actor).await.expect("a list")[0].owner, "Beatrix");
    other.sql("UPDATE environments SET state = 'failed', reason = 'by hand'").await;
    assert_eq!(team().await.room.team.used.running, 0);
    other.sql("UPDATE environments SET state = 'removed'").await;
    assert_eq!(team().await.room.team.used.environments, 0);
    assert_eq!(service.all_environments(&actor).await, Ok(Vec::new()));
    other.sql("DELETE FROM template_teams; DELETE FROM template_versions WHERE FALSE").await;
    other.sql("UPDATE templates SET everyone = FALSE").await;
    assert_eq!(service.offers(&actor, &launched.team).await, Ok(Vec::new()));
    other.close().await;
}
