//! The list of environments: a page at a time, with what is counted over all of them, however many there are.

use app::api::backend::Environments;
use app::api::environments::{LISTED, Listing};
use model::access::{Actor, InstallationRole, TokenScope};
use model::environment::Environment;
use model::filter::{Filter, Group};
use model::name::TeamName;
use model::units::Span;

use super::site::{Bringing, Site};
use super::stage::ask;

/// A thousand environments of two teams, one in ten of them stopped, all like `model`.
async fn crowd(site: &Site, owner: &str) {
    let mut sql = String::new();
    for at in 0..1000 {
        let (team, state) =
            (if at % 2 == 0 { "blue" } else { "green" }, if at % 10 == 0 { "stopped" } else { "running" });
        sql.push_str(&format!(
            "INSERT INTO environments (id, name, team, owner_id, template, version, size, host, cpus, memory, pids,
                 variables, state, activity, created_at, expires_at, revision)
             SELECT '01900000-0000-7000-8000-{at:012}', 'many-{at}', '{team}', '{owner}', template, version, size, host,
                 cpus, memory, pids, variables, '{state}', 1, created_at, expires_at, 1
             FROM environments WHERE name = 'model';
             INSERT INTO parts (environment_id, name, attempt, state, ports, started_at)
             SELECT '01900000-0000-7000-8000-{at:012}', p.name, 1, '{state}', ports, started_at
             FROM parts p JOIN environments e ON e.id = p.environment_id WHERE e.name = 'model';"
        ));
    }
    site.sql(&sql).await;
}

/// An admin who has launched `model`, with a thousand more beside it.
async fn crowded() -> (Site, Actor) {
    let site = Site::open().await;
    let ada = site.person("Ada", &["blue"], Some(InstallationRole::Admin)).await;
    let token = site.token(&ada, TokenScope::Admin).await;
    let actor = site.auth.actor_of_token(&token).await.expect("a database").expect("Ada");
    let mut model = ask("web");
    model.name = Some("model".parse().expect("a name"));
    site.stage.launched(&actor, model).await.expect("a launch");
    crowd(&site, ada.as_str()).await;
    (site, actor)
}

fn filter(team: Option<&str>, group: Option<Group>, words: &str) -> Filter {
    Filter { team: team.map(|team| TeamName::parse(team).expect("a name")), group, words: words.to_owned() }
}

fn names(listing: &Listing) -> Vec<String> {
    listing.items.iter().map(|it| it.name.to_string()).collect()
}

#[tokio::test]
async fn a_list_is_walked_a_hundred_at_a_time_and_counts_all_of_them_on_every_page() {
    let (site, ada) = crowded().await;
    let service = &site.stage.service;
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = service.environments(&ada, &Filter::default(), after.as_ref()).await.expect("a list");
        assert!(page.items.len() <= LISTED);
        let counts =
            [None, Some(Group::Running), Some(Group::Stopped), Some(Group::Failed)].map(|it| page.counts.of(it));
        assert_eq!(counts, [1001, 901, 100, 0]);
        seen.extend(names(&page));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (11, 1001));
    assert_eq!((seen[0].as_str(), seen[1].as_str(), seen[1000].as_str()), ("model", "many-999", "many-0"));
}

#[tokio::test]
async fn what_a_filter_keeps_is_counted_by_the_server_and_paged_by_the_same_filter() {
    let (site, ada) = crowded().await;
    let list = async |filter: Filter| site.stage.service.environments(&ada, &filter, None).await.expect("a list");
    let stopped = list(filter(Some("blue"), Some(Group::Stopped), "")).await;
    assert_eq!((stopped.items.len(), stopped.next.is_none()), (100, true));
    assert_eq!(stopped.counts.of(None), 501, "whatever their state");
    assert_eq!(stopped.team.map(|team| team.name.to_string()).as_deref(), Some("blue"));
    let green = list(filter(Some("green"), None, "MANY-99 web")).await;
    assert_eq!(names(&green), ["many-999", "many-997", "many-995", "many-993", "many-991", "many-99"]);
    assert_eq!(green.counts.of(Some(Group::Running)), 6);
    let nothing = list(filter(None, None, "no-such-thing")).await;
    assert_eq!((nothing.items.len(), nothing.counts.of(None), nothing.exist), (0, 0, true));
}

#[tokio::test]
async fn what_ends_soonest_is_named_and_the_rest_counted() {
    let (site, ada) = crowded().await;
    site.sql("UPDATE environments SET expires_at = created_at + 3600000 WHERE name LIKE 'many-98_'").await;
    site.sql("UPDATE environments SET expires_at = created_at + 1800000 WHERE name = 'many-3'").await;
    site.sql("UPDATE environments SET expires_at = created_at + 864000000 WHERE name NOT LIKE 'many-98_' AND name <> 'many-3'").await;
    // Most of their time is over.
    site.sql(
        "UPDATE parts SET started_at = (SELECT created_at FROM environments e WHERE e.id = environment_id) - 86400000",
    )
    .await;
    let listing = site.stage.service.environments(&ada, &Filter::default(), None).await.expect("a list");
    assert_eq!(listing.ending[0].name.to_string(), "many-3", "though it is on the last page");
    // Of the ten, one is stopped.
    assert_eq!((listing.ending.len(), listing.ending_more), (5, 5));
}

#[tokio::test]
async fn a_stranger_s_page_counts_only_what_they_see() {
    let (site, _) = crowded().await;
    let gus = site.person("Gus", &["green"], None).await;
    let token = site.token(&gus, TokenScope::Read).await;
    let gus = site.auth.actor_of_token(&token).await.expect("a database").expect("Gus");
    let listing = site.stage.service.environments(&gus, &Filter::default(), None).await.expect("a list");
    assert_eq!(listing.counts.of(None), 500);
    assert!(listing.items.iter().all(|it: &Environment| it.team.as_str() == "green"));
    assert!(listing.ending.is_empty(), "nor is warned of what is no matter of theirs");
    let blue = filter(Some("blue"), None, "");
    assert!(site.stage.service.environments(&gus, &blue, None).await.is_err());
    site.stage.pass(Span::seconds(1));
}

#[tokio::test]
async fn a_page_of_a_thousand_has_a_hundred_rows_under_400_kilobytes_and_leads_to_the_older_ones() {
    let (site, ada) = crowded().await;
    let mut browser = site.browser(&ada.id).await;
    let first = browser.get("/environments").await.body;
    assert_eq!(first.matches("<td class=\"what\">").count(), LISTED);
    assert!(first.len() <= 400_000, "{} bytes", first.len());
    assert!(first.contains("100 of 1001") || first.contains("100 of 1,001"), "it says how much of all it shows");
    let older = first.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|link| link.contains("after="));
    let second = browser.get(older.expect("a link to older ones")).await.body;
    assert!(second.contains(">many-899<") && !second.contains(">many-999<"));
    assert!(second.contains(">Newest<"), "and back");
}

#[tokio::test]
async fn scripts_filter_by_words_too() {
    let (site, ada) = crowded().await;
    let token = site.token(&ada.id, TokenScope::Read).await;
    let bringing = Bringing { token: Some(&token), ..Bringing::default() };
    let mut script = site.visitor();
    let found = script.ask("GET", "/api/v1/environments?team=blue&q=many-99&limit=2", bringing).await.json();
    assert_eq!((&found["items"][0]["name"], &found["items"][1]["name"]), (&"many-998".into(), &"many-996".into()));
    assert!(found["next"].is_string());
}
