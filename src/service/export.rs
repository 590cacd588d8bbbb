//! The catalogue as the text that declares it. What would be read the same without being written is left out, and the
//! defaults of secrets are not shown; applied again, the text changes nothing.

use serde::Serialize;
use serde::de::DeserializeOwned;
use store::catalogue::{Catalogue, Grant, TeamRecord, TemplateRecord};
use toml::{Table, Value};

use super::declared::{KEPT, TeamEntry};
use model::template::{Size, Template};
use model::units::Memory;

const HEAD: &str = "# The catalogue of this Berth, as `berth apply` reads it. Applied again it changes nothing.\n";

/// All that is declared.
#[must_use]
pub fn catalogue(catalogue: &Catalogue) -> String {
    let teams = catalogue.teams.iter().map(team);
    let entries = teams.chain(catalogue.sizes.iter().map(size)).chain(catalogue.templates.iter().map(template));
    entries.fold(HEAD.to_owned(), |text, entry| format!("{text}\n{entry}"))
}

#[must_use]
pub fn team(record: &TeamRecord) -> String {
    entry("team", &lean(&TeamEntry::from(record.clone())))
}

#[must_use]
pub fn size(size: &Size) -> String {
    entry("size", &lean(size))
}

#[must_use]
pub fn template(record: &TemplateRecord) -> String {
    let mut table = Table::new();
    table.insert("name".to_owned(), Value::String(record.slug.to_string()));
    let teams = match &record.grant {
        Grant::Everyone => Value::String("everyone".to_owned()),
        Grant::Teams(teams) => Value::Array(teams.iter().map(|team| Value::String(team.to_string())).collect()),
    };
    table.insert("teams".to_owned(), teams);
    if let Some(day) = record.deprecated {
        table.insert("deprecated".to_owned(), Value::String(day.to_string()));
    }
    if !record.hosts.is_empty() {
        table.insert(
            "hosts".to_owned(),
            Value::Array(record.hosts.iter().map(|host| host.to_string().into()).collect()),
        );
    }
    table.extend(recipe_table(&record.template));
    entry("template", &table)
}

/// A version's recipe alone: what two versions are compared by.
#[must_use]
pub fn recipe(template: &Template) -> String {
    entry("template", &recipe_table(template))
}

fn recipe_table(template: &Template) -> Table {
    let mut shown = template.clone();
    for variable in shown.variables.iter_mut().filter(|variable| variable.secret) {
        variable.default = variable.default.take().map(|_| KEPT.to_owned());
    }
    lean(&shown)
}

/// The table of a value, without what would be read the same if it were not there.
fn lean<T: Serialize + DeserializeOwned + PartialEq>(value: &T) -> Table {
    let mut table = Table::try_from(value).expect("what TOML declared can be written as TOML");
    let same = |table: &Table| table.clone().try_into::<T>().is_ok_and(|read| read == *value);
    for path in paths(&table) {
        let mut less = table.clone();
        take(&mut less, &path);
        if same(&less) {
            table = less;
        }
    }
    table
}

/// A step to a key of a table, through the items of a list.
#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Item(usize),
}

/// The ways to all keys, the outer ones first.
fn paths(table: &Table) -> Vec<Vec<Step>> {
    let mut all = Vec::new();
    for (key, value) in table {
        let here = vec![Step::Key(key.clone())];
        all.push(here.clone());
        let below =
            |inside: &Table, here: &[Step]| paths(inside).into_iter().map(|path| [here, &path].concat()).collect();
        match value {
            Value::Table(inside) => all.extend::<Vec<_>>(below(inside, &here)),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    if let Value::Table(inside) = item {
                        all.extend::<Vec<_>>(below(inside, &[here.clone(), vec![Step::Item(at)]].concat()));
                    }
                }
            }
            _ => {}
        }
    }
    all
}

fn take(table: &mut Table, path: &[Step]) {
    match path {
        [Step::Key(last)] => table.retain(|key, _| key != last),
        [Step::Key(key), rest @ ..] => match (table.get_mut(key), rest) {
            (Some(Value::Table(inside)), rest) => take(inside, rest),
            (Some(Value::Array(items)), [Step::Item(at), rest @ ..]) => {
                if let Some(Value::Table(inside)) = items.get_mut(*at) {
                    take(inside, rest);
                }
            }
            _ => {}
        },
        _ => {}
    }
}

