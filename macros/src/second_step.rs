//! Expands a handler in a second step, which only happens outside of an `impl`.
//!
//! An attribute cannot see where its function is. In an `impl`, each generated item would be an
//! error of its own. So the first step only adds one item, which brings the attribute and the
//! function to the second step. In an `impl` that item is the only error.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use crate::expand::Handler;

/// Marks an attribute that the first step wrote.
const MARK: &str = "__second_step";

/// The item that the first step adds.
pub(crate) fn write(handler: &Handler, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let name = handler.name();
    let function = without_body(item);
    // Without a body, the item is nothing but its place: the compiler points at the function.
    let carrier = quote_spanned!(name.span()=> impl #name {});

    quote! {
        #[::s3_dispatch::s3_handler(__second_step (#attribute) (#function))]
        #carrier
    }
}

/// The attribute and the function, if the first step wrote this attribute.
pub(crate) fn read(attribute: &TokenStream) -> Option<(TokenStream, TokenStream)> {
    let mut tokens = attribute.clone().into_iter();
    match tokens.next()? {
        TokenTree::Ident(mark) if mark == MARK => {}
        _ => return None,
    }

    Some((group(tokens.next()?)?, group(tokens.next()?)?))
}

fn group(token: TokenTree) -> Option<TokenStream> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
            Some(group.stream())
        }
        _ => None,
    }
}

/// The function without its body, which the second step does not need.
fn without_body(item: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    tokens.pop();
    tokens.into_iter().collect()
}
