//! The checks that only the compiler can make: that events exist and types fit.
//!
//! Each check has the span of the token that is wrong, so that the compiler points there.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{LitStr, Type};

use super::Handler;

/// Constants that fail to compile when an event, an argument or the output is wrong.
pub(super) fn assertions(handler: &Handler) -> TokenStream {
    let events = handler.options.events.iter().map(assert_event);
    let key = handler
        .options
        .key
        .as_ref()
        .map(|key| assert_key(handler, key));
    let effects = assert_effects(handler);
    let arguments = handler.argument_types();
    let arguments = arguments
        .iter()
        .enumerate()
        .map(|(index, argument)| assert_argument(handler, index, argument));
    let output = handler
        .output()
        .map(|output| assert_output(handler, output));

    quote! {
        #(#events)*
        #key
        #effects
        #(#arguments)*
        #output
    }
}

/// Asserts that the event exists in S3.
fn assert_event(event: &LitStr) -> TokenStream {
    let check = quote_spanned!(event.span()=> __private::check_event(#event));
    quote!(const _: __private::EventPattern = #check;)
}

/// The most mistakes in one pattern that are shown at once.
const MOST_MISTAKES: usize = 8;

/// Asserts that the pattern of keys has no mistake, and that each prefix and suffix fits it.
fn assert_key(handler: &Handler, key: &LitStr) -> TokenStream {
    let mistakes = (0..MOST_MISTAKES).map(
        |nth| quote_spanned!(key.span()=> const _: () = __private::check_key_pattern(#key, #nth);),
    );

    let options = &handler.options;
    let prefixes = options.prefix.iter().flat_map(|prefixes| &prefixes.texts);
    let prefixes = prefixes.map(|prefix| {
        let key = LitStr::new(&key.value(), prefix.span());
        quote_spanned!(prefix.span()=>
            const _: () = __private::check_prefix_fits_key(#prefix, #key);)
    });

    let ignores_case = options.ignore_suffix_case.is_some();
    let suffixes = options.suffix.iter().flat_map(|suffixes| &suffixes.texts);
    let suffixes = suffixes.map(|suffix| {
        let key = LitStr::new(&key.value(), suffix.span());
        quote_spanned!(suffix.span()=>
            const _: () = __private::check_suffix_fits_key(#suffix, #key, #ignores_case);)
    });

    quote! {
        #(#mistakes)*
        #(#prefixes)*
        #(#suffixes)*
    }
}

/// Asserts that the handler does not take what it writes or deletes itself.
///
/// With a pattern of keys, `Routes` decides that.
fn assert_effects(handler: &Handler) -> Option<TokenStream> {
    let options = &handler.options;
    if options.skip_own_writes.is_some() {
        return None;
    }

    let events: Vec<_> = options.events.iter().map(LitStr::value).collect();
    // With the span of a token, its path would be reported as an unused qualification.
    let none = quote!(__private::Option::None);
    let taken = options.deletes_taken.map(|span| {
        quote_spanned!(span=>
            const _: () = __private::check_own_deletions(&[#(#events),*], #none, &[], "");)
    });
    if options.key.is_some() {
        return taken;
    }

    let prefixes = options.prefix.iter().flat_map(|prefixes| &prefixes.texts);
    let prefixes: Vec<_> = prefixes.map(LitStr::value).collect();
    let bucket = options.bucket.as_ref().map(LitStr::value);
    let bucket = match bucket {
        Some(bucket) => quote!(__private::Option::Some(#bucket)),
        None => none,
    };

    let assert = |check: &str, place: &LitStr| {
        let check = Ident::new(check, place.span());
        quote_spanned!(place.span()=>
            const _: () =
                __private::#check(&[#(#events),*], #bucket, &[#(#prefixes),*], #place);)
    };
    let writes = options.writes.iter().flat_map(|places| &places.texts);
    let writes = writes.map(|place| assert("check_own_writes", place));
    let deletes = options.deletes.iter().flat_map(|places| &places.texts);
    let deletes = deletes.map(|place| assert("check_own_deletions", place));

    Some(quote!(#taken #(#writes)* #(#deletes)*))
}

/// Asserts that the type is a handler argument, and that each event can give it.
///
/// It also defines the constant that says whether the argument is made asynchronously.
fn assert_argument(handler: &Handler, index: usize, argument: &Type) -> TokenStream {
    let (first, last) = ends(argument);
    let text = argument.to_token_stream().to_string().replace(' ', "");
    let ty = handler.with_lifetime(argument, "'_");
    let open = quote_spanned!(without_edits(first)=> <);
    let close = quote_spanned!(without_edits(last)=> >::EVENTS);
    let check = quote_spanned!(first=> __private::check_argument);
    let asynchrony = handler.asynchrony(index);

    let checks = handler.options.events.iter().map(|event| {
        let event = LitStr::new(&event.value(), last);
        let values = quote_spanned!(last=> (__EVENTS, #event, #text));
        quote!(const _: () = #check #values;)
    });

    let events = quote_spanned!(last=> __EVENTS);
    let key = handler.options.key.is_none().then(|| {
        let close = quote_spanned!(without_edits(last)=> >::NEEDS_KEY);
        let check = quote_spanned!(first=> __private::check_needs_no_key);
        let values = quote_spanned!(last=> (__NEEDS_KEY, #text));
        quote! {
            const __NEEDS_KEY: bool =
                #open #ty as __private::Argument<'_, __State, { #asynchrony }> #close;
            const _: () = #check #values;
        }
    });

    quote! {
        const #asynchrony: bool = {
            use __private::NotAsync as _;
            <__private::Probe<'_, #ty, __State>>::ASYNC
        };
        const _: () = {
            const #events: &[__private::EventPattern] =
                #open #ty as __private::Argument<'_, __State, { #asynchrony }> #close;
            #(#checks)*
            #key
        };
    }
}

/// Asserts that the output is `Result<(), E>` with an error that fits.
fn assert_output(handler: &Handler, output: &Type) -> TokenStream {
    let (first, last) = ends(output);
    let ty = handler.with_lifetime(output, "'_");
    let open = quote_spanned!(without_edits(first)=> <);
    let close = quote_spanned!(without_edits(last)=> >::into_outcome);

    quote!(const _: () = { let _ = #open #ty as __private::HandlerOutput<'_> #close; };)
}

/// The spans of the first and the last token. The compiler underlines from one to the other.
fn ends(ty: &Type) -> (Span, Span) {
    let tokens = ty.to_token_stream().into_iter();
    let mut spans = tokens.map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);

    (first, spans.last().unwrap_or(first))
}

/// A span at which the compiler reports a mistake but suggests no edit, because the user did not
/// write the code.
fn without_edits(span: Span) -> Span {
    Span::call_site().located_at(span)
}
