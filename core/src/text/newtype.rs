//! Macros that declare the public types that hold a text.
//!
//! All of them share one interface, which the docs of `record` describe.

/// Declares public newtypes over `Text`, each with its docs.
macro_rules! text_newtypes {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(crate::text::Text);

        impl $name {
            /// The text, as it was sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The same text in memory of its own, so that keeping it does not keep the payload
            /// that it was read from.
            #[must_use]
            pub fn to_detached(&self) -> Self {
                Self(self.0.to_detached())
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

/// Implements the traits that every newtype over a text has.
///
/// `$name` is a tuple struct around a `Text` and has `as_str`.
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

/// Implements the traits that read the text, for a type that has its own constructors.
macro_rules! text_views {
    ($name:ident) => {
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        /// Writes the text as it is. Width and precision apply, as for a `str`.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        /// Writes the text in quotes, with control characters escaped.
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
