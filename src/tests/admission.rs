//! Who is let in, as whom, and with what.

use model::access::InstallationRole;
use serde_json::json;

use super::provider::Pair;

#[tokio::test]
async fn an_account_is_the_issuer_s_subject_and_never_an_e_mail_address() {
    let pair = Pair::start().await;
    let bea = pair.signed_in().await.who().await.expect("bea").id;
    pair.provider.claims(json!({"sub": "max", "name": "Max"}));
    let max = pair.signed_in().await.who().await.expect("max");
    assert_eq!(max.email.as_deref(), Some("bea@example.org"));
    assert_ne!(max.id, bea);
    pair.provider.claims(json!({"sub": "bea", "name": "Bea B.", "email": "b@example.org"}));
    let again = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((again.id, again.name.as_str()), (bea, "Bea B."));
}

#[tokio::test]
async fn an_unverified_e_mail_address_grants_nothing_and_is_not_shown() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"email": "staff", "email_verified": false, "groups": []}));
    pair.refuses("not_admitted").await;
    pair.provider.claims(json!({"email": "admin@example.org", "groups": ["staff"]}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").email, None);
    pair.provider.claims(json!({"email_verified": "false"}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").email, None);
}

#[tokio::test]
async fn nobody_is_admitted_without_a_rule() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"groups": ["strangers"]}));
    pair.refuses("not_admitted").await;
    assert_eq!(pair.berth.count("users").await, 0);

    pair.berth.team("blue", "strangers", "member").await;
    assert_eq!(pair.signed_in().await.who().await.expect("bea").teams.len(), 1, "a team's group admits");
    pair.provider.claims(json!({"groups": ["admins"]}));
    assert!(pair.signed_in().await.who().await.expect("bea").acts_as_admin(), "so does the admins'");
    pair.provider.claims(json!({"groups": ["staff"]}));
    assert!(pair.signed_in().await.who().await.is_some(), "and an allowed one");
    pair.provider.claims(json!({"groups": ["Staff", "staff ", "admin", "*"]}));
    pair.refuses("not_admitted").await;
}

#[tokio::test]
async fn who_is_named_by_the_provider_s_id_is_an_admin_without_any_group() {
    let pair = Pair::configured("admin_subjects = [\"bea\"]\n").await;
    pair.provider.claims(json!({"groups": null}));
    assert!(pair.signed_in().await.who().await.expect("bea").acts_as_admin());
    // An address or a name is no id.
    pair.provider.claims(json!({"groups": []}));
    for claims in [json!({"sub": "max", "email": "bea"}), json!({"sub": "max", "name": "bea"}), json!({"sub": "Bea"})] {
        pair.provider.claims(claims);
        pair.refuses("not_admitted").await;
    }
}

#[tokio::test]
async fn the_auditors_group_makes_an_auditor_and_the_admins_more_than_that() {
    let pair = Pair::start().await;
    for (groups, role) in
        [(json!(["auditors"]), InstallationRole::Auditor), (json!(["auditors", "admins"]), InstallationRole::Admin)]
    {
        pair.provider.claims(json!({ "groups": groups }));
        assert_eq!(pair.signed_in().await.who().await.expect("bea").role, Some(role));
    }
}

#[tokio::test]
async fn who_lost_the_last_group_keeps_no_team() {
    let pair = Pair::start().await;
    pair.berth.team("blue", "blue-people", "member").await;
    pair.provider.claims(json!({"groups": ["blue-people", "staff"]}));
    let mut elsewhere = pair.signed_in().await;
    pair.provider.claims(json!({"groups": null}));
    pair.refuses("not_admitted").await;
    assert_eq!(elsewhere.who().await, None);
    assert_eq!(pair.berth.count("user_groups").await, 0);
}

#[tokio::test]
async fn a_pointer_to_groups_is_no_list_and_takes_nothing() {
    let pair = Pair::start().await;
    let mut before = pair.signed_in().await;
    let source = json!({"src1": {"endpoint": "https://graph.example/users/x/getMemberObjects"}});
    for pointer in [
        json!({"groups": null, "_claim_names": {"groups": "src1"}, "_claim_sources": source}),
        json!({"groups": null, "_claim_names": null, "hasgroups": true}),
    ] {
        pair.provider.claims(pointer);
        pair.refuses("groups_unreadable").await;
    }
    assert!(before.who().await.is_some());
}

