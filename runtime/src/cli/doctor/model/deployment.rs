//! Everything that was read.

use super::super::known::{Answer, Text};
use super::resource::{Kind, Resource};

/// The resources of all files that were read.
#[derive(Debug, Default)]
pub(crate) struct Deployment {
    pub(crate) resources: Vec<Resource>,
}

impl Deployment {
    pub(crate) fn all(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources
            .iter()
            .filter(move |resource| resource.kind == kind)
    }

    /// The resource of this kind that a text names for sure.
    pub(crate) fn find(&self, kind: Kind, text: Option<&Text>) -> Option<&Resource> {
        let text = text?;
        let mut named = self.all(kind).filter(|one| one.is(text) == Answer::Yes);
        let first = named.next()?;
        // Two of one name may be in two regions.
        named.next().is_none().then_some(first)
    }

    /// The resources of this kind that have a property that names the other one for sure.
    pub(crate) fn pointing_at<'d>(
        &'d self,
        kind: Kind,
        property: &'static str,
        other: &'d Resource,
    ) -> impl Iterator<Item = &'d Resource> {
        let all = self.all(kind);
        all.filter(move |one| one.names(property, other) == Answer::Yes)
    }
}
