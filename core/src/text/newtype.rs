//! Macros that declare the public types around a text.

/// Declares public newtypes over [`Text`].
macro_rules! text_newtypes {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(crate::text::Text);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl crate::text::FromText for $name {
            fn from_text(text: crate::text::Text) -> Self {
                Self(text)
            }
        }

        crate::text::text_traits!($name);
    )*};
}

/// The traits that every newtype over a text has; `$name` has `as_str`, and `From<Text>` or a field
/// `0`.
macro_rules! text_traits {
    ($name:ident) => {
        crate::text::text_views!($name);

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(crate::text::Text::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(crate::text::Text::from(text))
            }
        }
    };
}

/// The reading half of [`text_traits`], for newtypes with a constructor of their own.
macro_rules! text_views {
    ($name:ident) => {
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        /// Quoted, with control characters escaped.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl PartialEq<$name> for str {
            fn eq(&self, other: &$name) -> bool {
                self == other.as_str()
            }
        }

        impl PartialEq<$name> for &str {
            fn eq(&self, other: &$name) -> bool {
                *self == other.as_str()
            }
        }
    };
}

pub(crate) use {text_newtypes, text_traits, text_views};
