//! JSON as the browser reads it: what server functions answer, the live stream's messages, and what islands are given.
//!
//! Text becomes a tree of values first, by one piece of code; types are read from the tree. The usual way, types read from
//! the text, brings the whole reader along for each type: this takes a fifth off the browser's bundle. For the same reason
//! a type is only ever read in the shape that it is written in: a struct from an object, never from a list.

use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use thiserror::Error;

/// The text is no JSON, or JSON of another shape. It does not say where: the words for it would come with each type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("JSON of another shape than expected")]
pub struct Unreadable;

/// Takes what it is told, and drops it.
macro_rules! unreadable {
    ($($told:ident($($what:ty),*);)*) => {$(
        fn $told($(_: $what),*) -> Self {
            Self
        }
    )*};
}

impl serde::de::Error for Unreadable {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }

    unreadable! {
        invalid_type(Unexpected<'_>, &dyn Expected);
        invalid_value(Unexpected<'_>, &dyn Expected);
        invalid_length(usize, &dyn Expected);
        unknown_variant(&str, &'static [&'static str]);
        unknown_field(&str, &'static [&'static str]);
        missing_field(&'static str);
        duplicate_field(&'static str);
    }
}

/// Reads a value from JSON text.
///
/// # Errors
/// When the text is no JSON, or not of that shape.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    T::deserialize(Tree(serde_json::from_str(text).map_err(|_| Unreadable)?))
}

#[derive(Debug)]
pub struct JsonText;

/// What every server function answers in.
pub type Json = Post<JsonText>;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = Unreadable;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        read(std::str::from_utf8(&bytes).map_err(|_| Unreadable)?)
    }
}

/// What the server gives an island along, as a text of JSON with single quotes: it stands in an attribute, where each double
/// quote takes six bytes. They were a fifth of the list's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given<T>(pub T);

/// The browser gives nothing on, so the code for it does not go there.
impl<T: Serialize> Serialize for Given<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if cfg!(target_arch = "wasm32") {
            return serializer.serialize_unit();
        }
        let text = serde_json::to_string(&self.0).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&other_quotes(&text))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(&other_quotes(&String::deserialize(deserializer)?)).map(Self).map_err(D::Error::custom)
    }
}

/// Double quotes for single ones, and the other way round.
fn other_quotes(text: &str) -> String {
    let other = |c| match c {
        '"' => '\'',
        '\'' => '"',
        c => c,
    };
    text.chars().map(other).collect()
}

/// A value that types are read from.
struct Tree(Value);

impl Tree {
    fn object(self) -> Result<Members, Unreadable> {
        match self.0 {
            Value::Object(members) => Ok(Members { rest: members.into_iter(), value: Value::Null }),
            _ => Err(Unreadable),
        }
    }

    fn string(self) -> Result<String, Unreadable> {
        match self.0 {
            Value::String(text) => Ok(text),
            _ => Err(Unreadable),
        }
    }

    fn list(self) -> Result<Items, Unreadable> {
        match self.0 {
            Value::Array(items) => Ok(Items(items.into_iter())),
            _ => Err(Unreadable),
        }
    }

    fn unsigned(self) -> Result<u64, Unreadable> {
        self.0.as_u64().ok_or(Unreadable)
    }

    fn signed(self) -> Result<i64, Unreadable> {
        self.0.as_i64().ok_or(Unreadable)
    }

    fn float(self) -> Result<f64, Unreadable> {
        self.0.as_f64().ok_or(Unreadable)
    }
}

