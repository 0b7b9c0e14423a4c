//! Where JSON is wrong.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::reading::json::{Name, Path};
use crate::{Error, ErrorKind};

/// Quoted unless it is plain, escaped and cut, since a name may come from a payload and end in a
/// log.
pub(crate) fn write_name(f: &mut dyn fmt::Write, name: &str) -> fmt::Result {
    const LONGEST: usize = 64;

    if let Some((cut, _)) = name.char_indices().nth(LONGEST) {
        return write!(f, "[{:?}...]", &name[..cut]);
    }

    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.is_empty();
    if is_plain {
        write!(f, ".{name}")
    } else {
        write!(f, "[{name:?}]")
    }
}

/// Reads once more, slowly, for the path to the mistake.
pub(crate) fn syntax_error(text: &str, path: &Path<'_>, error: &serde_json::Error) -> Error {
    let mut steps = Vec::new();
    let walk = Walk { steps: &mut steps };
    let mut place = path.to_string();

    if walk
        .deserialize(&mut serde_json::Deserializer::from_str(text))
        .is_err()
    {
        for step in steps {
            let written = match step {
                Step::Index(index) => write!(place, "[{index}]"),
                Step::Member(name) => write_name(&mut place, &name),
            };
            written.expect("a string takes any text");
        }
    }

    Error::new(ErrorKind::InvalidJson, format!("invalid JSON: {error}")).at(place)
}

enum Step<'d> {
    Index(usize),
    Member(Cow<'d, str>),
}

/// Any value, visited but not kept. The steps into it stay when there is a mistake in it.
struct Walk<'s, 'd> {
    steps: &'s mut Vec<Step<'d>>,
}

/// A value one step further.
struct Inside<'s, 'd> {
    steps: &'s mut Vec<Step<'d>>,
    step: Step<'d>,
}

impl<'d> DeserializeSeed<'d> for Inside<'_, 'd> {
    type Value = ();

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<(), D::Error> {
        self.steps.push(self.step);
        Walk { steps: self.steps }.deserialize(deserializer)?;
        self.steps.pop();
        Ok(())
    }
}

impl<'d> DeserializeSeed<'d> for Walk<'_, 'd> {
    type Value = ();

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'d> Visitor<'d> for Walk<'_, 'd> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        while seq
            .next_element_seed(Inside {
                steps: self.steps,
                step: Step::Index(index),
            })?
            .is_some()
        {
            index += 1;
        }

        Ok(())
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Name<'d>>()? {
            map.next_value_seed(Inside {
                steps: self.steps,
                step: Step::Member(name.0),
            })?;
        }

        Ok(())
    }
}