#[tokio::test]
async fn where_the_operator_says_keep_a_silent_provider_gives_nothing_and_takes_no_team() {
    let pair = Pair::configured("groups_when_absent = \"keep\"\n").await;
    pair.berth.team("blue", "blue-people", "member").await;
    pair.provider.claims(json!({"groups": null}));
    pair.refuses("not_admitted").await;

    pair.provider.claims(json!({"groups": ["blue-people", "admins"]}));
    assert!(pair.signed_in().await.who().await.expect("bea").acts_as_admin());
    pair.provider.claims(json!({"groups": null}));
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!(
        (actor.teams.len(), actor.acts_as_admin()),
        (1, false),
        "the team stays, being an admin needs the claim"
    );
}

#[tokio::test]
async fn an_empty_list_of_groups_takes_everything_everywhere() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"groups": ["staff", "admins"]}));
    let mut elsewhere = pair.signed_in().await;
    assert!(elsewhere.who().await.expect("bea").acts_as_admin());
    pair.provider.claims(json!({"groups": []}));
    pair.refuses("not_admitted").await;
    assert_eq!(elsewhere.who().await, None, "the session in the other browser has no rights any more either");
    assert_eq!(pair.berth.count("user_groups").await, 0);
}

#[tokio::test]
async fn groups_that_cannot_be_read_sign_nobody_in_and_change_nothing() {
    let pair = Pair::start().await;
    let mut browser = pair.signed_in().await;
    for groups in [json!({"staff": true}), json!(7), json!(["staff", 7]), json!([["staff"]])] {
        pair.provider.claims(json!({"groups": groups}));
        pair.refuses("groups_unreadable").await;
    }
    assert!(browser.who().await.is_some());
    pair.provider.claims(json!({"groups": "staff"}));
    pair.signed_in().await;
}

#[tokio::test]
async fn five_hundred_groups_are_kept_and_the_cookie_stays_small() {
    let pair = Pair::start().await;
    let mut groups: Vec<String> = (0..600).map(|number| format!("group-{number:03}-{}", "x".repeat(100))).collect();
    groups.extend(["staff".to_owned(), "admins".to_owned(), "blue-people".to_owned()]);
    pair.berth.team("blue", "blue-people", "member").await;
    pair.provider.claims(json!({"groups": groups}));
    let mut browser = pair.signed_in().await;
    assert_eq!(pair.berth.count("user_groups").await, 500);
    let actor = browser.who().await.expect("bea");
    assert_eq!((actor.acts_as_admin(), actor.teams.len()), (true, 1), "whatever place its groups have in the list");
    let header: usize = browser.cookies.iter().map(|(name, value)| name.len() + value.len() + 3).sum();
    assert!(header < 100, "{header} bytes");
}

#[tokio::test]
async fn groups_without_end_are_refused() {
    let pair = Pair::start().await;
    let groups: Vec<String> = (0..40_000).map(|number| format!("group-{number}-{}", "x".repeat(100))).collect();
    pair.provider.claims(json!({"groups": groups}));
    pair.refuses("provider_unavailable").await;
}

#[tokio::test]
async fn a_disabled_person_does_not_get_in() {
    let pair = Pair::start().await;
    let mut browser = pair.signed_in().await;
    pair.berth.sql("UPDATE users SET disabled = TRUE").await;
    assert_eq!(browser.who().await, None);
    pair.refuses("disabled").await;
}

#[tokio::test]
async fn a_name_of_a_megabyte_or_with_control_characters_is_cut_and_cleaned() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"name": "x".repeat(1 << 20), "email": format!("{}@example.org", "x".repeat(300))}));
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((actor.name.chars().count(), actor.email), (101, None));
    pair.provider.claims(json!({"name": "Bea\u{1b}[31m\nroot\u{202e}", "email": "b\u{0}@example.org"}));
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((actor.name.as_str(), actor.email), ("Bea root\u{fffd}", None));
    pair.provider.claims(json!({"name": " ", "email": null}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").name, "bea");
}
