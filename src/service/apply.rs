//! `berth apply`: brings the catalogue to what a file declares, and tells the difference.

use std::collections::BTreeSet;
use std::fmt;

use model::audit::Who;
use model::quota::{Amount, Holding};
use model::time::Timestamp;
use store::catalogue::{self, Catalogue, TeamRecord, TemplateRecord};
use store::environments::Holdings;
use store::limits::{holders, team_limits};
use store::{Store, StoreError, Write};
use thiserror::Error;

use super::audit::record_catalogue;
use super::declared::{self, Declared, Fault, Known, TemplateEntry};

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
    /// A template whose recipe differs: what runs keeps the version it has.
    NewVersion(String),
    /// Is there, and the file says nothing of it: left as it is.
    Kept(String),
    /// More is in use than a quota that was lowered allows.
    Over(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(what) => write!(f, "+ {what}"),
            Self::Changed(what) | Self::NewVersion(what) => write!(f, "~ {what}"),
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
    let asked = async |write: &mut Write| {
        let asked = Asked::read(write, text).await?;
        Ok(asked.carry_out(write, &Who::command_line(), now).await?)
    };
    if dry_run { store.rehearse(asked).await } else { store.write(asked).await }
}

/// What a team and its members hold beyond what they may, a line each: what is to be said when a quota is lowered.
///
/// # Errors
/// When the database fails.
pub async fn overdrawn(write: &mut Write, team: &TeamRecord, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let all = holders(write, &team.name).await?;
    let Some(limits) = team_limits(write, &team.name, now).await? else { return Ok(Vec::new()) };
    let sum: Holding = all.iter().map(|holder| holder.holds).sum();
    let mut lines = Vec::new();
    for (at, holder) in all.into_iter().enumerate() {
        let held = Holdings { member: holder.holds, team: sum, ..Holdings::default() };
        let room = limits.of(&holder.id).room(&held, [], now);
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

/// What a text declares and what is there, inside the transaction that will change it. `berth apply` and the pages' forms
/// both come this way: there is no other to a changed catalogue.
#[derive(Debug)]
pub struct Asked {
    pub before: Catalogue,
    pub declared: Declared,
}

impl Asked {
    /// # Errors
    /// As [`apply`].
    pub async fn read(write: &mut Write, text: &str) -> Result<Self, ApplyError> {
        let before = catalogue::read(write).await?;
        let declared = declared::parse(text, &known(&before)).map_err(ApplyError::File)?;
        Ok(Self { before, declared })
    }

    /// Writes it, and that `who` did, without the commit.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn carry_out(&self, write: &mut Write, who: &Who, now: Timestamp) -> Result<Vec<Difference>, StoreError> {
        let Self { before, declared } = self;
        for team in &declared.teams {
            catalogue::put_team(write, team).await?;
        }
        for size in &declared.sizes {
            catalogue::put_size(write, size, 0).await?;
        }
        for template in &versioned(declared, before) {
            catalogue::put_template(write, template, 0, now).await?;
        }
        let sizes = order(before.sizes.iter().map(|size| &size.name), declared.sizes.iter().map(|size| &size.name));
        catalogue::order_sizes(write, &sizes).await?;
        let templates = order(before.templates.iter().map(|t| &t.slug), declared.templates.iter().map(|t| &t.slug));
        catalogue::order_templates(write, &templates).await?;
        let after = catalogue::read(write).await?;
        let mut lines = differences(before, &after, declared);
        record_catalogue(write, who, &lines, now).await?;
        for team in after.teams.iter().filter(|team| before.team(&team.name).is_some_and(|old| old != *team)) {
            lines.extend(overdrawn(write, team, now).await?.into_iter().map(Difference::Over));
        }
        Ok(lines)
    }
}

/// What a text may refer to without declaring it.
fn known(before: &Catalogue) -> Known {
    let secrets = before.templates.iter().flat_map(|record| {
        let secret = record.template.variables.iter().filter(|variable| variable.secret);
        secret.filter_map(|variable| Some(((record.slug.clone(), variable.name.clone()), variable.default.clone()?)))
    });
    Known {
        teams: before.teams.iter().map(|team| team.name.clone()).collect(),
        sizes: before.sizes.iter().map(|size| size.name.clone()).collect(),
        hosts: before.hosts.iter().cloned().collect(),
        secrets: secrets.collect(),
    }
}

/// The order of things after a text that declares some of them: those take, in the order of the text, the places that they
/// have among them; new ones come last. A text that declares all decides the whole order.
fn order<'a, T: Ord + Clone + 'a>(
    before: impl Iterator<Item = &'a T>,
    declared: impl Iterator<Item = &'a T>,
) -> Vec<T> {
    let (before, declared): (Vec<&T>, Vec<&T>) = (before.collect(), declared.collect());
    if before.iter().all(|name| declared.contains(name)) {
        return declared.into_iter().cloned().collect();
    }
    let mut again = declared.iter().filter(|name| before.contains(name));
    let placed = before.iter().map(|name| if declared.contains(name) { again.next().unwrap_or(name) } else { name });
    let placed: Vec<T> = placed.map(|name| (*name).clone()).collect();
    let new = declared.iter().filter(|name| !before.contains(name)).map(|name| (*name).clone());
    placed.into_iter().chain(new).collect()
}

/// Each template with its version: the one it has, or the next where the recipe differs.
fn versioned(declared: &Declared, before: &Catalogue) -> Vec<TemplateRecord> {
    let record = |entry: &TemplateEntry| {
        let TemplateEntry { slug, template, grant, deprecated, hosts } = entry.clone();
        let version = match before.template(&slug) {
            None => 1,
            Some(known) if known.template == template => known.version,
            Some(known) => known.version + 1,
        };
        TemplateRecord { slug, version, template, grant, deprecated, hosts }
    };
    declared.templates.iter().map(record).collect()
}

fn differences(before: &Catalogue, after: &Catalogue, declared: &Declared) -> Vec<Difference> {
    let mut lines = Vec::new();
    let teams: BTreeSet<_> = declared.teams.iter().map(|team| &team.name).collect();
    for team in &after.teams {
        let here = teams.contains(&team.name);
        lines.extend(compared(format!("team {}", team.name), before.team(&team.name), team, here, Difference::Changed));
    }
    for size in &after.sizes {
        let old = before.sizes.iter().find(|old| old.name == size.name);
        let here = declared.sizes.iter().any(|declared| declared.name == size.name);
        lines.extend(compared(format!("size {}", size.name), old, size, here, Difference::Changed));
    }
    for template in &after.templates {
        let old = before.templates.iter().find(|old| old.slug == template.slug);
        let here = declared.templates.iter().any(|entry| entry.slug == template.slug);
        let name = format!("template {}", template.slug);
        let changed = |name: String| match old {
            Some(old) if old.version != template.version => {
                Difference::NewVersion(format!("{name}: version {} becomes {}", old.version, template.version))
            }
            Some(old) if old.deprecated != template.deprecated => Difference::Changed(match template.deprecated {
                Some(day) => format!("{name}: deprecated from {day} on"),
                None => format!("{name}: no longer deprecated"),
            }),
            Some(old) if old.hosts != template.hosts => Difference::Changed(format!("{name}: on which hosts it runs")),
            Some(_) | None => Difference::Changed(format!("{name}: who is offered it")),
        };
        let name = if old.is_some() { name } else { format!("{name}, version {}", template.version) };
        lines.extend(compared(name, old, template, here, changed));
    }
    lines
}

/// What became of one thing; `here`: the text declares it.
fn compared<T: PartialEq>(
    name: String,
    old: Option<&T>,
    new: &T,
    here: bool,
    changed: impl FnOnce(String) -> Difference,
) -> Option<Difference> {
    match old {
        None => Some(Difference::New(name)),
        Some(old) if old != new => Some(changed(name)),
        Some(_) if !here => Some(Difference::Kept(name)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn a_text_that_declares_some_moves_nothing_else() {
        let check = |before: &str, declared: &str, after: &str| {
            let letters = |text: &str| text.chars().collect::<Vec<char>>();
            assert_eq!(order(letters(before).iter(), letters(declared).iter()), letters(after), "{before} {declared}");
        };
        check("", "ab", "ab");
        check("abc", "b", "abc");
        check("abc", "ca", "cba");
        check("abc", "bd", "abcd");
        check("abc", "cdba", "cdba");
    }
}
