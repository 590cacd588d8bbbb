//! Reads `berth.toml` and the environment key by key, remembering where each value stands, so that every message can name
//! the file and line, or the variable.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use model::units::shorten;
use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// The section of all hosts, each of which has one of its own in it.
const HOSTS: &str = "hosts";

/// What the variables that override keys begin with.
const PREFIX: &str = "BERTH_";

/// The keys that are there, until they are asked for; the faults found so far.
pub(super) struct Reader {
    found: BTreeMap<Key, Found>,
    sections: BTreeMap<String, Origin>,
    origins: BTreeMap<Key, Origin>,
    asked: BTreeMap<String, BTreeSet<&'static str>>,
    faults: Vec<String>,
}

/// Section and key, in lower case. The section of a host is `hosts.NAME`.
type Key = (String, String);

struct Found {
    value: Raw,
    origin: Origin,
}

enum Raw {
    Text(String),
    List(Vec<String>),
    /// Neither a text, a number nor a list of texts.
    Other,
}

#[derive(Debug, Clone)]
enum Origin {
    File { path: PathBuf, line: usize },
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
        }
    }
}

/// Where the values stand that are set.
#[derive(Debug, Clone)]
pub struct Origins(BTreeMap<Key, Origin>);

impl Origins {
    /// The file and line, or the variable, of a key such as `server.addr`; `None` where nobody has set it.
    #[must_use]
    pub fn of(&self, key: &str) -> Option<String> {
        let (section, key) = key.rsplit_once('.')?;
        self.0.get(&(section.to_owned(), key.to_owned())).map(ToString::to_string)
    }
}

