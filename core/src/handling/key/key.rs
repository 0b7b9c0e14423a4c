//! The argument.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::Deserialize;

use super::key_error::{KeyError, short_name};
use super::parts::Parts;
use crate::routing::KeyPattern;
use crate::{Context, Error, ErrorKind, FromRecord, HandlerError, Route};

/// The parts of the key that the pattern of the route names, typed by serde.
///
/// The pattern is the option `key` of `#[s3_handler]`, or [`Route::with_key`]. `T` is
///
/// - a tuple, which takes the parts in order: `Key<(u32, String)>`;
/// - a struct, which takes them by name, and need not have all of them;
/// - a single value, if there is one part: `Key<u32>`;
/// - a map such as `HashMap<String, String>`, or a list such as `Vec<String>`.
///
/// The values are whatever serde makes from text: numbers, `bool`, `char`, `String`, enums without
/// fields by the name of the variant, `Option`, newtypes, and types such as `uuid::Uuid`. A `&str`
/// borrows from the record. The parts are those of the decoded key.
///
/// # Errors
///
/// A part that is not a `T` is a [permanent](HandlerError::permanent) failure of the record, as the
/// key will not change. Its text names the part, the value and the type.
///
/// That a type and a pattern do not fit, such as a field without a part of that name, is found when
/// the route is added to [`Routes`](crate::Routes), which panics. `Key` in a handler without the
/// option `key` does not compile.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{EventPattern, Key, Route, Routes};
///
/// #[derive(serde::Deserialize)]
/// struct Photo {
///     tenant: u32,
///     name: String,
/// }
///
/// let route = Route::new(EventPattern::from_static("ObjectCreated:*"))
///     .with_key("tenants/{tenant}/photos/{name}.jpg");
///
/// let routes = Routes::new(()).on_fn(route, |Key(photo): Key<Photo>| async move {
///     println!("{} of tenant {}", photo.name, photo.tenant);
///     Ok::<_, std::io::Error>(())
/// });
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Key<T>(pub T);

impl<'r, S, T: Deserialize<'r>> FromRecord<'r, S> for Key<T> {
    const NEEDS_KEY: bool = true;

    fn check(route: &Route) -> Result<(), Error> {
        let Some(pattern) = route.key_pattern() else {
            return Err(does_not_fit::<T>(
                &"the route has no pattern of keys",
                route,
            ));
        };

        match try_out::<T>(pattern) {
            Some(error) => Err(does_not_fit::<T>(&error, route)),
            None => Ok(()),
        }
    }

    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        let Some(pattern) = context.route().and_then(Route::key_pattern) else {
            let ty = short_name::<T>();
            let message = format!("`Key<{ty}>` needs a route with a pattern of keys");
            return Err(HandlerError::permanent(message));
        };

        let key = context.record().object.key.as_str();
        let Some(parts) = Parts::read(pattern, key) else {
            let message = format!(
                "the key `{}` does not have the form `{}`",
                key.escape_debug(),
                pattern.as_str()
            );
            return Err(HandlerError::permanent(message));
        };

        T::deserialize(parts)
            .map(Self)
            .map_err(|error| HandlerError::permanent(error.to_string()))
    }
}

/// Makes a `T` from parts that fit most types. Returns the error if no key could give a `T`.
fn try_out<'r, T: Deserialize<'r>>(pattern: &KeyPattern) -> Option<KeyError> {
    // What a type makes of a text cannot be known, so a text that it does not take means nothing.
    const TEXTS: [&str; 5] = [
        "a",
        "1",
        "a1a1a1a1-a1a1-41a1-81a1-a1a1a1a1a1a1",
        "2000-01-01",
        "2000-01-01T00:00:00Z",
    ];

    let errors = TEXTS.map(|text| T::deserialize(Parts::trial(pattern, text)).err());
    if errors.iter().any(Option::is_none) {
        return None;
    }

    errors
        .into_iter()
        .flatten()
        .find(KeyError::is_about_the_type)
}

fn does_not_fit<T>(reason: &dyn fmt::Display, route: &Route) -> Error {
    let ty = short_name::<T>();
    let message = format!("`Key<{ty}>` does not fit its route: {reason}, in {route}");

    Error::new(ErrorKind::InvalidRoute, message)
}

impl<T> Deref for Key<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Key<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
