//! `berth apply`, on a real database.

use model::name::TemplateName;
use model::time::Timestamp;
use service::apply::{ApplyError, Difference, apply};
use service::export;
use store::Store;
use store::catalogue::Catalogue;
use tempfile::TempDir;

const EXAMPLE: &str = include_str!("../../examples/catalogue.toml");
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

async fn store() -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("berth.db")).await.expect("a database");
    (store, folder)
}

async fn applied(store: &Store, text: &str) -> Vec<String> {
    let differences = apply(store, text, false, NOW).await.expect("a good file");
    differences.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn applying_twice_changes_nothing_the_second_time() {
    let (store, _folder) = store().await;
    let first = applied(&store, EXAMPLE).await;
    assert!(
        first.contains(&"+ team blue".to_owned()) && first.contains(&"+ template web, version 1".to_owned()),
        "{first:?}"
    );
    assert_eq!(applied(&store, EXAMPLE).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_dry_run_tells_the_difference_and_changes_nothing() {
    let (store, _folder) = store().await;
    let told = apply(&store, EXAMPLE, true, NOW).await.expect("a good file");
    assert!(told.iter().any(|line| matches!(line, Difference::New(_))));
    assert_eq!(store.catalogue().await.expect("a catalogue").teams.len(), 0);
}

#[tokio::test]
async fn a_changed_recipe_is_a_new_version_and_the_old_one_stays() {
    let (store, _folder) = store().await;
    applied(&store, EXAMPLE).await;
    let changed = EXAMPLE.replace("berth/web:1", "berth/web:2");
    assert_eq!(applied(&store, &changed).await, ["~ template web: version 1 becomes 2"]);
    let web = TemplateName::parse("web").expect("a name");
    for (version, image) in [(1, "berth/web:1"), (2, "berth/web:2")] {
        let template = store.template(&web, version).await.expect("a database").expect("a version");
        assert_eq!(template.image, image);
    }
}

#[tokio::test]
async fn a_changed_quota_is_told_as_such() {
    let (store, _folder) = store().await;
    applied(&store, EXAMPLE).await;
    let changed = EXAMPLE.replace("environments = 6", "environments = 7");
    assert_eq!(applied(&store, &changed).await, ["~ team blue"]);
}

#[tokio::test]
async fn a_bad_file_is_refused_whole() {
    let (store, _folder) = store().await;
    let bad = format!("{EXAMPLE}\n[[size]]\nname = \"Too Big\"\ncpus = 1\nmemory = \"1GiB\"\n");
    let Err(ApplyError::File(faults)) = apply(&store, &bad, false, NOW).await else { panic!("applied") };
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].line, EXAMPLE.lines().count() + 3);
    assert_eq!(store.catalogue().await.expect("a catalogue").sizes.len(), 0);
}

#[tokio::test]
async fn an_image_or_a_command_that_no_engine_takes_is_refused_with_its_line() {
    let (store, _folder) = store().await;
    let line = EXAMPLE.lines().position(|line| line.contains("image = \"berth/web:1\"")).expect("an image") + 1;
    let refused = async |with: &str| {
        let text = EXAMPLE.replacen("image = \"berth/web:1\"", with, 1);
        let Err(ApplyError::File(faults)) = apply(&store, &text, false, NOW).await else { panic!("applied: {with}") };
        assert_eq!((faults.len(), faults[0].line), (1, line), "{with}: {faults:?}");
        faults[0].message.clone()
    };
    for image in ["Berth/Web:1", "berth/web:", "https://reg.example/web:1", "berth//web:1"] {
        let message = refused(&format!("image = \"{image}\"")).await;
        assert!(message.contains("`image` must be an image reference such as"), "{message}");
    }
    let many = vec!["\"x\""; 300].join(", ");
    let message = refused(&format!("command = [{many}]\nimage = \"berth/web:1\"")).await;
    assert!(message.contains("300 arguments; at most 256"), "{message}");
    let message = refused("command = [\"sh\", \"\\u0000\"]\nimage = \"berth/web:1\"").await;
    assert!(message.contains("argument 2 holds a NUL"), "{message}");
}

#[tokio::test]
async fn a_long_reference_is_taken_where_only_its_tag_and_digest_make_it_long() {
    let (store, _folder) = store().await;
    let pinned = format!("reg.example:5000/{}:{}@sha256:{}", "a".repeat(200), "b".repeat(60), "c".repeat(64));
    let text = EXAMPLE.replacen("berth/web:1", &pinned, 1);
    assert!(apply(&store, &text, false, NOW).await.is_ok());
}

#[tokio::test]
async fn what_a_file_does_not_name_is_kept() {
    let (store, _folder) = store().await;
    applied(&store, EXAMPLE).await;
    let other = "[[team]]\nname = \"red\"\n";
    let told = applied(&store, other).await;
    assert!(
        told.contains(&"+ team red".to_owned()) && told.contains(&"  team blue: not in this file, kept".to_owned())
    );
    assert_eq!(store.catalogue().await.expect("a catalogue").teams.len(), 3);
}

/// What `text` declares, exported, and what applying that changes.
async fn exported(store: &Store) -> (String, Vec<String>) {
    let text = export::catalogue(&store.catalogue().await.expect("a catalogue"));
    let told = applied(store, &text).await;
    (text, told)
}

#[tokio::test]
async fn applying_what_was_exported_changes_nothing() {
    let (store, _folder) = store().await;
    let pinned = format!("berth/web:1@sha256:{}", "0".repeat(64));
    let edits = [
        ("", ""),
        ("berth/web:1", &pinned),
        ("environments = 6", "environments = 0"),
        ("label = \"Team blue\"", "label = \"Bl\\u00fc\\\"e\\\\ \""),
        ("teams = [\"blue\"]", "teams = []\ndeprecated = 2030-01-01"),
        ("blue-devs = \"member\"", "\"cn=blue,ou=\\\"devs\\\"\" = \"member\""),
        ("help = \"What the page says first.\"", "help = \"\"\"One\nline\\tafter another\"\"\""),
        ("secret = true", "secret = true\ndefault = \"hunter2\""),
        ("cpus = 0.25", "cpus = 1.125"),
        ("running = 3", "running = 3, memory = \"1000001B\""),
    ];
    let mut text = EXAMPLE.to_owned();
    for (from, to) in edits {
        text = text.replacen(from, to, usize::from(!from.is_empty()));
        applied(&store, &text).await;
        let before = store.catalogue().await.expect("a catalogue");
        let (out, told) = exported(&store).await;
        assert_eq!(told, Vec::<String>::new(), "after {to}:\n{out}");
        assert_eq!(store.catalogue().await.expect("a catalogue"), before, "after {to}:\n{out}");
        assert!(!out.contains("hunter2"), "a secret is exported");
    }
}

#[tokio::test]
async fn what_was_exported_declares_the_same_on_another_installation_unless_a_secret_is_missing() {
    let (here, _folder) = store().await;
    applied(&here, EXAMPLE).await;
    let (text, _) = exported(&here).await;
    let (there, _other) = store().await;
    applied(&there, &text).await;
    assert_eq!(there.catalogue().await.expect("a catalogue"), here.catalogue().await.expect("a catalogue"));

    applied(&here, &EXAMPLE.replace("secret = true", "secret = true\ndefault = \"hunter2\"")).await;
    let (text, _) = exported(&here).await;
    let (empty, _third) = store().await;
    let Err(ApplyError::File(faults)) = apply(&empty, &text, false, NOW).await else { panic!("applied") };
    assert!(faults[0].message.contains("`TOKEN` has no default that could be kept"), "{faults:?}");
}

#[tokio::test]
async fn a_file_with_some_of_it_leaves_the_order_of_the_rest() {
    let (store, _folder) = store().await;
    applied(&store, EXAMPLE).await;
    let names = |catalogue: &Catalogue| catalogue.sizes.iter().map(|size| size.name.to_string()).collect::<Vec<_>>();
    applied(&store, "[[size]]\nname = \"m\"\ncpus = 1\nmemory = \"1GiB\"\n").await;
    assert_eq!(names(&store.catalogue().await.expect("a catalogue")), ["xs", "s", "m"]);
}