impl Reader {
    /// A variable beats the file; an empty variable is as good as none.
    pub(super) fn new(
        file: Option<(&Path, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Self {
            found: BTreeMap::new(),
            sections: BTreeMap::new(),
            origins: BTreeMap::new(),
            asked: BTreeMap::new(),
            faults: Vec::new(),
        };
        if let Some((path, text)) = file {
            reader.read_file(path, text)?;
        }
        for (name, value) in environment {
            reader.read_variable(name, value);
        }
        Ok(reader)
    }

    fn read_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let line = |offset: usize| text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1);
        // The library's own text repeats the line, which may hold a secret.
        let document = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(1, |span| line(span.start));
            ConfigError::new(vec![format!("{}, line {at}: this is not TOML: {}", path.display(), error.message())])
        })?;
        for (section, keys) in document.into_inner() {
            let (at, section) = (line(section.span().start), section.into_inner().into_owned());
            let DeValue::Table(keys) = keys.into_inner() else {
                self.faults.push(format!("{}, line {at}: `{section}` stands outside a section", path.display()));
                continue;
            };
            let place = |at| Origin::File { path: path.to_owned(), line: at };
            if section != HOSTS {
                self.read_section(section, keys, place(at), |offset| place(line(offset)));
                continue;
            }
            for (name, keys) in keys {
                let (at, name) = (line(name.span().start), name.into_inner());
                match keys.into_inner() {
                    DeValue::Table(keys) => {
                        self.read_section(format!("{HOSTS}.{name}"), keys, place(at), |offset| place(line(offset)));
                    }
                    _ => {
                        let name = shorten(&name);
                        self.faults.push(format!("{}: `{name}` stands outside a section [hosts.NAME]", place(at)));
                    }
                }
            }
        }
        Ok(())
    }

    fn read_section(&mut self, section: String, keys: DeTable<'_>, origin: Origin, place: impl Fn(usize) -> Origin) {
        self.sections.insert(section.clone(), origin);
        for (key, value) in keys {
            let origin = place(key.span().start);
            let value = raw(value.into_inner());
            self.found.insert((section.clone(), key.into_inner().into_owned()), Found { value, origin });
        }
    }

    /// The hosts that are named, by their sections.
    pub(super) fn hosts(&self) -> Vec<String> {
        let prefix = format!("{HOSTS}.");
        self.sections.keys().filter_map(|section| section.strip_prefix(&prefix)).map(str::to_owned).collect()
    }

    fn read_variable(&mut self, name: String, value: String) {
        let Some(key) = name.strip_prefix(PREFIX) else { return };
        let Some((section, key)) = key.split_once("__") else {
            return self.suspect(&name, key);
        };
        if !value.is_empty() {
            let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
            // A variable's name has no hyphens, and a host's no underscores.
            let (section, key) = match key.split_once("__") {
                Some((name, key)) if section == HOSTS => {
                    (format!("{HOSTS}.{}", name.replace('_', "-")), key.to_owned())
                }
                _ => (section, key),
            };
            let origin = Origin::Variable(name);
            self.sections.entry(section.clone()).or_insert_with(|| origin.clone());
            self.found.insert((section, key), Found { value: Raw::Text(value), origin });
        }
    }

    /// A variable such as `BERTH_SERVER_ADDR` is a key with an underscore forgotten; `BERTH_CONFIG` and others are not ours.
    fn suspect(&mut self, name: &str, key: &str) {
        let Some((section, rest)) = key.split_once('_') else { return };
        if super::SECTIONS.contains(&section.to_ascii_lowercase().as_str()) {
            self.faults.push(format!(
                "the environment variable {name}: between section and key stand two underscores: {PREFIX}{section}__{rest}"
            ));
        }
    }

    fn take(&mut self, section: &str, key: &'static str) -> Option<Found> {
        self.asked.entry(section.to_owned()).or_default().insert(key);
        let name = (section.to_owned(), key.to_owned());
        let found = self.found.remove(&name)?;
        self.origins.insert(name, found.origin.clone());
        Some(found)
    }

    pub(super) fn has(&self, section: &str) -> bool {
        self.sections.contains_key(section)
    }

    /// A value written as one text or number; `allowed` ends the sentence "… cannot be used: write …".
    pub(super) fn value<T>(
        &mut self,
        section: &str,
        key: &'static str,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let Found { value, origin } = self.take(section, key)?;
        let text = match value {
            Raw::Text(text) => text,
            Raw::List(_) | Raw::Other => {
                self.faults.push(format!("{origin}: {section}.{key} cannot be used: write {allowed}"));
                return None;
            }
        };
        let parsed = parse(&text);
        if parsed.is_none() {
            let shown = shorten(&text);
            self.faults.push(format!("{origin}: {section}.{key} = \"{shown}\" cannot be used: write {allowed}"));
        }
        parsed
    }

    pub(super) fn text(&mut self, section: &str, key: &'static str) -> Option<String> {
        self.value(section, key, "a text", |text| (!text.trim().is_empty()).then(|| text.to_owned()))
    }

    /// A text that no message repeats.
    pub(super) fn secret(&mut self, section: &str, key: &'static str) -> Option<secrecy::SecretString> {
        let Found { value, origin } = self.take(section, key)?;
        match value {
            Raw::Text(text) if !text.is_empty() => Some(text.into()),
            Raw::Text(_) | Raw::List(_) | Raw::Other => {
                self.faults.push(format!("{origin}: {section}.{key} cannot be used: write a text"));
                None
            }
        }
    }

    /// A list of texts; in a variable its items stand between commas.
    pub(super) fn list<T>(
        &mut self,
        section: &str,
        key: &'static str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Found { value, origin } = self.take(section, key)?;
        let items = match (value, &origin) {
            (Raw::List(items), _) => items,
            (Raw::Text(text), Origin::Variable(_)) => text.split(',').map(|item| item.trim().to_owned()).collect(),
            (Raw::Text(_) | Raw::Other, _) => {
                self.faults.push(format!("{origin}: {section}.{key} cannot be used: write a list of {allowed}"));
                return None;
            }
        };
        let mut parsed = Vec::with_capacity(items.len());
        for item in items {
            match parse(&item) {
                Some(item) => parsed.push(item),
                None => self.faults.push(format!(
                    "{origin}: \"{}\" in {section}.{key} cannot be used: write a list of {allowed}",
                    shorten(&item)
                )),
            }
        }
        Some(parsed)
    }

    /// Notes a key that was asked for and is not set.
    pub(super) fn require(&mut self, section: &str, key: &str, why: &str) {
        if !self.origins.contains_key(&(section.to_owned(), key.to_owned())) {
            self.faults.push(format!("{section}.{key} is missing: {why}"));
        }
    }

    /// Notes what is wrong with a section.
    pub(super) fn section_fault(&mut self, section: &str, problem: String) {
        let origin = self.sections.get(section).map_or_else(|| "the configuration".to_owned(), ToString::to_string);
        self.faults.push(format!("{origin}: [{}] {problem}", shorten(section)));
    }

    /// Notes what is wrong with a key beyond its notation, where it was set if it was.
    pub(super) fn fault(&mut self, section: &str, key: &str, problem: impl fmt::Display) {
        let origin = self.origins.get(&(section.to_owned(), key.to_owned()));
        let origin = origin.map_or_else(|| "the configuration".to_owned(), ToString::to_string);
        self.faults.push(format!("{origin}: {section}.{key} {problem}"));
    }

    /// Where each value stands that is set; or the faults, with whatever was set that nobody asked for.
    pub(super) fn finish(mut self) -> Result<Origins, ConfigError> {
        let sections = super::SECTIONS.join(", ");
        for (section, origin) in &self.sections {
            if !super::SECTIONS.contains(&section.as_str()) && !section.starts_with("hosts.") {
                let section = shorten(section);
                self.faults.push(format!("{origin}: there is no section [{section}]; there are {sections}"));
            }
        }
        for ((section, key), Found { origin, .. }) in &self.found {
            if let Some(keys) = self.asked.get(section.as_str()) {
                let keys: Vec<_> = keys.iter().copied().collect();
                let (key, keys) = (shorten(key), keys.join(", "));
                self.faults.push(format!("{origin}: there is no key {section}.{key}; there are {keys}"));
            }
        }
        if self.faults.is_empty() { Ok(Origins(self.origins)) } else { Err(ConfigError::new(self.faults)) }
    }
}

fn raw(value: DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.into_owned()),
        DeValue::Integer(number) => Raw::Text(number.to_string()),
        DeValue::Float(number) => Raw::Text(number.to_string()),
        DeValue::Array(items) => {
            let texts = items.into_iter().map(|item| match item.into_inner() {
                DeValue::String(text) => Some(text.into_owned()),
                _ => None,
            });
            texts.collect::<Option<Vec<_>>>().map_or(Raw::Other, Raw::List)
        }
        DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Table(_) => Raw::Other,
    }
}
