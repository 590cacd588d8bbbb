//! Who belongs where and may what: by the provider's groups, by an admin's hand, and no longer.

use axum::http::StatusCode;
use model::access::{Actor, InstallationRole, TeamRole, TokenScope};
use model::name::{TeamName, UserId};
use serde_json::json;

use super::provider::Pair;
use super::site::{Bringing, Site};
use super::support::{Answer, Browser};

/// A form of one of our pages, as a browser without scripts sends it.
pub async fn send(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = [("accept", "text/html")];
    browser.ask("POST", path, Bringing { body: &body, headers: &headers, token: None }).await
}

#[track_caller]
pub fn done(answer: &Answer, leads_to: &str) {
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, Some(leads_to)), "{}", answer.body);
}

pub struct Cast {
    pub site: Site,
    pub admin: Browser,
    pub auditor: Browser,
    pub lead: Browser,
    pub member: Browser,
    pub stranger: Browser,
    /// The member, as the service knows her.
    pub bea: Actor,
    pub member_id: UserId,
    pub stranger_id: UserId,
}

/// An admin, an auditor, Lena who leads team blue, Bea of team blue, and Gus of team green.
pub async fn cast() -> Cast {
    let site = Site::open().await;
    let ada = site.person("Ada", &[], Some(InstallationRole::Admin)).await;
    let rita = site.person("Rita", &[], Some(InstallationRole::Auditor)).await;
    let lena = site.person("Lena", &["blue-leads"], None).await;
    let member_id = site.person("Bea", &["blue"], None).await;
    let stranger_id = site.person("Gus", &["green"], None).await;
    let teams = [(TeamName::parse("blue").expect("a name"), TeamRole::Member)].into();
    let id = member_id.clone();
    Cast {
        bea: Actor { id, name: "Bea".to_owned(), email: None, role: None, teams, scope: None, token: None },
        admin: site.browser(&ada).await,
        auditor: site.browser(&rita).await,
        lead: site.browser(&lena).await,
        member: site.browser(&member_id).await,
        stranger: site.browser(&stranger_id).await,
        site,
        member_id,
        stranger_id,
    }
}

async fn status(browser: &mut Browser, path: &str) -> u16 {
    browser.get(path).await.status.as_u16()
}

