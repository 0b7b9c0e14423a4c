//! The parsed handler, with what all parts of the expansion need.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, FnArg, Ident, ReturnType, Type};

use super::lifetimes;
use crate::parse::{Function, Options};

/// A function and the options of its attribute.
pub(crate) struct Handler {
    pub(super) options: Options,
    pub(super) function: Function,
}

impl Handler {
    pub(crate) fn new(options: Options, function: Function) -> Self {
        Self { options, function }
    }

    pub(crate) fn function(&self) -> &Function {
        &self.function
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.function.signature.ident
    }

    pub(super) fn argument_types(&self) -> Vec<Type> {
        let typed = |argument: &FnArg| match argument {
            FnArg::Typed(argument) => Some((*argument.ty).clone()),
            FnArg::Receiver(_) => None,
        };

        let arguments = self.function.signature.inputs.iter();
        arguments.filter_map(typed).collect()
    }

    pub(super) fn output(&self) -> Option<&Type> {
        match &self.function.signature.output {
            ReturnType::Type(_, output) => Some(output),
            ReturnType::Default => None,
        }
    }

    /// The type with all lifetimes of the function replaced by this one.
    pub(super) fn with_lifetime(&self, ty: &Type, name: &str) -> Type {
        lifetimes::name_all(ty, &self.function.signature.generics, name)
    }

    /// The name of the constant that says whether an argument is made asynchronously.
    pub(super) fn asynchrony(&self, index: usize) -> Ident {
        format_ident!("__ASYNC_{index}")
    }

    /// The function's attributes with one of these names.
    pub(super) fn attributes(&self, names: &[&str]) -> Vec<&Attribute> {
        let is_named =
            |attribute: &&Attribute| names.iter().any(|name| attribute.path().is_ident(name));
        self.function.attributes.iter().filter(is_named).collect()
    }

    /// Whether the attribute has the option `crate`.
    pub(crate) fn names_its_crate(&self) -> bool {
        self.options.krate.is_some()
    }

    /// Imports `__private`. Nothing else uses the path to the crate, so a wrong path is one error.
    pub(super) fn import(&self) -> TokenStream {
        let path = match &self.options.krate {
            Some(path) => path.to_token_stream(),
            None => quote!(::s3_dispatch),
        };
        quote!(use #path::__private;)
    }

    /// Defines `__State`. Nothing else uses the option `state`, so a wrong type is one error.
    ///
    /// Without the option, any `State<T>` is accepted here and checked where the handler is routed.
    pub(super) fn state(&self) -> TokenStream {
        let state = match &self.options.state {
            Some(state) => state.to_token_stream(),
            None => quote!(__private::AnyState),
        };
        quote!(type __State = #state;)
    }
}