/// `ask => part, visit`: what a type asks for, the part of the tree that it is, and how the type is told.
macro_rules! read_as {
    ($($ask:ident($($ignored:ty),*) => $part:ident, $visit:ident;)*) => {$(
        fn $ask<V: Visitor<'de>>(self, $(_: $ignored,)* visitor: V) -> Result<V::Value, Unreadable> {
            visitor.$visit(self.$part()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Unreadable;

    read_as! {
        deserialize_u8() => unsigned, visit_u64;
        deserialize_u16() => unsigned, visit_u64;
        deserialize_u32() => unsigned, visit_u64;
        deserialize_u64() => unsigned, visit_u64;
        deserialize_i8() => signed, visit_i64;
        deserialize_i16() => signed, visit_i64;
        deserialize_i32() => signed, visit_i64;
        deserialize_i64() => signed, visit_i64;
        deserialize_f32() => float, visit_f64;
        deserialize_f64() => float, visit_f64;
        deserialize_char() => string, visit_string;
        deserialize_str() => string, visit_string;
        deserialize_string() => string, visit_string;
        deserialize_bytes() => string, visit_string;
        deserialize_byte_buf() => string, visit_string;
        deserialize_identifier() => string, visit_string;
        deserialize_seq() => list, visit_seq;
        deserialize_tuple(usize) => list, visit_seq;
        deserialize_tuple_struct(&'static str, usize) => list, visit_seq;
        deserialize_map() => object, visit_map;
        deserialize_struct(&'static str, &'static [&'static str]) => object, visit_map;
    }

    /// For types that take what comes: a tree, and what serde keeps aside until it knows a tag.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(whether) => visitor.visit_bool(whether),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().ok_or(Unreadable)?),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            Value::Object(_) => visitor.visit_map(self.object()?),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_bool(self.0.as_bool().ok_or(Unreadable)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.0.is_null() { visitor.visit_unit() } else { Err(Unreadable) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(match self.0 {
            Value::String(name) => Variant { name, content: Value::Null },
            Value::Object(only) => {
                let (name, content) = only.into_iter().next().ok_or(Unreadable)?;
                Variant { name, content }
            }
            _ => return Err(Unreadable),
        })
    }
}

struct Items(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Unreadable;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unreadable> {
        self.0.next().map(|item| seed.deserialize(Tree(item))).transpose()
    }
}

struct Members {
    rest: <Map<String, Value> as IntoIterator>::IntoIter,
    value: Value,
}

impl<'de> MapAccess<'de> for Members {
    type Error = Unreadable;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unreadable> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(Tree(Value::String(name))).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unreadable> {
        seed.deserialize(Tree(self.value.take()))
    }
}

struct Variant {
    name: String,
    content: Value,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Unreadable;
    type Variant = Tree;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Tree), Unreadable> {
        let name: StringDeserializer<Unreadable> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, Tree(self.content)))
    }
}

impl<'de> VariantAccess<'de> for Tree {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Unreadable> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(self.list()?)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_map(self.object()?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::api::ApiError;
    use crate::api::live::Change;
    use model::host::{Host, Isolation, Link, Resource};
    use model::name::HostName;
    use model::quota::{Amount, Refusal, Refused, Scope};
    use model::time::Timestamp;
    use model::units::MilliCpu;

    /// What is written is read again, by an island too.
    fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
        let text = serde_json::to_string(value).expect("JSON");
        assert_eq!(read::<T>(&text).expect("what was written"), *value);
        let given = serde_json::to_string(&Given(value)).expect("JSON");
        assert_eq!(serde_json::from_str::<Given<T>>(&given).expect("what was given").0, *value);
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Everything {
        numbers: (u8, i64, f64),
        words: Vec<String>,
        named: BTreeMap<String, Option<bool>>,
        #[serde(default)]
        left_out: Option<u32>,
        nothing: (),
    }

    #[test]
    fn what_is_written_is_read_again() {
        check(&Everything {
            numbers: (7, -3, 0.5),
            words: vec!["a \"quoted\" ü".to_owned()],
            named: [("yes".to_owned(), Some(true)), ("none".to_owned(), None)].into(),
            left_out: None,
            nothing: (),
        });
        let since = Timestamp::from_millis(1_800_000_000_000);
        let host = |link| Host {
            link,
            unlimited: vec![Resource::Cpu],
            isolation: Some(Isolation::TeamNetworks),
            certificate_ends_at: Some(since),
            ..Host::unanswered(HostName::default_host(), since, "refused")
        };
        check(&vec![
            Change::Host(Box::new(host(Link::Live))),
            Change::Host(Box::new(host(Link::Lost { since, reason: "refused".to_owned() }))),
            Change::Missed,
        ]);
        check(&model::environment::sample("web", model::environment::State::Running));
        let cpus = |cores| Amount::Cpus(MilliCpu::cores(cores));
        let refusal = Refusal {
            scope: Scope::Team,
            host: None,
            limit: cpus(4),
            used: cpus(3),
            requested: cpus(2),
            loan_ended_at: None,
        };
        check(&ApiError::QuotaExceeded { refusal: Refused { first: refusal.clone(), others: vec![refusal] } });
        check(&ApiError::invalid("name", "is taken"));
        check(&ApiError::SignedOut);
    }

    #[test]
    fn another_shape_is_an_error_and_no_panic() {
        for text in ["", "{", "null", "[]", "7", "\"x\"", "{\"link\":7}", "{\"environment\":[]}", "{}"] {
            assert!(read::<Change>(text).is_err(), "{text}");
            assert!(read::<Host>(text).is_err(), "{text}");
        }
        assert!(read::<Vec<u8>>("[300]").is_err());
    }
}
