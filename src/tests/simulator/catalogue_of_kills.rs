//! A kill at every point of every operation: as it is about to write, as it is about to ask the engine, and when the
//! engine has done it and the answer has not come.

use std::path::Path;

use app::api::environments::LaunchAsk;
use model::environment::{Operation, State};
use model::name::TeamName;

use super::theatre::{Theatre, template};
use super::{invariants, runtime};
use crate::tests::stand_in::Mood;

/// What is killed, and what may come of it.
#[derive(Debug, Clone, Copy)]
struct Case {
    /// `None`: the launch itself.
    operation: Option<Operation>,
    from: State,
    template: &'static str,
    may_end: &'static [State],
}

const CASES: [Case; 7] = [
    case(None, State::Removed, "box", &[State::Running, State::Failed]),
    case(None, State::Removed, "far", &[State::Running, State::Failed]),
    case(Some(Operation::Start), State::Stopped, "box", &[State::Running, State::Stopped, State::Failed]),
    case(Some(Operation::Stop), State::Running, "box", &[State::Running, State::Stopped]),
    case(Some(Operation::Restart), State::Running, "box", &[State::Running, State::Stopped, State::Failed]),
    case(Some(Operation::Extend), State::Running, "box", &[State::Running]),
    case(Some(Operation::Remove), State::Running, "box", &[State::Running, State::Removed]),
];

const fn case(operation: Option<Operation>, from: State, template: &'static str, may_end: &'static [State]) -> Case {
    Case { operation, from, template, may_end }
}

/// Where the kill comes.
#[derive(Debug, Clone, Copy)]
enum Point {
    /// As somebody is about to write, after so many others.
    Write(usize),
    /// As the engine is about to do what was asked, after so many others.
    Asked(usize),
    /// When the engine has done it.
    Done(usize),
}

#[test]
fn after_a_kill_at_every_point_of_every_operation_nothing_is_leaked_lost_or_counted_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let template = template(folder.path());
    let mut points = 0;
    for case in CASES {
        for kind in [Point::Write, Point::Asked, Point::Done] {
            let mut at = 0;
            while runtime().block_on(killed(case, kind(at), &template)) {
                at += 1;
            }
            assert!(at > 0 || case.operation == Some(Operation::Extend), "{case:?} has such points");
            points += at;
        }
    }
    assert!(points >= 60, "there are {points} points");
}

/// Whether the operation came to that point; where it did not, it ended before.
async fn killed(case: Case, point: Point, template: &Path) -> bool {
    let mut theatre = Theatre::open(template).await;
    let id = prepared(&mut theatre, case).await;
    if let Point::Write(others) = point {
        theatre.store.border.stop_after(others);
    }
    match (case.operation, &id) {
        (Some(operation), Some(id)) => {
            let environment = theatre.row(id).await.environment;
            theatre.operate(0, &environment, operation);
        }
        _ => theatre.launch(0, launch(case.template)),
    }
    let reached = up_to(&theatre, point).await;
    if reached {
        theatre.kill().await;
        theatre.come_to_rest().await;
        if let Err(broken) = invariants::at_rest(&theatre).await {
            panic!("{case:?} killed at {point:?}: {broken}");
        }
        let removed = || State::Removed;
        let states: Vec<State> = theatre.rows().await.iter().map(|row| row.environment.state).collect();
        // A launch that was killed before it was reserved has never been.
        let never = case.operation.is_none() && states.is_empty();
        let state = states.first().copied().unwrap_or_else(removed);
        assert!(never || case.may_end.contains(&state), "{case:?} killed at {point:?} ends as {states:?}");
    }
    theatre.service.cut_off();
    theatre.quiet().await;
    theatre.store.close().await;
    reached
}

async fn prepared(theatre: &mut Theatre, case: Case) -> Option<model::name::EnvironmentId> {
    case.operation?;
    theatre.launch(0, launch(case.template));
    theatre.settle_calls().await;
    let environment = theatre.rows().await.remove(0).environment;
    if case.from == State::Stopped {
        theatre.operate(0, &environment, Operation::Stop);
        theatre.settle_calls().await;
    }
    assert_eq!(theatre.row(&environment.id).await.environment.state, case.from);
    Some(environment.id)
}

fn launch(template: &str) -> LaunchAsk {
    LaunchAsk {
        team: TeamName::parse("blue").expect("a name"),
        template: template.parse().expect("a name"),
        size: None,
        name: None,
        lifetime: None,
        variables: Default::default(),
        idempotency_key: None,
    }
}

/// Lets things happen up to that point.
async fn up_to(theatre: &Theatre, point: Point) -> bool {
    let mut answered = 0;
    loop {
        theatre.quiet().await;
        let waits = !theatre.desk.waiting().is_empty();
        match point {
            Point::Write(_) if theatre.store.border.has_stopped() => return true,
            Point::Asked(others) if waits && answered == others => return true,
            Point::Done(others) if waits && answered == others => {
                theatre.desk.say(0, Mood::LoseAnswer);
                // Killed before it can notice: only the engine's side is let run.
                return true;
            }
            _ if !waits => return false,
            _ => {}
        }
        theatre.desk.say(0, Mood::Well);
        answered += 1;
    }
}
