//! The object of an event, whoever tells of it.

use super::span::Texts;
use super::{Scanned, Span, Unusual};
use crate::record::Object;
use crate::{ETag, ObjectKey, Sequencer, VersionId};

/// Where its fields stand.
#[derive(Default)]
pub(super) struct ObjectPart {
    pub(super) key: Span,
    pub(super) size: Span,
    pub(super) e_tag: Span,
    pub(super) version_id: Span,
    pub(super) sequencer: Span,
    pub(super) has_annotation: Span,
}

impl ObjectPart {
    pub(super) fn build(self, texts: &Texts<'_>, is_encoded: bool) -> Scanned<Object> {
        let key = self.key.read(texts, |key| key)?.ok_or(Unusual::Other)?;
        Ok(Object {
            key: if is_encoded {
                ObjectKey::from_encoded(key)
            } else {
                ObjectKey::from_literal(key)
            },
            size: self.size.number(texts)?,
            e_tag: self.e_tag.read(texts, ETag::from_text)?,
            version_id: self.version_id.read(texts, VersionId::from_text)?,
            sequencer: self.sequencer.read(texts, Sequencer::from_text)?,
            has_annotation: self.has_annotation.flag(texts.source)?,
        })
    }
}