#[tokio::test]
async fn everybody_reads_what_their_role_lets_them() {
    let Cast { mut admin, mut auditor, mut lead, mut member, mut stranger, site, member_id, .. } = cast().await;
    let person = format!("/people/{member_id}");
    for (path, expected) in [
        ("/api/v1/sizes", [200, 200, 200, 200, 200]),
        ("/api/v1/teams/blue", [404, 200, 200, 200, 200]),
        ("/api/v1/teams/none", [404, 404, 404, 404, 404]),
        ("/api/v1/templates", [400, 400, 400, 200, 200]),
        ("/api/v1/templates/web", [403, 403, 403, 200, 200]),
        ("/api/v1/people", [403, 403, 403, 200, 200]),
        ("/api/v1/catalogue", [403, 403, 403, 200, 200]),
        ("/teams", [403, 403, 200, 200, 200]),
        ("/teams/blue", [404, 403, 200, 200, 200]),
        ("/templates", [403, 403, 403, 200, 200]),
        ("/templates/web", [403, 403, 403, 200, 200]),
        ("/templates/none", [403, 403, 403, 404, 404]),
        ("/sizes", [403, 403, 403, 200, 200]),
        ("/people", [403, 403, 403, 200, 200]),
        (&person, [403, 403, 403, 200, 200]),
        ("/settings", [403, 403, 403, 200, 200]),
    ] {
        let all = [&mut stranger, &mut member, &mut lead, &mut auditor, &mut admin];
        let mut answered = Vec::new();
        for browser in all {
            answered.push(status(browser, path).await);
        }
        assert_eq!(answered, expected, "{path}");
    }
    assert_eq!(site.visitor().get("/api/v1/sizes").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_an_admin_changes_anything() {
    let Cast { mut auditor, mut lead, mut member, mut stranger, site, member_id, stranger_id, .. } = cast().await;
    let before = site.stage.store.catalogue().await.expect("a catalogue");
    let (person, who) = (format!("/people/{stranger_id}"), stranger_id.to_string());
    let forms: [(&str, &[(&str, &str)]); 8] = [
        ("/teams", &[("form", "team"), ("name", "red")]),
        ("/teams/blue", &[("form", "member"), ("who", &who), ("role", "lead")]),
        ("/templates/web", &[("form", "pin")]),
        ("/templates", &[("form", "template"), ("text", "")]),
        ("/sizes", &[("form", "size"), ("name", "z"), ("cpus", "1"), ("memory", "1GiB"), ("pids", "1")]),
        ("/sizes", &[("form", "remove-size"), ("name", "s")]),
        (&person, &[("form", "role"), ("role", "admin")]),
        (&person, &[("form", "disable")]),
    ];
    for (path, fields) in forms {
        for browser in [&mut auditor, &mut lead, &mut member, &mut stranger] {
            let answer = send(browser, path, fields).await;
            // Who may not see the page is told no more than that.
            assert!(matches!(answer.status.as_u16(), 403 | 404), "{path} {fields:?}: {}", answer.status);
        }
        let nobody = send(&mut site.visitor(), path, fields).await;
        assert!(nobody.location().starts_with("/sign-in"), "{path} {fields:?}");
    }
    assert_eq!(site.stage.store.catalogue().await.expect("a catalogue"), before);
    assert_eq!(status(&mut member, "/api/v1/me").await, 200);
    let token = site.token(&member_id, TokenScope::Admin).await;
    let bringing = Bringing { token: Some(&token), body: "form=disable", headers: &[] };
    assert_eq!(
        site.visitor().ask("POST", &person, bringing).await.status.as_u16(),
        403,
        "a token is no more than its owner"
    );
}

#[tokio::test]
async fn a_form_from_another_site_changes_nothing() {
    let Cast { site: _site, mut admin, stranger_id, mut stranger, .. } = cast().await;
    admin.address = "https://evil.example".to_owned();
    let answer = send(&mut admin, &format!("/people/{stranger_id}"), &[("form", "disable")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(status(&mut stranger, "/api/v1/me").await, 200);
}

#[tokio::test]
async fn a_member_by_hand_belongs_from_the_next_request_on_and_no_longer_than_that() {
    let Cast { site: _site, mut admin, mut stranger, stranger_id, .. } = cast().await;
    assert_eq!(status(&mut stranger, "/api/v1/teams/blue").await, 404);
    let put = |role| [("form", "member"), ("who", "GUS@example.org"), ("role", role)];
    done(&send(&mut admin, "/teams/blue", &put("member")).await, "/teams/blue?said=saved");
    assert_eq!(stranger.get("/api/v1/teams/blue").await.json()["role"], "member");
    done(&send(&mut admin, "/teams/blue", &put("lead")).await, "/teams/blue?said=saved");
    let detail = stranger.get("/api/v1/teams/blue").await.json();
    let gus =
        detail["members"].as_array().expect("members").iter().find(|one| one["name"] == "Gus").expect("Gus").clone();
    assert_eq!((&gus["role"], &gus["by"][0]["group"]), (&json!("lead"), &json!(null)));
    let id = stranger_id.to_string();
    let back = [("form", "remove-member"), ("person", id.as_str())];
    done(&send(&mut admin, "/teams/blue", &back).await, "/teams/blue?said=removed");
    assert_eq!(status(&mut stranger, "/api/v1/teams/blue").await, 404);
    assert_eq!(send(&mut admin, "/teams/blue", &back).await.status.as_u16(), 404, "there is nothing to take back");
}

#[tokio::test]
async fn what_the_groups_give_stays_when_the_hand_takes_back_and_the_larger_role_counts() {
    let Cast { site: _site, mut admin, mut member, member_id, .. } = cast().await;
    let id = member_id.to_string();
    send(&mut admin, "/teams/blue", &[("form", "member"), ("who", &id), ("role", "lead")]).await;
    let detail = member.get("/api/v1/teams/blue").await.json();
    let bea = detail["members"].as_array().expect("members").iter().find(|one| one["name"] == "Bea").expect("Bea");
    assert_eq!((bea["role"].as_str(), bea["by"].as_array().map(Vec::len)), (Some("lead"), Some(2)));
    send(&mut admin, "/teams/blue", &[("form", "remove-member"), ("person", &id)]).await;
    assert_eq!(member.get("/api/v1/teams/blue").await.json()["role"], "member");
}

#[tokio::test]
async fn who_is_meant_must_be_one_person() {
    let Cast { site, mut admin, .. } = cast().await;
    site.sql("UPDATE users SET email = 'same@example.org' WHERE name IN ('Bea', 'Gus')").await;
    for who in ["nobody@example.org", "same@example.org", ""] {
        let answer = send(&mut admin, "/teams/blue", &[("form", "member"), ("who", who), ("role", "member")]).await;
        assert_eq!(answer.status.as_u16(), 422, "{who}");
    }
    let other = send(&mut admin, "/teams/none", &[("form", "member"), ("who", "Bea"), ("role", "member")]).await;
    assert_eq!(other.status.as_u16(), 404);
}

#[tokio::test]
async fn a_role_by_hand_stands_beside_the_claim_and_is_taken_back_at_once() {
    let Cast { site: _site, mut admin, mut stranger, stranger_id, .. } = cast().await;
    let page = format!("/people/{stranger_id}");
    let give = |role| [("form", "role"), ("role", role)];
    done(&send(&mut admin, &page, &give("auditor")).await, &format!("{page}?said=saved"));
    assert_eq!(status(&mut stranger, "/api/v1/catalogue").await, 200);
    assert_eq!(send(&mut stranger, "/sizes", &[("form", "remove-size"), ("name", "s")]).await.status.as_u16(), 403);
    send(&mut admin, &page, &give("admin")).await;
    assert_eq!(stranger.get("/api/v1/me").await.json()["role"], "admin");
    send(&mut admin, &page, &give("")).await;
    assert_eq!(status(&mut stranger, "/api/v1/catalogue").await, 403);
    assert_eq!(send(&mut admin, &page, &give("king")).await.status.as_u16(), 422);
}

#[tokio::test]
async fn a_disabled_person_s_sessions_and_tokens_stop_at_once_and_no_session_comes_back() {
    let Cast { site, mut admin, mut member, member_id, .. } = cast().await;
    let token = site.token(&member_id, TokenScope::Launch).await;
    let page = format!("/people/{member_id}");
    assert_eq!(status(&mut member, "/api/v1/me").await, 200);
    done(&send(&mut admin, &page, &[("form", "disable")]).await, &format!("{page}?said=disabled"));
    assert_eq!(status(&mut member, "/api/v1/me").await, 401);
    assert_eq!(site.visitor().bearer("/api/v1/me", &token).await.status, StatusCode::UNAUTHORIZED);
    done(&send(&mut admin, &page, &[("form", "enable")]).await, &format!("{page}?said=enabled"));
    assert_eq!(status(&mut member, "/api/v1/me").await, 401, "they sign in again");
    assert_eq!(site.visitor().bearer("/api/v1/me", &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    let Cast { site, mut admin, .. } = cast().await;
    let by_hand = site.person("Hanna", &["green"], None).await;
    let page = format!("/people/{by_hand}");
    send(&mut admin, &page, &[("form", "role"), ("role", "admin")]).await;
    let mut hanna = site.browser(&by_hand).await;
    for fields in
        [&[("form", "role"), ("role", "auditor")][..], &[("form", "role"), ("role", "")], &[("form", "disable")]]
    {
        assert_eq!(send(&mut hanna, &page, fields).await.status.as_u16(), 409, "{fields:?}");
    }
    assert_eq!(hanna.get("/api/v1/me").await.json()["role"], "admin");
}

#[tokio::test]
async fn people_are_found_by_name_address_team_and_role() {
    let Cast { site: _site, mut admin, member_id, .. } = cast().await;
    send(&mut admin, &format!("/people/{member_id}"), &[("form", "disable")]).await;
    for (words, expected) in [
        ("", &["Ada", "Bea", "Gus", "Lena", "Rita"][..]),
        ("be", &["Bea"]),
        ("GUS@example", &["Gus"]),
        ("blue", &["Bea", "Lena"]),
        ("admin", &["Ada"]),
        ("blue disabled", &["Bea"]),
        ("nobody", &[]),
    ] {
        let found = admin.get(&format!("/api/v1/people?q={}", words.replace(' ', "+"))).await.json();
        let names: Vec<&str> =
            found["items"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(names, expected, "{words}");
    }
}

#[tokio::test]
async fn a_hand_admits_whom_no_group_does() {
    let pair = Pair::start().await;
    let mut bea = pair.signed_in().await;
    let id = bea.who().await.expect("bea").id;
    pair.berth.team("blue", "blue-people", "member").await;
    pair.provider.claims(json!({"groups": []}));
    pair.refuses("not_admitted").await;
    assert_eq!(bea.who().await, None);

    let blue = TeamName::parse("blue").expect("a name");
    let put = async |write: &mut store::Write| store::roster::put_member(write, &blue, &id, TeamRole::Member).await;
    pair.berth.store.write(put).await.expect("a member");
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((actor.id, actor.teams.len(), actor.role), (id, 1, None));
}
