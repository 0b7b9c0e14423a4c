//! The data of annotations.

use crate::record::ETag;
use crate::text::text_newtypes;

/// An annotation that was written or deleted (an entry of `objectAnnotation`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Annotation {
    /// The annotation's name.
    pub name: AnnotationName,
    /// Its size in bytes. `None` when it was deleted.
    pub size: Option<u64>,
    /// Its entity tag. `None` when it was deleted.
    pub e_tag: Option<ETag>,
}

text_newtypes! {
    /// The name of an annotation.
    AnnotationName;
}