/// `[[path]]`, a line for each key, and tables of their own for lists of tables.
fn entry(path: &str, table: &Table) -> String {
    let is_tables =
        |value: &Value| matches!(value, Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_table));
    let mut text = format!("[[{path}]]\n");
    for (key, value) in table.iter().filter(|(_, value)| !is_tables(value)) {
        text.push_str(&line(key, value));
    }
    for (key, value) in table.iter().filter(|(_, value)| is_tables(value)) {
        let tables = value.as_array().into_iter().flatten().filter_map(Value::as_table);
        for table in tables {
            text.push('\n');
            text.push_str(&entry(&format!("{path}.{key}"), table));
        }
    }
    text
}

fn line(key: &str, value: &Value) -> String {
    format!("{} = {}\n", name(key), inline(key, value))
}

fn name(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if bare { key.to_owned() } else { quoted(key) }
}

/// A value on one line, amounts as people write them.
fn inline(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Integer(number) => match u64::try_from(*number) {
            Ok(bytes) if ["memory", "disk"].contains(&key) => quoted(&Memory::bytes(bytes).exact()),
            _ => number.to_string(),
        },
        Value::Float(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Datetime(moment) => moment.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline("", item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let items: Vec<String> =
                table.iter().map(|(key, value)| format!("{} = {}", name(key), inline(key, value))).collect();
            if items.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", items.join(", ")) }
        }
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declared::{Known, parse};
    use crate::export;
    use proptest::prelude::*;

    const EXAMPLE: &str = include_str!("../../examples/catalogue.toml");

    /// The text of what a text declares.
    fn again(text: &str) -> String {
        let declared = parse(text, &Known::default()).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"));
        let templates = declared.templates.into_iter().map(|entry| TemplateRecord {
            hosts: entry.hosts,
            slug: entry.slug,
            version: 1,
            template: entry.template,
            grant: entry.grant,
            deprecated: entry.deprecated,
        });
        let (teams, sizes) = (declared.teams, declared.sizes);
        export::catalogue(&Catalogue { teams, sizes, templates: templates.collect(), hosts: Vec::new() })
    }

    #[test]
    fn the_example_comes_back_as_it_was_written() {
        let text = again(EXAMPLE);
        assert_eq!(again(&text), text);
        let written = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(written(EXAMPLE).any(|known| known == line), "{line} is written, and the example leaves it out");
        }
        for line in [
            "quota = { environments = 6, running = 4, cpus = 2, memory = \"2GiB\" }",
            "cpus = 0.25",
            "memory = \"64MiB\"",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_declared_is_written_so_that_it_reads_the_same(
            label in "[^\\p{C}]{1,20}",
            group in "[^\\p{C}]{1,12}",
            help in "\\PC{0,20}",
            bytes in (6u64 << 20)..(1u64 << 45),
            milli in 10u64..1_000_000,
            limit in proptest::option::of(0u64..1 << 40),
        ) {
            let label = format!("x{label}");
            let (label, help) = (quoted(&label), quoted(&help));
            let limit = limit.map(|limit| format!("environments = {limit}")).unwrap_or_default();
            let cpus = milli as f64 / 1000.0;
            let text = format!(
                "[[team]]\nname = \"blue\"\nlabel = {label}\nquota = {{ {limit} }}\ngroups = {{ {} = \"lead\" }}\n\
                 [[size]]\nname = \"s\"\ncpus = {cpus}\nmemory = {bytes}\n\
                 [[template]]\nname = \"web\"\nteams = [\"blue\"]\ndeprecated = \"2030-01-02\"\nlabel = {label}\n\
                 image = \"a:1\"\nsizes = [\"s\"]\nlifetime = {{ default = \"90s\", maximum = \"7d\" }}\n\
                 variable = [{{ name = \"A\", help = {help} }}]\n",
                quoted(&group)
            );
            prop_assume!(parse(&text, &Known::default()).is_ok());
            let exported = again(&text);
            prop_assert_eq!(
                parse(&exported, &Known::default()).expect("our own text"),
                parse(&text, &Known::default()).expect("a good file")
            );
        }
    }
}
