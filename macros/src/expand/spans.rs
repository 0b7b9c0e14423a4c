//! The spans of tokens, which decide where and what the compiler reports.

use proc_macro2::{Group, Span, TokenStream, TokenTree};

/// The same tokens in the same places, as a part of the expansion.
pub(super) fn in_expansion(tokens: TokenStream) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        let span = Span::call_site().located_at(token.span());
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), in_expansion(group.stream())).into();
        }

        token.set_span(span);
        token
    });

    moved.collect()
}
