//! `berth apply`: brings the catalogue to what a file declares, and tells the difference.

use std::collections::BTreeSet;
use std::fmt;

use app::model::audit::Who;
use app::model::quota::{Amount, Holding, Quota};
use app::model::time::Timestamp;
use thiserror::Error;

use super::audit::record_catalogue;
use super::declared::{self, Declared, Fault, Known};
use crate::store::catalogue::{self, Catalogue, Grant, TeamRecord, TemplateRecord};
use crate::store::environments::Holdings;
use crate::store::limits::{holders, limits};
use crate::store::{Store, StoreError, Write};

#[derive(Debug, Error)]
pub enum ApplyError {
    #[error("nothing was applied; the file has {}", faults(.0))]
    File(Vec<Fault>),
    #[error("nothing was applied: {0}")]
    Store(#[from] StoreError),
}

fn faults(faults: &[Fault]) -> String {
    let noun = if faults.len() == 1 { "1 fault:".to_owned() } else { format!("{} faults:", faults.len()) };
    faults.iter().fold(noun, |text, fault| format!("{text}\n  {fault}"))
}

/// One line of the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    New(String),
    Changed(String),
    /// Is there, and the file says nothing of it: left as it is.
    Kept(String),
    /// More is in use than a quota that was lowered allows.
    Over(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(what) => write!(f, "+ {what}"),
            Self::Changed(what) => write!(f, "~ {what}"),
            Self::Kept(what) => write!(f, "  {what}: not in this file, kept"),
            Self::Over(what) => write!(f, "! {what}: what runs goes on, and nothing more starts until there is room"),
        }
    }
}

/// Applies `text`, all of it in one transaction, or only tells what it would change.
///
/// # Errors
/// When the file has faults, each with its line, or the database fails; nothing is applied then.
pub async fn apply(store: &Store, text: &str, dry_run: bool, now: Timestamp) -> Result<Vec<Difference>, ApplyError> {
    let mut write = store.write().await?;
    let before = catalogue::read(&mut write).await?;
    let known = Known {
        teams: before.teams.iter().map(|team| team.name.clone()).collect(),
        sizes: before.sizes.iter().map(|size| size.name.clone()).collect(),
    };
    let declared = declared::parse(text, &known).map_err(ApplyError::File)?;
    let templates = versioned(&declared, &before);
    for team in &declared.teams {
        catalogue::put_team(&mut write, team).await?;
    }
    for (position, size) in (0..).zip(&declared.sizes) {
        catalogue::put_size(&mut write, size, position).await?;
    }
    for (position, template) in (0..).zip(&templates) {
        catalogue::put_template(&mut write, template, position, now).await?;
    }
    let after = catalogue::read(&mut write).await?;
    let mut lines = differences(&before, &after, &declared);
    for team in after.teams.iter().filter(|team| before.team(&team.name).is_some_and(|old| old != *team)) {
        lines.extend(overdrawn(&mut write, team, now).await?.into_iter().map(Difference::Over));
    }
    if !dry_run {
        record_catalogue(&mut write, &Who::command_line(), &lines, now).await?;
        write.commit().await.map_err(StoreError::from)?;
    }
    Ok(lines)
}

/// What a team and its members hold beyond what they may, a line each: what is to be said when a quota is lowered.
///
/// # Errors
/// When the database fails.
pub async fn overdrawn(write: &mut Write, team: &TeamRecord, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let all = holders(write, &team.name).await?;
    let sum: Holding = all.iter().map(|holder| holder.holds).sum();
    let mut lines = Vec::new();
    for (at, holder) in all.into_iter().enumerate() {
        let Some(limits) = limits(write, &team.name, &holder.id, now).await? else { continue };
        let held = Holdings { member: holder.holds, team: sum, ..Holdings::default() };
        let room = limits.room(held, Quota::default(), now);
        let over =
            |who: String| move |(limit, used): (Amount, Amount)| format!("{who} holds {used}, and may hold {limit}");
        if at == 0 {
            lines.extend(room.team.quota.exceeded_by(sum).into_iter().map(over(format!("team {}", team.name))));
        }
        let who = format!("{} of team {}", holder.name, team.name);
        lines.extend(room.member.quota.exceeded_by(holder.holds).into_iter().map(over(who)));
    }
    Ok(lines)
}

/// Each template with its version: the one it has, or the next where the recipe differs.
fn versioned(declared: &Declared, before: &Catalogue) -> Vec<TemplateRecord> {
    let record = |(slug, template, grant): &(_, _, Grant)| {
        let known = before.templates.iter().find(|known| known.slug == *slug);
        let version = match known {
            None => 1,
            Some(known) if known.template == *template => known.version,
            Some(known) => known.version + 1,
        };
        TemplateRecord { slug: slug.clone(), version, template: template.clone(), grant: grant.clone() }
    };
    declared.templates.iter().map(record).collect()
}

fn differences(before: &Catalogue, after: &Catalogue, declared: &Declared) -> Vec<Difference> {
    let mut lines = Vec::new();
    let teams: BTreeSet<_> = declared.teams.iter().map(|team| &team.name).collect();
    for team in &after.teams {
        let old = before.team(&team.name);
        compare(&mut lines, format!("team {}", team.name), old, team, teams.contains(&team.name));
    }
    for size in &after.sizes {
        let old = before.sizes.iter().find(|old| old.name == size.name);
        let here = declared.sizes.iter().any(|declared| declared.name == size.name);
        compare(&mut lines, format!("size {}", size.name), old, size, here);
    }
    for template in &after.templates {
        let old = before.templates.iter().find(|old| old.slug == template.slug);
        let here = declared.templates.iter().any(|(slug, _, _)| *slug == template.slug);
        let what = match old {
            Some(old) if old.version != template.version => {
                format!("template {}: version {} becomes {}", template.slug, old.version, template.version)
            }
            Some(_) => format!("template {}: who is offered it", template.slug),
            None => format!("template {}, version {}", template.slug, template.version),
        };
        compare(&mut lines, what, old, template, here);
    }
    lines
}

fn compare<T: PartialEq>(lines: &mut Vec<Difference>, what: String, old: Option<&T>, new: &T, here: bool) {
    match old {
        None => lines.push(Difference::New(what)),
        Some(old) if old != new => lines.push(Difference::Changed(what)),
        Some(_) if !here => lines.push(Difference::Kept(what.split(':').next().unwrap_or(&what).to_owned())),
        Some(_) => {}
    }
}
