//! TOML read into types, with the place of what does not fit.
//!
//! The deserializers of the `toml` crate bring the code of every type three times over: for tables, for places and for
//! dates. Here a table is read in one way only, which makes the program half a megabyte smaller.

use std::ops::Range;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// Why a text cannot be read: it is no TOML, or says something else than it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unfit {
    pub message: String,
    pub at: Option<Range<usize>>,
}

impl Unfit {
    fn within(self, outer: Range<usize>) -> Self {
        Unfit { at: Some(self.at.unwrap_or(outer)), ..self }
    }
}

impl Error for Unfit {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Unfit { message: message.to_string(), at: None }
    }
}

/// A value with its place in the text.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename = "\0placed")]
pub struct Placed<T> {
    start: usize,
    end: usize,
    value: T,
}

/// What a [`Placed`] calls itself and its parts when it is read.
const PLACED: &str = "\0placed";
const PARTS: [&str; 3] = ["start", "end", "value"];

impl<T> Placed<T> {
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    pub fn get_ref(&self) -> &T {
        &self.value
    }

    pub fn into_inner(self) -> T {
        self.value
    }
}

/// Reads a text.
///
/// # Errors
/// It is no TOML, or not what the type takes.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unfit> {
    let parsed =
        DeTable::parse(text).map_err(|error| Unfit { message: error.message().to_owned(), at: error.span() })?;
    let span = parsed.span();
    let whole = Spanned::new(span, DeValue::Table(parsed.into_inner()));
    T::deserialize(Reader::Value(&whole))
}

/// What is read next.
enum Reader<'v, 'i> {
    Value(&'v Spanned<DeValue<'i>>),
    /// Where a place begins or ends.
    Offset(usize),
}

impl<'de> Deserializer<'de> for Reader<'_, '_> {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        let value = match self {
            Reader::Value(value) => value,
            Reader::Offset(offset) => return visitor.visit_u64(offset as u64),
        };
        let read = match value.get_ref() {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => visitor.visit_i64(number),
                Err(why) => Err(Unfit::custom(why)),
            },
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(why) => Err(Unfit::custom(format_args!("{why}"))),
            },
            DeValue::Boolean(truth) => visitor.visit_bool(*truth),
            DeValue::Datetime(date) => visitor.visit_string(date.to_string()),
            DeValue::Array(items) => visitor.visit_seq(Items(items.iter())),
            DeValue::Table(table) => visitor.visit_map(Entries::Table { rest: table.iter(), value: None }),
        };
        read.map_err(|why| why.within(value.span()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        match self {
            Reader::Value(value) if name == PLACED => visitor.visit_map(Entries::Place { value, given: 0 }),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        match self {
            Reader::Value(value) => match value.get_ref() {
                DeValue::String(word) => visitor.visit_enum(of_text(word)).map_err(|why| why.within(value.span())),
                _ => Err(Unfit { message: "wanted a word".to_owned(), at: Some(value.span()) }),
            },
            Reader::Offset(_) => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

fn of_text(text: &str) -> StrDeserializer<'_, Unfit> {
    text.into_deserializer()
}

/// The items of a list.
struct Items<'v, 'i>(std::slice::Iter<'v, Spanned<DeValue<'i>>>);

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        self.0.next().map(|item| seed.deserialize(Reader::Value(item))).transpose()
    }
}

/// The keys and values of a table, or the parts of a value with its place.
enum Entries<'v, 'i> {
    Table {
        rest: toml::map::Iter<'v, Spanned<DeString<'i>>, Spanned<DeValue<'i>>>,
        /// The value of the key that was given last.
        value: Option<&'v Spanned<DeValue<'i>>>,
    },
    Place {
        value: &'v Spanned<DeValue<'i>>,
        /// How many parts were given.
        given: usize,
    },
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Unfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unfit> {
        let (key, at) = match self {
            Entries::Table { rest, value } => {
                let Some((key, next)) = rest.next() else { return Ok(None) };
                *value = Some(next);
                (key.get_ref().as_ref(), key.span())
            }
            Entries::Place { value, given } => {
                let Some(part) = PARTS.get(*given) else { return Ok(None) };
                *given += 1;
                (*part, value.span())
            }
        };
        seed.deserialize(of_text(key)).map(Some).map_err(|why| why.within(at))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unfit> {
        let reader = match self {
            Entries::Table { value, .. } => {
                Reader::Value(value.take().ok_or_else(|| Unfit::custom("a value without its key"))?)
            }
            Entries::Place { value, given: 1 } => Reader::Offset(value.span().start),
            Entries::Place { value, given: 2 } => Reader::Offset(value.span().end),
            Entries::Place { value, .. } => Reader::Value(value),
        };
        seed.deserialize(reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Recipe {
        name: Placed<String>,
        #[serde(default)]
        minutes: Option<u8>,
        #[serde(default)]
        steps: Vec<Step>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "kebab-case")]
    enum Step {
        Stir,
        LetRest,
    }

    fn told(text: &str) -> (String, &str) {
        let unfit = read::<Recipe>(text).err();
        let message = unfit.as_ref().map(|unfit| unfit.message.clone()).unwrap_or_default();
        let at = unfit.and_then(|unfit| unfit.at).and_then(|at| text.get(at)).unwrap_or("");
        (message, at)
    }

    #[test]
    fn values_have_their_places() {
        let text = "name = \"soup\"\nminutes = 20\nsteps = [\"stir\", \"let-rest\"]\n";
        let recipe = read::<Recipe>(text).ok();
        let recipe = recipe.as_ref();
        assert_eq!(recipe.map(|recipe| recipe.name.get_ref().as_str()), Some("soup"));
        assert_eq!(recipe.and_then(|recipe| text.get(recipe.name.span())), Some("\"soup\""));
        assert_eq!(recipe.and_then(|recipe| recipe.minutes), Some(20));
        assert_eq!(recipe.map(|recipe| recipe.steps.as_slice()), Some([Step::Stir, Step::LetRest].as_slice()));
    }

    #[test]
    fn what_does_not_fit_is_shown_where_it_stands() {
        assert_eq!(told("name = 3").1, "3");
        assert_eq!(told("name = \"a\"\nminutes = 300").1, "300");
        assert_eq!(told("name = \"a\"\nminuets = 3").1, "minuets");
        assert!(told("name = \"a\"\nminuets = 3").0.starts_with("unknown field `minuets`, expected"));
        assert_eq!(told("name = \"a\"\nsteps = [\"stir\", \"boil\"]").1, "\"boil\"");
        assert_eq!(told("name = \"a\"\nsteps = [3]").1, "3");
        assert_eq!(told("minutes = 3").0, "missing field `name`");
        assert!(!told("name = ").0.is_empty());
    }
}
