//! The macro that declares views.

use crate::{Error, ErrorKind, S3EventRecord};

/// Declares a view: its events, the fields that all views share, and its own.
macro_rules! views {
    ($(
        $(#[$doc:meta])*
        $view:ident of [$($pattern:literal),*] {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $read:expr;)*
        }
    )*) => {$(
        $(#[$doc])*
        ///
        /// A handler argument. Of a record of another event, or one that lacks what this view promises, it cannot be
        /// made, which is a [permanent](crate::HandlerError::permanent) failure.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub struct $view {
            /// Which of the events it is.
            pub event_name: crate::EventName,
            /// The bucket.
            pub bucket: crate::record::Bucket,
            /// The object's key, decoded.
            pub key: crate::ObjectKey,
            /// The object's version. `None` in buckets without versioning.
            pub version_id: Option<crate::VersionId>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $view {
            const EVENTS: &'static [crate::EventPattern] = &[$(crate::EventPattern::from_static($pattern)),*];
        }

        impl TryFrom<&crate::S3EventRecord> for $view {
            type Error = crate::Error;

            fn try_from(record: &crate::S3EventRecord) -> Result<Self, crate::Error> {
                if !Self::EVENTS.iter().any(|pattern| pattern.matches(&record.event_name)) {
                    let message = format!("`{}` is no event of `{}`", record.event_name, stringify!($view));
                    return Err(crate::Error::new(crate::ErrorKind::InvalidField, message));
                }
                Ok(Self {
                    event_name: record.event_name.clone(),
                    bucket: record.bucket.clone(),
                    key: record.object.key.clone(),
                    version_id: record.object.version_id.clone(),
                    $($field: {
                        let read: fn(&crate::S3EventRecord) -> Option<$type> = $read;
                        read(record).ok_or_else(|| crate::record::view::declaration::lacks(record, stringify!($field)))?
                    },)*
                })
            }
        }

        impl<'r, S> crate::FromRecord<'r, S> for $view {
            const EVENTS: &'static [crate::EventPattern] = $view::EVENTS;

            fn from_record(context: crate::Context<'r, S>) -> Result<Self, crate::HandlerError> {
                Self::try_from(context.record()).map_err(crate::HandlerError::permanent)
            }
        }
    )*};
}

pub(super) fn lacks(record: &S3EventRecord, field: &str) -> Error {
    Error::new(
        ErrorKind::MissingField,
        format!("the `{}` record has no `{field}`", record.event_name),
    )
}

pub(super) use views;
