//! The data of annotations.

use crate::ETag;
use crate::text::text_newtypes;

/// An annotation that was written or deleted (an entry of `objectAnnotation`).
///
/// ```json
/// {"name": "review", "size": 24, "eTag": "9b2cf535f27731c974343645a3985328"}
/// ```
///
/// A single object instead of a list is accepted too, since EventBridge sends one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Annotation {
    /// The annotation's name. An annotation without a name cannot be read.
    pub name: AnnotationName,
    /// Its size in bytes. `None` if it was deleted.
    pub size: Option<u64>,
    /// Its entity tag (`eTag`, in EventBridge `etag`). `None` if it was deleted.
    pub e_tag: Option<ETag>,
}

text_newtypes! {
    /// The name of an annotation.
    AnnotationName;
}
