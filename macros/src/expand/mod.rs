//! Writes the code of a handler: a type with the function's name that implements `Handler`.
//!
//! The code names only absolute paths in `__private`, so that it works in any module, no matter
//! which names are in scope.

mod lifetimes;
mod handler;
mod assertions;
mod implementation;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

pub(crate) use handler::Handler;

/// The code of a correct handler.
pub(crate) fn expand(handler: &Handler) -> TokenStream {
    let name = handler.name();
    let marker = marker(handler);
    let cfgs = handler.attributes(&["cfg"]);

    let (import, state) = (handler.import(), handler.state());
    let assertions = assertions::assertions(handler);
    let implementation = implementation::implementation(handler);

    quote! {
        #marker
        // Uses the function, so that a handler without a route gives one warning, at its name.
        #(#cfgs)*
        #[allow(deprecated)]
        const _: fn() = || { let _ = #name; };
        #(#cfgs)*
        #[allow(deprecated, unused_qualifications, clippy::all, clippy::pedantic)]
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

/// The type that `Routes::on` takes.
fn marker(handler: &Handler) -> TokenStream {
    let name = handler.name();
    let visibility = &handler.function.visibility;
    let attributes = handler.attributes(&["cfg", "allow", "deprecated"]);
    // Every token has the span of the name: the compiler never reports an item as unused that
    // begins inside a macro.
    let marker = quote_spanned!(name.span()=> #visibility enum #name {});

    quote! {
        #(#attributes)*
        #[doc(hidden)]
        #[allow(missing_copy_implementations, missing_debug_implementations)]
        #[allow(non_camel_case_types, unreachable_pub)]
        #[allow(clippy::all, clippy::pedantic, clippy::exhaustive_enums)]
        #marker
    }
}
