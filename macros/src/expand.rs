//! The code of a handler.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, Ident, Lifetime, Path, ReturnType, Type, TypeReference};

use crate::check;
use crate::parse::{Arguments, Errors, Function};

pub(crate) fn s3_handler(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = Arguments::parse(arguments, &mut errors);
    let handler = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => {
            arguments.require_events(&mut errors);
            check::check(&function.signature, &mut errors);
            Some(Handler { arguments, function })
        }
        Err(error) => {
            errors.push(syn::Error::new(error.span(), format!("`#[s3_handler]` stands on an async fn: {error}")));
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
        let private = self.private();
        let events = &self.arguments.events;
        let patterns: Vec<Ident> = (0..events.len()).map(|index| format_ident!("EVENT_{index}")).collect();
        let pattern_checks = events.iter().zip(&patterns).map(|(event, pattern)| {
            let span = event.span();
            let call = spanned(quote!(#private::EventPattern::from_static(#event)), span);
            quote_spanned!(span=> const #pattern: #private::EventPattern = #call;)
        });
        let argument_checks = self.argument_types().into_iter().map(|argument| self.check_argument(&argument));
        let output_check = self.check_output();
        let handler = self.implement(&patterns);
        let cfgs = self.cfgs();
        quote! {
            #marker
            // Mentions the function, so that only a forgotten route is reported, once, at its name.
            #(#cfgs)*
            #[allow(deprecated)]
            const _: fn() = || { let _ = #name; };
            #(#cfgs)*
            #[allow(deprecated, clippy::all, clippy::pedantic)]
            const _: () = {
                #(#pattern_checks)*
                #(#argument_checks)*
                #output_check
                #handler
            };
        }
    }

    /// The type that `Routes::on` takes.
    fn marker(&self) -> TokenStream {
        let Function { visibility, signature, .. } = &self.function;
        let name = &signature.ident;
        let cfgs = self.cfgs();
        quote! {
            #(#cfgs)*
            #[doc(hidden)]
            #[allow(non_camel_case_types, unreachable_pub, clippy::empty_enums)]
            #visibility enum #name {}
        }
    }

    /// Instead of the handler when something is wrong, so that its routes do not complain as well.
    fn stand_in(&self) -> TokenStream {
        let marker = self.marker();
        let name = &self.function.signature.ident;
        let private = self.private();
        quote! {
            #marker
            const _: () = {
                impl<S> #private::Handler<S> for #name {
                    fn route() -> #private::Route {
                        loop {}
                    }

                    fn handle<'r>(_: #private::Context<'r, S>) -> #private::BoxFuture<'r, #private::Outcome> {
                        loop {}
                    }
                }
            };
        }
    }

    fn implement(&self, patterns: &[Ident]) -> TokenStream {
        let private = self.private();
        let name = &self.function.signature.ident;
        let text = name.to_string();
        let (generics, state) = match &self.arguments.state {
            Some(state) => (quote!(), quote!(#state)),
            None => (quote!(<__S: #private::Sync>), quote!(__S)),
        };
        let types: Vec<Type> =
            self.argument_types().iter().map(|argument| self.with_lifetime(argument, "'__r")).collect();
        let values: Vec<Ident> = (0..types.len()).map(|index| format_ident!("__argument_{index}")).collect();
        let bounds = types.iter().map(|argument| quote!(for<'__r> #argument: #private::FromRecord<'__r, #state>));
        let bounds: Vec<_> = bounds.collect();
        let output_bound = match &self.function.signature.output {
            ReturnType::Type(_, output) => quote!(for<'__r> #output: #private::HandlerOutput<'__r>),
            ReturnType::Default => quote!(),
        };
        let call = quote_spanned!(name.span()=> #name(#(#values),*));
        let send = spanned(quote!(#private::require_send), name.span());
        let call = quote_spanned!(name.span()=> #send(#call));
        let filters = [
            ("bucket", &self.arguments.bucket),
            ("prefix", &self.arguments.prefix),
            ("suffix", &self.arguments.suffix),
        ];
        let filters = filters.into_iter().filter_map(|(filter, value)| {
            let method = format_ident!("with_{filter}");
            value.as_ref().map(|value| quote!(.#method(#value)))
        });
        let (first, others) = match patterns {
            [first, others @ ..] => (Some(first), others),
            [] => (None, patterns),
        };
        quote! {
            impl #generics #private::Handler<#state> for #name
            where
                #(#bounds,)*
                #output_bound
            {
                fn route() -> #private::Route {
                    #private::Route::new(#first)
                        #(.with_pattern(#others))*
                        .with_name(#text)
                        #(#filters)*
                }

                fn handle<'__r>(
                    __context: #private::Context<'__r, #state>,
                ) -> #private::BoxFuture<'__r, #private::Outcome> {
                    #private::Box::pin(async move {
                        let _ = __context;
                        #(
                            let #values = match <#types as #private::FromRecord<'__r, #state>>::from_record(__context) {
                                #private::Result::Ok(argument) => argument,
                                #private::Result::Err(error) => return #private::Outcome::Failed(error),
                            };
                        )*
                        #private::HandlerOutput::into_outcome(#call.await)
                    })
                }
            }
        }
    }

    /// Each event must be able to give the argument, and the argument must be one.
    fn check_argument(&self, argument: &Type) -> TokenStream {
        let private = self.private();
        let span = argument.span();
        let state = match &self.arguments.state {
            Some(state) => quote!(#state),
            None => quote!(#private::AnyState),
        };
        let text = argument.to_token_stream().to_string().replace(" ", "");
        let argument = self.with_lifetime(argument, "'static");
        let events = spanned(quote!(<#argument as #private::FromRecord<'static, #state>>::EVENTS), span);
        let checks = self.arguments.events.iter().map(|event| {
            let event = syn::LitStr::new(&event.value(), span);
            spanned(quote!(const _: () = #private::check_argument(EVENTS, #event, #text);), span)
        });
        let head = spanned(quote!(const EVENTS: &[#private::EventPattern] = #events;), span);
        quote!(const _: () = { #head #(#checks)* };)
    }

    fn check_output(&self) -> TokenStream {
        let private = self.private();
        match &self.function.signature.output {
            ReturnType::Type(_, output) => {
                let check = spanned(quote!(#private::assert_output::<#output>();), output.span());
                quote!(const _: () = { #check };)
            }
            ReturnType::Default => TokenStream::new(),
        }
    }

    fn argument_types(&self) -> Vec<Type> {
        let typed = |argument: &FnArg| match argument {
            FnArg::Typed(argument) => Some((*argument.ty).clone()),
            FnArg::Receiver(_) => None,
        };
        self.function.signature.inputs.iter().filter_map(typed).collect()
    }

    /// The type with every lifetime that the function leaves open named.
    fn with_lifetime(&self, ty: &Type, lifetime: &str) -> Type {
        let own = self.function.signature.generics.lifetimes().map(|parameter| parameter.lifetime.ident.clone());
        let mut naming = NameLifetimes { own: own.collect(), name: lifetime };
        let mut ty = ty.clone();
        naming.visit_type_mut(&mut ty);
        ty
    }

    fn private(&self) -> TokenStream {
        match &self.arguments.krate {
            Some(path) => private_of(path),
            None => quote!(::s3_dispatch::__private),
        }
    }

    fn cfgs(&self) -> Vec<&syn::Attribute> {
        self.function.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect()
    }
}

fn private_of(path: &Path) -> TokenStream {
    quote!(#path::__private)
}

/// The same tokens, all at one place, for what the compiler says of them.
fn spanned(tokens: TokenStream, span: Span) -> TokenStream {
    let located = Span::call_site().located_at(span);
    respan(tokens, located)
}

fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    let respan_one = |mut token: proc_macro2::TokenTree| {
        if let proc_macro2::TokenTree::Group(group) = &token {
            token = proc_macro2::Group::new(group.delimiter(), respan(group.stream(), span)).into();
        }
        // Names keep where they resolve, and change only where they stand.
        let resolved = token.span();
        token.set_span(resolved.located_at(span));
        token
    };
    tokens.into_iter().map(respan_one).collect()
}

struct NameLifetimes<'n> {
    own: Vec<Ident>,
    name: &'n str,
}

impl VisitMut for NameLifetimes<'_> {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" || self.own.contains(&lifetime.ident) {
            *lifetime = Lifetime::new(self.name, lifetime.span());
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        let span = reference.and_token.span();
        reference.lifetime.get_or_insert_with(|| Lifetime::new(self.name, span));
        visit_mut::visit_type_reference_mut(self, reference);
    }
}
