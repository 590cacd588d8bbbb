//! What must hold whatever happens, and what must hold once everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use model::environment::State;
use model::name::{TeamName, UserId};
use model::quota::Holding;

use super::theatre::Theatre;

type Verdict = Result<(), String>;

/// At every quiet moment.
pub async fn always(theatre: &Theatre) -> Verdict {
    let rows = theatre.rows().await;
    let mut teams: BTreeMap<TeamName, Holding> = BTreeMap::new();
    let mut members: BTreeMap<(TeamName, UserId), Holding> = BTreeMap::new();
    for row in rows.iter().map(|row| &row.environment) {
        *teams.entry(row.team.clone()).or_default() = teams.get(&row.team).copied().unwrap_or_default() + row.holding();
        let member = (row.team.clone(), row.owner_id.clone());
        let held = members.get(&member).copied().unwrap_or_default() + row.holding();
        members.insert(member, held);
    }
    let kept = theatre.store.snapshot(theatre.clock.now()).await.map_err(|error| error.to_string())?;
    if !kept.environments.iter().rev().eq(&rows) {
        return Err(format!("what is kept is not what is stored: {:?} and {rows:?}", kept.environments));
    }
    for ((team, member), held) in &members {
        let record = kept.catalogue.team(team).ok_or("a team is gone")?;
        let (_, sums) = kept.limits(team, member, theatre.clock.now()).ok_or("a team is gone")?;
        let expected = (teams[team], *held);
        if (sums.team, sums.member) != expected {
            return Err(format!("the sums of {team} are {sums:?}, and the rows say {expected:?}"));
        }
        fits("the team", &record.quota, sums.team)?;
        fits("the member", &record.per_member, sums.member)?;
    }
    one_container_runs_at_most(theatre)
}

fn fits(what: &str, quota: &model::quota::Quota, held: Holding) -> Verdict {
    let within = quota.environments.is_none_or(|most| held.environments <= most)
        && quota.running.is_none_or(|most| held.running <= most)
        && quota.cpus.is_none_or(|most| held.cpus <= most)
        && quota.memory.is_none_or(|most| held.memory <= most);
    if within { Ok(()) } else { Err(format!("{what} holds {held:?} of {quota:?}")) }
}

fn one_container_runs_at_most(theatre: &Theatre) -> Verdict {
    let mut running = BTreeSet::new();
    for (_, environment, state) in theatre.states() {
        if state == "running" && !running.insert(environment.clone()) {
            return Err(format!("two containers of {environment} run"));
        }
    }
    Ok(())
}

/// Once the engine has answered everything and the reconciler has looked.
pub async fn at_rest(theatre: &Theatre) -> Verdict {
    always(theatre).await?;
    let rows = theatre.rows().await;
    let containers = theatre.states();
    for row in &rows {
        let (id, state) = (&row.environment.id, row.environment.state);
        if state.is_transitional() {
            return Err(format!("{id} is still {state}: {:?}", row.environment.reason));
        }
        let of_it: Vec<_> = containers.iter().filter(|(_, environment, _)| environment == id.as_str()).collect();
        let runs = of_it.iter().any(|(_, _, told)| told == "running");
        if runs != (state == State::Running) {
            return Err(format!("{id} is {state}, and its containers are {of_it:?}"));
        }
        let held: Vec<_> = of_it.iter().map(|(container, ..)| Some(container.as_str())).collect();
        let stored = row.main().container_id.as_deref();
        if held.iter().any(|container| *container != stored) || (held.is_empty() && stored.is_some()) {
            return Err(format!("{id} is {state} and knows of {stored:?}, and the engine has {of_it:?}"));
        }
        if state == State::Failed && row.environment.holding() != Holding::place() {
            return Err(format!("{id} failed and holds {:?}", row.environment.holding()));
        }
        if state == State::Failed && row.environment.reason.is_none() {
            return Err(format!("{id} failed and does not say why"));
        }
    }
    let known: BTreeSet<&str> = rows.iter().map(|row| row.environment.id.as_str()).collect();
    match containers.iter().find(|(_, environment, _)| !known.contains(environment.as_str())) {
        Some(leaked) => Err(format!("a container is left of what was removed: {leaked:?}")),
        None => Ok(()),
    }
}
