//! A resource of a template.

use super::super::known::Tree;

/// A resource of a template, with its functions resolved.
pub(super) struct Described<'t> {
    pub(super) name: &'t str,
    pub(super) kind: &'t str,
    pub(super) file: &'t str,
    pub(super) properties: Tree,
}
