//! Lists that few events have.

use super::{Scanned, Span, Unusual};
use crate::Error;
use crate::json::{Node, Path};
use crate::raw_json::RawJson;
use crate::text::Source;

/// What the plain reading makes of a block.
#[inline(always)]
pub(super) fn rare<const LEVEL: usize, T>(
    source: &Source,
    block: Span,
    read: impl FnOnce(Node<'_, '_>) -> Result<T, Error>,
) -> Scanned<Option<T>> {
    if block.is_empty() { Ok(None) } else { read_block::<LEVEL, T>(source, block, read) }
}

#[cold]
fn read_block<const LEVEL: usize, T>(
    source: &Source,
    block: Span,
    read: impl FnOnce(Node<'_, '_>) -> Result<T, Error>,
) -> Scanned<Option<T>> {
    let unescaped;
    let node = if LEVEL == 0 {
        Node::part(source, block.as_written(source), &Path::Root)
    } else {
        unescaped = Source::from(RawJson::new(block.as_text(source), LEVEL).as_sent().into_owned());
        Node::root(&unescaped, &Path::Root)
    };
    node.nullable(read).map_err(|_| Unusual::Other)
}
