//! The catalogue file: teams, sizes and templates in TOML, read whole or refused whole, each fault with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use model::access::TeamRole;
use model::day::Day;
use model::lifetime::TeamLifetime;
use model::name::{HostName, SizeName, TeamName, TemplateName};
use model::quota::Quota;
use model::template::{Size, Template, Variable, command_problem};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::catalogue::{Grant, TeamRecord};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// Longest file that is read, in bytes.
pub const FILE_MAX: usize = 1 << 20;

/// What stands in an exported text for the default of a secret variable: read again, it keeps the one that there is.
pub const KEPT: &str = "••••••••";

/// What a file declares, checked as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    pub teams: Vec<TeamRecord>,
    pub sizes: Vec<Size>,
    pub templates: Vec<TemplateEntry>,
}

/// A template as a file declares it: what stands beside the recipe makes no new version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateEntry {
    pub slug: TemplateName,
    pub template: Template,
    pub grant: Grant,
    pub deprecated: Option<Day>,
    pub hosts: Vec<HostName>,
}

/// Something wrong in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// A team as a file has it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamEntry {
    name: TeamName,
    #[serde(default)]
    label: String,
    #[serde(default)]
    groups: BTreeMap<String, TeamRole>,
    #[serde(default)]
    quota: Quota,
    #[serde(default)]
    per_member: Quota,
    #[serde(default)]
    lifetime: TeamLifetime,
    #[serde(default)]
    hosts: Vec<HostName>,
}

impl From<TeamEntry> for TeamRecord {
    fn from(team: TeamEntry) -> Self {
        let TeamEntry { name, label, groups, quota, per_member, lifetime, hosts } = team;
        let label = if label.is_empty() { name.to_string() } else { label };
        Self { name, label, quota, per_member, lifetime, groups: groups.into_iter().collect(), hosts: sorted(hosts) }
    }
}

impl From<TeamRecord> for TeamEntry {
    fn from(team: TeamRecord) -> Self {
        let TeamRecord { name, label, quota, per_member, lifetime, groups, hosts } = team;
        Self { name, label, groups: groups.into_iter().collect(), quota, per_member, lifetime, hosts }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`teams` must be \"everyone\" or a list of team names")]
enum Teams {
    Word(Everyone),
    Named(Vec<TeamName>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Everyone {
    Everyone,
}

/// Reads a catalogue file. `known` are the names that are declared already, which it may refer to.
///
/// # Errors
/// Every fault that was found, in the order of the file.
pub fn parse(text: &str, known: &Known) -> Result<Declared, Vec<Fault>> {
    if text.len() > FILE_MAX {
        return Err(vec![Fault { line: 1, message: format!("a catalogue file has at most {FILE_MAX} bytes") }]);
    }
    let mut reader = Reader { text, faults: Vec::new() };
    let declared = reader.file(known);
    reader.faults.sort();
    if reader.faults.is_empty() { Ok(declared) } else { Err(reader.faults) }
}

/// Names that a file may refer to without declaring them.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub teams: BTreeSet<TeamName>,
    pub sizes: BTreeSet<SizeName>,
    /// Of the configuration.
    pub hosts: BTreeSet<HostName>,
    /// The defaults of secret variables, by template and variable: what [`KEPT`] stands for.
    pub secrets: BTreeMap<(TemplateName, String), String>,
}

struct Reader<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

type Entry<'a> = Spanned<DeValue<'a>>;

impl<'a> Reader<'a> {
    fn fault(&mut self, span: &Range<usize>, message: impl Into<String>) {
        let line = self.text.get(..span.start).unwrap_or(self.text).matches('\n').count() + 1;
        self.faults.push(Fault { line, message: message.into() });
    }

    fn refused(&mut self, error: &toml::de::Error, at: &Range<usize>) {
        let span = error.span().unwrap_or_else(|| at.clone());
        self.fault(&span, error.message().replace('\n', " "));
    }

