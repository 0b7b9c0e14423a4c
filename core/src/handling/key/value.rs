//! One part of a key as a value.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

use super::key_error::{KeyError, short_name};

/// One part of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'n, 'r> {
    pub(super) name: &'n str,
    pub(super) text: &'r str,
    /// Whether the text only stands for any text, so that a number may be read instead.
    pub(super) is_trial: bool,
}

macro_rules! parse {
    ($($method:ident $visit:ident $ty:ident $trial:literal)*) => {$(
        fn $method<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
            let text = if self.is_trial { $trial } else { self.text };
            let value = text.parse::<$ty>().map_err(|_| {
                KeyError::value::<$ty>(self.name, self.text, String::new())
            })?;

            self.finish::<V>(visitor.$visit(value))
        }
    )*};
}

macro_rules! no_text {
    ($($method:ident($($argument:ident: $ty:ty),*))*) => {$(
        fn $method<V: Visitor<'r>>(
            self,
            $($argument: $ty,)*
            _: V,
        ) -> Result<V::Value, KeyError> {
            $(let _ = $argument;)*
            Err(KeyError::NoText { ty: short_name::<V::Value>() })
        }
    )*};
}

impl<'r> Value<'_, 'r> {
    fn finish<V: Visitor<'r>>(
        self,
        result: Result<V::Value, KeyError>,
    ) -> Result<V::Value, KeyError> {
        result.map_err(|error| error.in_part::<V::Value>(self.name, self.text))
    }
}

impl<'r> Deserializer<'r> for Value<'_, 'r> {
    type Error = KeyError;

    parse! {
        deserialize_bool visit_bool bool "true"
        deserialize_i8 visit_i8 i8 "1"
        deserialize_i16 visit_i16 i16 "1"
        deserialize_i32 visit_i32 i32 "1"
        deserialize_i64 visit_i64 i64 "1"
        deserialize_i128 visit_i128 i128 "1"
        deserialize_u8 visit_u8 u8 "1"
        deserialize_u16 visit_u16 u16 "1"
        deserialize_u32 visit_u32 u32 "1"
        deserialize_u64 visit_u64 u64 "1"
        deserialize_u128 visit_u128 u128 "1"
        deserialize_f32 visit_f32 f32 "1"
        deserialize_f64 visit_f64 f64 "1"
        deserialize_char visit_char char "a"
    }

    no_text! {
        deserialize_unit()
        deserialize_unit_struct(name: &'static str)
        deserialize_seq()
        deserialize_map()
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
    }

    fn deserialize_any<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
        self.finish::<V>(visitor.visit_borrowed_str(self.text))
    }

    fn deserialize_bytes<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
        self.finish::<V>(visitor.visit_borrowed_bytes(self.text.as_bytes()))
    }

    fn deserialize_byte_buf<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, KeyError> {
        self.deserialize_bytes(visitor)
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

    /// A pair is the name and the value, for lists such as `Vec<(String, String)>`.
    fn deserialize_tuple<V: Visitor<'r>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, KeyError> {
        if len != 2 {
            return Err(KeyError::NoText {
                ty: short_name::<V::Value>(),
            });
        }

        visitor.visit_seq(Pair {
            name: Some(self.name),
            value: Some(self),
        })
    }

    fn deserialize_enum<V: Visitor<'r>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, KeyError> {
        let variant = match variants.first() {
            Some(first) if self.is_trial => first,
            _ => self.text,
        };

        self.finish::<V>(visitor.visit_enum(Variant(variant)))
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'r>>
        str string identifier ignored_any
    }
}

impl<'r> IntoDeserializer<'r, KeyError> for Value<'_, 'r> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The name of a part, then its value.
struct Pair<'n, 'r> {
    name: Option<&'n str>,
    value: Option<Value<'n, 'r>>,
}

impl<'r> SeqAccess<'r> for Pair<'_, 'r> {
    type Error = KeyError;

    fn next_element_seed<T: DeserializeSeed<'r>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, KeyError> {
        match (self.name.take(), self.value) {
            (Some(name), _) => seed.deserialize(StrDeserializer::new(name)).map(Some),
            (None, Some(value)) => {
                self.value = None;
                seed.deserialize(value).map(Some)
            }
            (None, None) => Ok(None),
        }
    }
}

/// The name of a variant.
struct Variant<'r>(&'r str);

impl<'r> EnumAccess<'r> for Variant<'r> {
    type Error = KeyError;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'r>>(self, seed: T) -> Result<(T::Value, Self), KeyError> {
        let name = StrDeserializer::<KeyError>::new(self.0);
        Ok((seed.deserialize(name)?, self))
    }
}

/// A text has no room for the fields of a variant.
impl<'r> VariantAccess<'r> for Variant<'r> {
    type Error = KeyError;

    fn unit_variant(self) -> Result<(), KeyError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'r>>(self, _: T) -> Result<T::Value, KeyError> {
        Err(has_fields("newtype variant"))
    }

    fn tuple_variant<V: Visitor<'r>>(self, _: usize, _: V) -> Result<V::Value, KeyError> {
        Err(has_fields("tuple variant"))
    }

    fn struct_variant<V: Visitor<'r>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, KeyError> {
        Err(has_fields("struct variant"))
    }
}

fn has_fields(what: &str) -> KeyError {
    KeyError::invalid_type(Unexpected::UnitVariant, &what)
}
