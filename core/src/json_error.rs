//! Where JSON is wrong.

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::Segment;

use crate::json::Path;
use crate::{Error, ErrorKind};

/// Quoted unless it is plain, escaped and cut, since a name may come from a payload and end in a log.
pub(crate) fn write_name(f: &mut dyn fmt::Write, name: &str) -> fmt::Result {
    const LONGEST: usize = 64;
    if let Some((cut, _)) = name.char_indices().nth(LONGEST) {
        return write!(f, "[{:?}...]", &name[..cut]);
    }
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.is_empty();
    if is_plain { write!(f, ".{name}") } else { write!(f, "[{name:?}]") }
}

/// Reads once more, slowly, for the path to the mistake.
pub(crate) fn syntax_error(text: &str, path: &Path<'_>, error: &serde_json::Error) -> Error {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut place = path.to_string();
    if let Err(found) = serde_path_to_error::deserialize::<_, Walk>(&mut deserializer) {
        for segment in found.path() {
            let written = match segment {
                Segment::Seq { index } => write!(place, "[{index}]"),
                Segment::Map { key } => write_name(&mut place, key),
                Segment::Enum { .. } | Segment::Unknown => break,
            };
            written.expect("a string takes any text");
        }
    }
    Error::new(ErrorKind::InvalidJson, format!("invalid JSON: {error}")).at(place)
}

/// Any value, visited but not kept.
struct Walk;

impl<'d> Deserialize<'d> for Walk {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

impl<'d> Visitor<'d> for Walk {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(Self)
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_key::<String>()?.is_some() {
            map.next_value::<Self>()?;
        }
        Ok(Self)
    }
}
