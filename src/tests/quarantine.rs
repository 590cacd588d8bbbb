//! Containers with our label that no environment knows: shown to those who see to the host, and never touched.

use app::api::ApiError;
use app::api::backend::Hosts;
use model::access::Actor;
use model::name::HostName;
use model::quarantine::Stray;

use super::stage::{Stage, ask, reconciled};
use super::stand_in::Call;

async fn strays(stage: &Stage, actor: &Actor) -> Result<Vec<Stray>, ApiError> {
    Ok(stage.service.host(actor, &HostName::default_host()).await?.quarantine)
}

const UNKNOWN: &str = "01900000-0000-7000-8000-0000000000ff";

#[tokio::test]
async fn a_container_of_no_environment_is_shown_with_what_its_labels_say_and_left_alone() {
    let stage = Stage::set().await;
    let (bea, ada) = (stage.bea().await, stage.auditor().await);
    let ours = [("berth.installation", "test"), ("berth.environment", UNKNOWN), ("berth.team", "blue\u{1b}[31m")];
    let stray = stage.engine.finds("berth-blue-old", "berth/web:1", &ours);
    let nameless = stage.engine.finds("handmade", "berth/web:1", &[("berth.installation", "test")]);
    stage.engine.finds("foreign", "berth/web:1", &[("berth.installation", "elsewhere")]);
    reconciled(&stage.service).await;

    let shown = strays(&stage, &ada).await.expect("an auditor reads it");
    let seen: Vec<_> = shown.iter().map(|stray| (stray.container.as_str(), stray.name.as_str())).collect();
    assert_eq!(seen, [(stray.as_str(), "berth-blue-old"), (nameless.as_str(), "handmade")]);
    assert_eq!(shown[0].environment.as_deref(), Some(UNKNOWN));
    assert_eq!((shown[0].team.as_deref(), shown[0].state.as_str()), (Some("blue"), "created"));
    assert_eq!(shown[1].environment, None);

    stage.launched(&bea, ask("box")).await.expect("a launch");
    reconciled(&stage.service).await;
    assert_eq!(stage.engine.calls(Call::Remove) + stage.engine.calls(Call::Stop), 0);
    assert_eq!(strays(&stage, &ada).await.map(|strays| strays.len()), Ok(2));
    stage.engine.lose(&stray);
    reconciled(&stage.service).await;
    assert_eq!(strays(&stage, &ada).await.map(|strays| strays.len()), Ok(1));
}

#[tokio::test]
async fn members_and_leads_are_not_shown_what_is_nobody_s() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let refused = strays(&stage, &bea).await;
    assert!(matches!(refused, Err(ApiError::Forbidden { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_container_of_an_environment_that_was_removed_is_a_leftover_and_no_stray() {
    let stage = Stage::set().await;
    let (bea, ada) = (stage.bea().await, stage.auditor().await);
    let id = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    stage.done(&bea, &id, model::environment::Operation::Remove).await.expect("a removal");
    let labels = [("berth.installation", "test"), ("berth.environment", id.as_str())];
    stage.engine.finds("late", "berth/web:1", &labels);
    reconciled(&stage.service).await;
    assert_eq!(stage.engine.containers(), Vec::<String>::new());
    assert_eq!(strays(&stage, &ada).await, Ok(Vec::new()));
}
