//! Text that every reader must read alike: a name that is there twice means another thing to each of them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

/// Levels of lists and records in each other; real documents have under ten.
const DEEPEST: usize = 64;
/// Names of one record that are held side by side before they are hashed.
const FEW: usize = 16;

/// Why a text is not read alike by all.
pub(super) fn fault(bytes: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Some("it is not UTF-8".to_owned());
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let level = Level {
        depth: 0,
        open: &mut Vec::new(),
    };
    level
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .err()
        .map(|error| super::clip(&error.to_string()))
}

/// One value at its depth, read for its form alone.
struct Level<'s, 'de> {
    depth: usize,
    /// Names of the records around it, innermost last; one list for all of them.
    open: &'s mut Vec<Cow<'de, str>>,
}

impl<'de> Level<'_, 'de> {
    fn below<E: Error>(&mut self) -> Result<Level<'_, 'de>, E> {
        if self.depth < DEEPEST {
            Ok(Level {
                depth: self.depth + 1,
                open: self.open,
            })
        } else {
            Err(E::custom("it is nested too deeply"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

/// A name, borrowed where the text holds it as it is.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Level<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.below()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let own = self.open.len();
        // Names beyond the first few, so that a record of many costs no more than that.
        let mut many = HashSet::new();
        while let Some(Name(name)) = fields.next_key()? {
            let few = self.open.get(own..).unwrap_or_default();
            let is_new = !few.contains(&name) && (few.len() < FEW || many.insert(name.clone()));
            if !is_new {
                return Err(A::Error::custom(format!("`{name}` is there twice")));
            }
            if few.len() < FEW {
                self.open.push(name);
            }
            fields.next_value_seed(self.below()?)?;
        }
        self.open.truncate(own);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_all_read_alike_passes() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let wide = |last: usize| {
            let fields: Vec<_> = (0..100)
                .chain([last])
                .map(|n| format!(r#""k{n}":{n}"#))
                .collect();
            format!("{{{}}}", fields.join(","))
        };
        for (text, fine) in [
            (
                r#"{"a":1,"b":[{"a":1},{"a":null}],"c":"x\n","d":-1.5e3}"#.to_owned(),
                true,
            ),
            (r#"{"a":1,"a":1}"#.to_owned(), false),
            (r#"{"a":1,"\u0061":2}"#.to_owned(), false),
            (r#"{"x":[{"y":{"a":1,"b":2,"a":3}}]}"#.to_owned(), false),
            (wide(100), true),
            (wide(3), false),
            (wide(50), false),
            (nested(64), true),
            (nested(65), false),
            (nested(100_000), false),
            ("{} {}".to_owned(), false),
            ("{".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(fault(text.as_bytes()).is_none(), fine, "{text:.80}");
        }
        assert!(fault(b"{\"a\":\"\xff\"}").is_some());
    }
}
