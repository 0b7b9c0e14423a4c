//! The parts of a key as a tuple, a struct, a map, a list or a single value.

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{Deserializer, Visitor};
use smallvec::SmallVec;

use super::key_error::KeyError;
use super::value::Value;
use crate::routing::KeyPattern;

/// The parts of one key, in order.
#[derive(Debug)]
pub(super) struct Parts<'n, 'r>(SmallVec<[Value<'n, 'r>; 8]>);

impl<'n, 'r> Parts<'n, 'r> {
    /// The parts of the key. `None` if it does not match the pattern.
    pub(super) fn read(pattern: &'n KeyPattern, key: &'r str) -> Option<Self> {
        let mut parts = SmallVec::new();
        let mut named = pattern.parts().iter();

        let matches = pattern.read(key, |text| {
            parts.extend(named.next().map(|part| Value {
                name: &part.name,
                text,
                is_trial: false,
            }));
        });

        matches.then_some(Self(parts))
    }

    /// Parts with a text that stands for any text.
    pub(super) fn trial(pattern: &'n KeyPattern, text: &'r str) -> Self {
        let part = |name: &'n str| Value {
            name,
            text,
            is_trial: true,
        };

        let parts = pattern.parts().iter();
        Self(parts.map(|named| part(&named.name)).collect())
    }

    /// The value, if there is one part.
    fn only(&self) -> Result<Value<'n, 'r>, KeyError> {
        match &*self.0 {
            [only] => Ok(*only),
            _ => Err(self.wrong_count(1)),
        }
    }

    fn wrong_count(&self, wanted: usize) -> KeyError {
        KeyError::Count {
            wanted,
            found: self.0.len(),
        }
    }
}

macro_rules! single {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
            self.only()?.$method(visitor)
        }
    )*};
}

impl<'r> Deserializer<'r> for Parts<'_, 'r> {
    type Error = KeyError;

    single! {
        deserialize_bool
        deserialize_i8
        deserialize_i16
        deserialize_i32
        deserialize_i64
        deserialize_i128
        deserialize_u8
        deserialize_u16
        deserialize_u32
        deserialize_u64
        deserialize_u128
        deserialize_f32
        deserialize_f64
        deserialize_char
        deserialize_str
        deserialize_string
        deserialize_bytes
        deserialize_byte_buf
        deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
        visitor.visit_unit()
    }

    fn deserialize_unit<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, KeyError> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, KeyError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
        visitor.visit_seq(SeqDeserializer::new(self.0.into_iter()))
    }

    fn deserialize_tuple<V: Visitor<'r>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, KeyError> {
        if len != self.0.len() {
            return Err(self.wrong_count(len));
        }

        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, KeyError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
        let parts = self.0.into_iter();
        let entries = parts.map(|part| (StrDeserializer::<KeyError>::new(part.name), part));
        visitor.visit_map(MapDeserializer::new(entries))
    }

    fn deserialize_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, KeyError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'r>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, KeyError> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }
}
