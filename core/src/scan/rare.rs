//! Blocks that few events have.

use super::{Scanned, Span, Unusual};
use crate::Error;
use crate::json::{Node, Path};
use crate::text::Source;

/// What the plain reading makes of a block.
pub(super) fn rare<const LEVEL: usize, T>(
    source: &Source,
    block: Span,
    read: impl FnOnce(Node<'_, '_>) -> Result<T, Error>,
) -> Scanned<Option<T>> {
    if block.is_empty() {
        return Ok(None);
    }
    let unescaped;
    let node = if LEVEL == 0 {
        Node::part(source, block.as_written(source), &Path::Root)
    } else {
        unescaped = Source::from(block.with_escapes(LEVEL as u8).content(source)?.into_owned());
        Node::root(&unescaped, &Path::Root)
    };
    node.nullable(read).map_err(|_| Unusual::Other)
}
