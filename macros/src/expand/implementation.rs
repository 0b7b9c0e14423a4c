//! The `impl Handler` of a handler.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Ident, Type};

use super::Handler;

/// Implements `Handler<S>`, for the state that the option names or for every state that fits.
pub(super) fn implementation(handler: &Handler) -> TokenStream {
    let name = handler.name();
    let (generics, state) = match &handler.options.state {
        Some(_) => (quote!(), quote!(__State)),
        None => (quote!(<__S: __private::Sync>), quote!(__S)),
    };

    let arguments: Vec<Type> = handler
        .argument_types()
        .iter()
        .map(|argument| handler.with_lifetime(argument, "'__r"))
        .collect();
    let bounds = arguments.iter().enumerate().map(|(index, argument)| {
        let asynchrony = handler.asynchrony(index);
        quote!(for<'__r> #argument: __private::Argument<'__r, #state, { #asynchrony }>)
    });
    let output_bound = handler.output().map(|output| {
        let output = handler.with_lifetime(output, "'__r");
        quote!(for<'__r> #output: __private::HandlerOutput<'__r>)
    });

    let (route, check) = (route(handler, &state), check(handler, &state));
    let handle = handle(handler, &arguments, &state);
    let witness = witness(handler);

    quote! {
        #witness
        impl #generics __private::Handler<#state> for #name
        where
            #(#bounds,)*
            #output_bound
        {
            #route
            #check
            #handle
        }
    }
}

/// A function that only `route` calls, so it is unused if no route names the handler.
///
/// The compiler does not report an unused item of an expansion. So each token of this one has the
/// span of the handler's name.
fn witness(handler: &Handler) -> TokenStream {
    let (name, span) = (witness_name(handler), handler.name().span());
    let attributes = handler.attributes(&["allow"]);
    let function = quote_spanned!(span=> const fn #name() {});

    quote! {
        #(#attributes)*
        #function
    }
}

/// The name that the compiler shows if no route names the handler.
fn witness_name(handler: &Handler) -> Ident {
    let name = handler.name();
    format_ident!("{}_without_a_route", name.unraw(), span = name.span())
}

/// The method `route`: the events and the filters of the attribute, and what the arguments say.
fn route(handler: &Handler, state: &TokenStream) -> TokenStream {
    let name = handler.name().unraw().to_string();

    let events = handler.options.events.iter();
    // Made by the compiler, so that a program has nothing to parse when it starts.
    let mut patterns =
        events.map(|event| quote!(const { __private::EventPattern::from_static(#event) }));
    let (first, others) = (patterns.next(), patterns);

    let witness = witness_name(handler);
    let filters = filters(handler);
    let arguments = arguments_as(handler, state);

    quote! {
        fn route() -> __private::Route {
            #witness();
            let __route = __private::Route::new(#first)
                #(.with_pattern(#others))*
                .with_name(#name)
                #(#filters)*;
            __private::with_arguments(__route, &[#(#arguments::DISTINGUISHES_VERSIONS),*])
        }
    }
}

/// The calls that set the filters of the attribute.
fn filters(handler: &Handler) -> Vec<TokenStream> {
    let options = &handler.options;
    let filters = [
        options
            .bucket
            .as_ref()
            .map(|bucket| quote!(.with_bucket(#bucket))),
        options.prefix.as_ref().map(|prefixes| {
            let prefixes = &prefixes.texts;
            quote!(.with_prefixes([#(#prefixes),*]))
        }),
        options.suffix.as_ref().map(|suffixes| {
            let suffixes = &suffixes.texts;
            quote!(.with_suffixes([#(#suffixes),*]))
        }),
        options
            .ignore_suffix_case
            .map(|_| quote!(.ignore_suffix_case())),
        options.no_folders.map(|_| quote!(.no_folders())),
        options.key.as_ref().map(|key| quote!(.with_key(#key))),
        options.reads.map(|_| quote!(.reads())),
        options.writes.as_ref().map(|places| {
            let places = &places.texts;
            quote!(#(.writes(#places))*)
        }),
        options.deletes.as_ref().map(|places| {
            let places = &places.texts;
            quote!(#(.deletes(#places))*)
        }),
        options.deletes_taken.map(|_| quote!(.deletes_taken())),
        options.skip_own_writes.map(|_| quote!(.skip_own_writes())),
    ];

    filters.into_iter().flatten().collect()
}

/// Each argument as one of its trait: `<A as Argument<'static, S, false>>`.
fn arguments_as(handler: &Handler, state: &TokenStream) -> Vec<TokenStream> {
    let arguments = handler.argument_types();
    let arguments = arguments.iter().enumerate().map(|(index, argument)| {
        let argument = handler.with_lifetime(argument, "'static");
        let asynchrony = handler.asynchrony(index);
        quote!(<#argument as __private::Argument<'static, #state, { #asynchrony }>>)
    });

    arguments.collect()
}

/// The method `check`: asks each argument whether it fits the route.
fn check(handler: &Handler, state: &TokenStream) -> TokenStream {
    let arguments = arguments_as(handler, state);

    quote! {
        fn check(__route: &__private::Route) -> __private::Result<(), __private::Error> {
            let _ = __route;
            #(#arguments::check(__route)?;)*
            __private::Result::Ok(())
        }
    }
}

/// The method `handle`: makes the arguments in order, calls the function, and turns its output into
/// an outcome.
fn handle(handler: &Handler, arguments: &[Type], state: &TokenStream) -> TokenStream {
    let name = handler.name();
    let values: Vec<_> = (0..arguments.len())
        .map(|index| format_ident!("__argument_{index}"))
        .collect();
    let asynchronies = (0..arguments.len()).map(|index| handler.asynchrony(index));

    let call = quote_spanned!(name.span()=> #name(#(#values),*));
    let call = quote_spanned!(name.span()=> __private::require_send(#call));

    quote! {
        fn handle<'__r>(
            __context: __private::Context<'__r, #state>,
        ) -> __private::BoxFuture<'__r, __private::Outcome> {
            __private::Box::pin(async move {
                let _ = __context;
                #(
                    let #values = match <
                        #arguments as __private::Argument<'__r, #state, { #asynchronies }>
                    >::make(__context) {
                        __private::Made::Now(made) => made,
                        __private::Made::Later(making) => making.await,
                    };
                    let #values = match #values {
                        __private::Result::Ok(argument) => argument,
                        __private::Result::Err(error) => {
                            return __context.settle(__private::From::from(error));
                        }
                    };
                )*
                __context.settle(__private::HandlerOutput::into_outcome(#call.await))
            })
        }
    }
}
