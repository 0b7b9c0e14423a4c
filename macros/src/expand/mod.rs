//! The code of a handler.

mod lifetimes;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Ident, LitStr, Path, ReturnType, Type};

use crate::parse::{Arguments, Errors, Function};
use crate::check;

pub(crate) fn s3_handler(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = Arguments::parse(arguments, &mut errors);

    let handler = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => {
            arguments.require_events(&mut errors);
            check::check(&function.signature, &mut errors);

            Some(Handler {
                arguments,
                function,
            })
        }
        Err(error) => {
            errors.push(syn::Error::new(
                error.span(),
                format!("`#[s3_handler]` stands on an async fn: {error}"),
            ));
            None
        }
    };

    let beside = match (errors.into_error(), handler) {
        (None, Some(handler)) => handler.expand(),
        (None, None) => TokenStream::new(),
        (Some(error), handler) => {
            let stand_in = handler.filter(|handler| !check::is_method(&handler.function.signature));
            let stand_in = stand_in.map(|handler| handler.stand_in());
            let error = error.to_compile_error();
            quote!(#error #stand_in)
        }
    };

    quote!(#item #beside)
}

struct Handler {
    arguments: Arguments,
    function: Function,
}

impl Handler {
    fn expand(&self) -> TokenStream {
        let marker = self.marker();
        let name = &self.function.signature.ident;

        let event_checks = self
            .arguments
            .events
            .iter()
            .map(|event| self.check_event(event));

        let argument_checks = self
            .argument_types()
            .into_iter()
            .map(|argument| self.check_argument(&argument));
        let output_check = self.check_output();
        let handler = self.implement();
        let (import, state, cfgs) = (self.import(), self.name_state(), self.attributes(&["cfg"]));

        quote! {
            #marker
            // Mentions the function, so that only a forgotten route is reported, once, at its name.
            #(#cfgs)*
            #[allow(deprecated)]
            const _: fn() = || { let _ = #name; };
            #(#cfgs)*
            #[allow(deprecated, unused_qualifications, clippy::all, clippy::pedantic)]
            const _: () = {
                #import
                #state
                #(#event_checks)*
                #(#argument_checks)*
                #output_check
                #handler
            };
        }
    }

    /// The type that `Routes::on` takes.
    fn marker(&self) -> TokenStream {
        let Function {
            visibility,
            signature,
            ..
        } = &self.function;

        let name = &signature.ident;
        let attributes = self.attributes(&["cfg", "allow", "deprecated"]);
        // Wholly at the name: an item that begins inside a macro is never reported as unused.
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

    /// Instead of the handler when something is wrong, so that its routes do not complain as well.
    fn stand_in(&self) -> TokenStream {
        let marker = self.marker();
        let name = &self.function.signature.ident;
        let (import, cfgs) = (self.import(), self.attributes(&["cfg"]));

        quote! {
            #marker
            #(#cfgs)*
            const _: () = {
                #import

                impl<S> __private::Handler<S> for #name {
                    fn route() -> __private::Route {
                        loop {}
                    }

                    fn handle<'r>(_: __private::Context<'r, S>) -> __private::BoxFuture<'r, __private::Outcome> {
                        loop {}
                    }
                }
            };
        }
    }

    fn implement(&self) -> TokenStream {
        let name = &self.function.signature.ident;
        let text = name.unraw().to_string();
        let (generics, state) = match &self.arguments.state {
            Some(_) => (quote!(), quote!(__State)),
            None => (quote!(<__S: __private::Sync>), quote!(__S)),
        };

        let types: Vec<Type> = self
            .argument_types()
            .iter()
            .map(|argument| self.with_lifetime(argument, "'__r"))
            .collect();

        let values: Vec<Ident> = (0..types.len())
            .map(|index| format_ident!("__argument_{index}"))
            .collect();
        let bounds = types
            .iter()
            .map(|argument| quote!(for<'__r> #argument: __private::FromRecord<'__r, #state>));
        let bounds: Vec<_> = bounds.collect();

        let output_bound = match &self.function.signature.output {
            ReturnType::Type(_, output) => {
                let output = self.with_lifetime(output, "'__r");
                quote!(for<'__r> #output: __private::HandlerOutput<'__r>)
            }
            ReturnType::Default => quote!(),
        };

        let call = quote_spanned!(name.span()=> #name(#(#values),*));
        let call = quote_spanned!(name.span()=> __private::require_send(#call));

        let filters = [
            ("bucket", &self.arguments.bucket),
            ("prefix", &self.arguments.prefix),
            ("suffix", &self.arguments.suffix),
        ];

        let filters = filters.into_iter().filter_map(|(filter, value)| {
            let method = format_ident!("with_{filter}");
            value.as_ref().map(|value| quote!(.#method(#value)))
        });
        let events = self.arguments.events.iter();
        let mut patterns = events.map(|event| quote!(__private::EventPattern::from_static(#event)));
        let (first, others) = (patterns.next(), patterns);

        quote! {
            impl #generics __private::Handler<#state> for #name
            where
                #(#bounds,)*
                #output_bound
            {
                fn route() -> __private::Route {
                    __private::Route::new(#first)
                        #(.with_pattern(#others))*
                        .with_name(#text)
                        #(#filters)*
                }

                fn handle<'__r>(
                    __context: __private::Context<'__r, #state>,
                ) -> __private::BoxFuture<'__r, __private::Outcome> {
                    __private::Box::pin(async move {
                        let _ = __context;
                        #(
                            let #values = match <#types as __private::FromRecord<'__r, #state>>::from_record(__context) {
                                __private::Result::Ok(argument) => argument,
                                __private::Result::Err(error) => return __private::Outcome::Failed(error),
                            };
                        )*
                        __private::HandlerOutput::into_outcome(#call.await)
                    })
                }
            }
        }
    }

    /// Each event must be one that S3 has.
    fn check_event(&self, event: &LitStr) -> TokenStream {
        let check = quote_spanned!(event.span()=> __private::EventPattern::from_static(#event));
        quote!(const _: __private::EventPattern = #check;)
    }

    /// Each event must be able to give the argument, and the argument must be one.
    fn check_argument(&self, argument: &Type) -> TokenStream {
        let (first, last) = ends(argument);
        let text = argument.to_token_stream().to_string().replace(' ', "");
        let ty = self.with_lifetime(argument, "'_");
        let open = quote_spanned!(unseen(first)=> <);
        let close = quote_spanned!(unseen(last)=> >::EVENTS);
        let check = quote_spanned!(first=> __private::check_argument);

        let checks = self.arguments.events.iter().map(|event| {
            let event = LitStr::new(&event.value(), last);
            let values = quote_spanned!(last=> (__EVENTS, #event, #text));
            quote!(const _: () = #check #values;)
        });

        let events = quote_spanned!(last=> __EVENTS);

        quote! {
            const _: () = {
                const #events: &[__private::EventPattern] = #open #ty as __private::FromRecord<'_, __State> #close;
                #(#checks)*
            };
        }
    }

    fn check_output(&self) -> TokenStream {
        let ReturnType::Type(_, output) = &self.function.signature.output else {
            return TokenStream::new();
        };

        let (first, last) = ends(output);
        let ty = self.with_lifetime(output, "'_");
        let open = quote_spanned!(unseen(first)=> <);
        let close = quote_spanned!(unseen(last)=> >::into_outcome);

        quote!(const _: () = { let _ = #open #ty as __private::HandlerOutput<'_> #close; };)
    }

    fn argument_types(&self) -> Vec<Type> {
        let typed = |argument: &FnArg| match argument {
            FnArg::Typed(argument) => Some((*argument.ty).clone()),
            FnArg::Receiver(_) => None,
        };
        self.function
            .signature
            .inputs
            .iter()
            .filter_map(typed)
            .collect()
    }

    fn with_lifetime(&self, ty: &Type, name: &str) -> Type {
        lifetimes::name_all(ty, &self.function.signature.generics, name)
    }

    /// The one mention of the path to the crate, so that a wrong one is one error, there.
    fn import(&self) -> TokenStream {
        let path = self
            .arguments
            .krate
            .as_ref()
            .map_or_else(|| quote!(::s3_dispatch), Path::to_token_stream);
        quote!(use #path::__private;)
    }

    /// The one mention of the state, for the same reason. A state that is not named provides
    /// everything.
    fn name_state(&self) -> TokenStream {
        let state = self
            .arguments
            .state
            .as_ref()
            .map_or_else(|| quote!(__private::AnyState), Type::to_token_stream);
        quote!(type __State = #state;)
    }

    fn attributes(&self, names: &[&str]) -> Vec<&Attribute> {
        let is_named =
            |attribute: &&Attribute| names.iter().any(|name| attribute.path().is_ident(name));
        self.function.attributes.iter().filter(is_named).collect()
    }
}

/// The places of the first and the last token: what stands between them is underlined from end to
/// end.
fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens
        .into_token_stream()
        .into_iter()
        .map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);

    (first, spans.last().unwrap_or(first))
}

/// A place at which the compiler shows a mistake, but proposes no edit: the user did not write the
/// code.
fn unseen(place: Span) -> Span {
    Span::call_site().located_at(place)
}