    fn file(&mut self, known: &Known) -> Declared {
        let table = match DeTable::parse(self.text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                self.refused(&error, &(0..0));
                return Declared::default();
            }
        };
        let mut entries: BTreeMap<&str, Vec<Entry<'a>>> = BTreeMap::new();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value) {
                ("team", value) => drop(entries.insert("team", self.list(value))),
                ("size", value) => drop(entries.insert("size", self.list(value))),
                ("template", value) => drop(entries.insert("template", self.list(value))),
                (other, _) => {
                    let message = format!("unknown key `{other}`, expected [[team]], [[size]] or [[template]]");
                    self.fault(&key.span(), message);
                }
            }
        }
        let mut names = known.clone();
        let teams = self.teams(entries.remove("team").unwrap_or_default(), &mut names);
        let sizes = self.sizes(entries.remove("size").unwrap_or_default(), &mut names);
        let templates = self.templates(entries.remove("template").unwrap_or_default(), &names);
        Declared { teams, sizes, templates }
    }

    fn list(&mut self, value: Entry<'a>) -> Vec<Entry<'a>> {
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(items) => items.into_iter().collect(),
            _ => {
                self.fault(&span, "must be a list of tables: write it as [[…]]");
                Vec::new()
            }
        }
    }

    fn read<T: DeserializeOwned>(&mut self, value: Entry<'a>) -> Option<T> {
        let span = value.span();
        T::deserialize(ValueDeserializer::from(value)).map_err(|error| self.refused(&error, &span)).ok()
    }

    fn teams(&mut self, entries: Vec<Entry<'a>>, names: &mut Known) -> Vec<TeamRecord> {
        let mut seen = BTreeSet::new();
        let mut teams = Vec::new();
        for entry in entries {
            let span = entry.span();
            let Some(team) = self.read::<TeamEntry>(entry) else { continue };
            if !seen.insert(team.name.clone()) {
                self.fault(&span, format!("team `{}` is declared twice", team.name));
            }
            for group in team.groups.keys().filter(|group| !is_group(group)) {
                self.fault(&span, format!("group `{}` is not a name", model::units::shorten(group)));
            }
            for problem in team.lifetime.problems() {
                self.fault(&span, format!("team `{}`: {problem}", team.name));
            }
            if team.label.chars().count() > 60 || team.label.chars().any(char::is_control) {
                self.fault(&span, "a team's `label` has at most 60 characters, on one line");
            }
            self.are_known(&format!("team `{}`", team.name), &team.hosts, &span, names);
            names.teams.insert(team.name.clone());
            teams.push(team.into());
        }
        teams
    }

    fn sizes(&mut self, entries: Vec<Entry<'a>>, names: &mut Known) -> Vec<Size> {
        let mut seen = BTreeSet::new();
        let mut sizes = Vec::new();
        for entry in entries {
            let span = entry.span();
            let Some(size) = self.read::<Size>(entry) else { continue };
            if !seen.insert(size.name.clone()) {
                self.fault(&span, format!("size `{}` is declared twice", size.name));
            }
            for problem in size.problems() {
                self.fault(&span, format!("size `{}`: {problem}", size.name));
            }
            names.sizes.insert(size.name.clone());
            sizes.push(size);
        }
        sizes
    }

    fn templates(&mut self, entries: Vec<Entry<'a>>, names: &Known) -> Vec<TemplateEntry> {
        let mut seen = BTreeSet::new();
        let mut templates = Vec::new();
        for entry in entries {
            let span = entry.span();
            let Some(template) = self.template(entry, names) else { continue };
            if !seen.insert(template.slug.clone()) {
                self.fault(&span, format!("template `{}` is declared twice", template.slug));
            }
            templates.push(template);
        }
        templates
    }

    /// A template's entry: its name and who is offered it, beside the recipe.
    fn template(&mut self, entry: Entry<'a>, names: &Known) -> Option<TemplateEntry> {
        let span = entry.span();
        let DeValue::Table(mut table) = entry.into_inner() else {
            self.fault(&span, "must be a table");
            return None;
        };
        let (name, teams, deprecated) = (table.remove("name"), table.remove("teams"), table.remove("deprecated"));
        let hosts = table.remove("hosts");
        let Some(name) = name else {
            self.fault(&span, "a template needs a `name`");
            return None;
        };
        let slug = self.read::<TemplateName>(name)?;
        let grant = self.grant(&slug, teams, &span, names)?;
        let deprecated = match deprecated {
            Some(day) => Some(self.day(day)?),
            None => None,
        };
        let hosts = match hosts {
            Some(hosts) => {
                let at = hosts.span();
                let hosts = sorted(self.read::<Vec<HostName>>(hosts)?);
                self.are_known(&format!("template `{slug}`"), &hosts, &at, names);
                hosts
            }
            None => Vec::new(),
        };
        let [image, command] =
            ["image", "command"].map(|key| table.get(key).map_or_else(|| span.clone(), Spanned::span));
        let mut template = self.read::<Template>(Spanned::new(span.clone(), DeValue::Table(table)))?;
        self.keep_secrets(&slug, &mut template, &span, names);
        let on_a_line = [(image, template.image_problem()), (command, command_problem(&template.command))];
        let on_a_line = on_a_line.into_iter().filter_map(|(at, problem)| Some((at, problem?)));
        for (at, problem) in on_a_line.chain(template.problems().into_iter().map(|problem| (span.clone(), problem))) {
            self.fault(&at, format!("template `{slug}`: {problem}"));
        }
        for size in template.sizes.iter().filter(|size| !names.sizes.contains(*size)) {
            self.fault(&span, format!("template `{slug}` offers the size `{size}`, which is not declared"));
        }
        Some(TemplateEntry { slug, template, grant, deprecated, hosts })
    }

    fn are_known(&mut self, who: &str, hosts: &[HostName], at: &Range<usize>, names: &Known) {
        for host in hosts.iter().filter(|host| !names.hosts.contains(*host)) {
            let known: Vec<&str> = names.hosts.iter().map(HostName::as_str).collect();
            let known = known.join(", ");
            self.fault(
                at,
                format!("{who} names the host `{host}`, which the configuration does not have; it has {known}"),
            );
        }
    }

    /// A day, as a text or as TOML's own date.
    fn day(&mut self, value: Entry<'a>) -> Option<Day> {
        let span = value.span();
        match value.get_ref() {
            DeValue::Datetime(date) => match date.to_string().parse() {
                Ok(day) => Some(day),
                Err(error) => {
                    self.fault(&span, error.to_string());
                    None
                }
            },
            _ => self.read(value),
        }
    }

    fn keep_secrets(&mut self, slug: &TemplateName, template: &mut Template, at: &Range<usize>, names: &Known) {
        let hidden = |variable: &&mut Variable| variable.secret && variable.default.as_deref() == Some(KEPT);
        for variable in template.variables.iter_mut().filter(hidden) {
            variable.default = names.secrets.get(&(slug.clone(), variable.name.clone())).cloned();
            if variable.default.is_none() {
                let name = model::units::shorten(&variable.name);
                self.fault(
                    at,
                    format!("variable `{name}` has no default that could be kept: write it, or leave it out"),
                );
            }
        }
    }

    fn grant(
        &mut self,
        slug: &TemplateName,
        teams: Option<Entry<'a>>,
        at: &Range<usize>,
        names: &Known,
    ) -> Option<Grant> {
        let Some(teams) = teams else {
            let message = format!("template `{slug}` needs `teams`: \"everyone\" or a list of team names");
            self.fault(at, message);
            return None;
        };
        let span = teams.span();
        match self.read::<Teams>(teams)? {
            Teams::Word(Everyone::Everyone) => Some(Grant::Everyone),
            Teams::Named(mut list) => {
                for team in list.iter().filter(|team| !names.teams.contains(*team)) {
                    self.fault(&span, format!("template `{slug}` is for team `{team}`, which is not declared"));
                }
                list.sort();
                list.dedup();
                Some(Grant::Teams(list))
            }
        }
    }
}

