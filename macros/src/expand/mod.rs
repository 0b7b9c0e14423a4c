//! Writes the code of a handler: a type with the function's name that implements `Handler`.
//!
//! The code names only absolute paths in `__private`, so that it works in any module, no matter
//! which names are in scope.

mod lifetimes;
mod spans;
mod handler;
mod assertions;
mod implementation;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

pub(crate) use handler::Handler;
use spans::in_expansion;

/// The code of a correct handler.
///
/// It needs no `allow`, which would be an error where a lint is `forbid`. The compiler reports most
/// lints only if the code begins in the user's file, so tokens get spans of the expansion.
pub(crate) fn expand(handler: &Handler) -> TokenStream {
    let name = handler.name();
    let marker = marker(handler);
    let (cfgs, deprecated) = (handler.attributes(&["cfg"]), allow_deprecated(handler));

    let (import, state) = (handler.import(), handler.state());
    let assertions = assertions::assertions(handler);
    let implementation = implementation::implementation(handler);

    quote! {
        #marker
        // Uses the function, so that a handler without a route gives one warning, at its name.
        #(#cfgs)*
        #deprecated
        const _: fn() = || { let _ = #name; };
        #(#cfgs)*
        #deprecated
        const _: () = {
            #import
            #state
            #assertions
            #implementation
        };
    }
}

/// The code of a handler with mistakes: an implementation that is never called, so that the
/// compiler does not report `Routes::on` as well.
pub(crate) fn stand_in(handler: &Handler) -> TokenStream {
    let name = handler.name();
    let marker = marker(handler);
    let (import, cfgs) = (handler.import(), handler.attributes(&["cfg"]));

    quote! {
        #marker
        #(#cfgs)*
        const _: () = {
            #import

            impl<S> __private::Handler<S> for #name {
                fn route() -> __private::Route {
                    loop {}
                }

                fn handle<'r>(
                    _: __private::Context<'r, S>,
                ) -> __private::BoxFuture<'r, __private::Outcome> {
                    loop {}
                }
            }
        };
    }
}

/// The type that `Routes::on` takes. It is a part of the expansion, so no lint is about it.
fn marker(handler: &Handler) -> TokenStream {
    let name = in_expansion(handler.name().to_token_stream());
    let visibility = in_expansion(handler.function.visibility.to_token_stream());
    let attributes = handler.attributes(&["cfg", "allow", "deprecated"]);

    quote! {
        #(#attributes)*
        #[doc(hidden)]
        #[non_exhaustive]
        #visibility enum #name {}
    }
}

/// Lets the expansion use the function if it is deprecated. Where that lint is `forbid`, a
/// deprecated function cannot be a handler. The routes could not name it either.
fn allow_deprecated(handler: &Handler) -> Option<TokenStream> {
    let is_deprecated = !handler.attributes(&["deprecated"]).is_empty();
    is_deprecated.then(|| quote!(#[allow(deprecated)]))
}