/// Each once, by name.
fn sorted(mut hosts: Vec<HostName>) -> Vec<HostName> {
    hosts.sort();
    hosts.dedup();
    hosts
}

fn is_group(name: &str) -> bool {
    !name.is_empty() && name.len() <= 200 && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../examples/catalogue.toml");

    fn faults(text: &str) -> Vec<String> {
        let faults = parse(text, &Known::default()).expect_err("a bad file");
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_example_is_a_good_file() {
        let declared = parse(GOOD, &Known::default()).expect("a good file");
        assert!(declared.teams.len() >= 2 && declared.sizes.len() >= 2 && declared.templates.len() >= 2);
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let text = "[[team]]\nname = \"blue\"\nquoat = {}\n\n[[size]]\nname = \"s\"\ncpus = \"many\"\nmemory = \"1GiB\"\n\n[[template]]\nname = \"Web\"\n";
        let faults = faults(text);
        assert_eq!(faults.len(), 3, "{faults:#?}");
        assert!(faults[0].starts_with("line 3: unknown field `quoat`"), "{}", faults[0]);
        assert!(faults[1].starts_with("line 7: `many` is not a number of CPU cores"), "{}", faults[1]);
        assert!(faults[2].starts_with("line 11: a template name may contain only a-z"), "{}", faults[2]);
    }

    #[test]
    fn what_is_not_toml_is_refused_where_it_breaks() {
        assert!(faults("[[team]\nname=1")[0].starts_with("line 1:"));
        assert!(faults("teams = 1")[0].contains("unknown key `teams`"));
        assert!(faults("team = 1")[0].contains("[[…]]"));
    }

    #[test]
    fn a_reference_to_what_is_not_declared_is_a_fault_unless_it_is_there_already() {
        let text = "[[template]]\nname = \"web\"\nteams = [\"blue\"]\nlabel = \"Web\"\nimage = \"berth/web:1\"\nsizes = [\"s\"]\nlifetime = { default = \"1h\", maximum = \"2h\" }\n";
        assert_eq!(faults(text).len(), 2);
        let known = Known {
            teams: [TeamName::parse("blue").expect("a name")].into(),
            sizes: [SizeName::parse("s").expect("a name")].into(),
            ..Known::default()
        };
        assert_eq!(parse(text, &known).map(|declared| declared.templates.len()), Ok(1));
    }

    #[test]
    fn a_template_is_deprecated_by_a_day_in_either_notation() {
        let text = |day: &str| {
            format!(
                "[[size]]\nname = \"s\"\ncpus = 1\nmemory = \"1GiB\"\n[[template]]\nname = \"web\"\nteams = \"everyone\"\ndeprecated = {day}\nlabel = \"Web\"\nimage = \"berth/web:1\"\nsizes = [\"s\"]\nlifetime = {{ default = \"1h\", maximum = \"2h\" }}\n"
            )
        };
        for day in ["2026-12-31", "\"2026-12-31\""] {
            let declared = parse(&text(day), &Known::default()).expect("a good file");
            assert_eq!(declared.templates[0].deprecated.map(|day| day.to_string()).as_deref(), Some("2026-12-31"));
        }
        for day in ["2026-12-31T10:00:00Z", "\"soon\"", "7"] {
            assert!(faults(&text(day))[0].starts_with("line 8: "), "{:?}", faults(&text(day)));
        }
    }

    #[test]
    fn a_file_declares_nothing_twice() {
        let text = "[[team]]\nname = \"blue\"\n[[team]]\nname = \"blue\"\n";
        assert_eq!(faults(text), ["line 3: team `blue` is declared twice"]);
    }
}
