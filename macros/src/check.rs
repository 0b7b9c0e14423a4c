//! What a handler must not be.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Error, FnArg, GenericParam, ReturnType, Signature};

use crate::parse::Errors;

pub(crate) fn check(signature: &Signature, errors: &mut Errors) {
    if signature.asyncness.is_none() {
        errors.push(Error::new(
            signature.fn_token.span,
            "a handler is an `async fn`: write `async` before this",
        ));
    }

    for parameter in &signature.generics.params {
        let message = match parameter {
            GenericParam::Lifetime(_) => continue,
            GenericParam::Type(_) | GenericParam::Const(_) => {
                "a handler is not generic, since `Routes::on` takes it by its name; implement `Handler` for a generic type, \
                 or pass an instance of the function to `Routes::on_fn`"
            }
        };

        errors.push(Error::new_spanned(parameter, message));
    }

    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(receiver) => {
                errors.push(Error::new_spanned(
                    receiver,
                    "a handler is a function on its own and takes no `self`",
                ));
            }
            FnArg::Typed(argument) => {
                if mentions_impl(argument.ty.to_token_stream()) {
                    let message = "an argument of a handler has a type with a name, such as `ObjectKey`, not `impl Trait`";
                    errors.push(Error::new_spanned(&argument.ty, message));
                }
            }
        }
    }

    if let Some(variadic) = &signature.variadic {
        errors.push(Error::new_spanned(
            variadic,
            "a handler has a fixed number of arguments",
        ));
    }

    if let Some(unsafety) = signature.safety.to_token_stream().into_iter().next() {
        errors.push(Error::new(unsafety.span(), "a handler is a safe function"));
    }

    match &signature.output {
        ReturnType::Default => {
            let message = "a handler returns `Result<(), E>`: end it in `Ok(())`, so that failures can be delivered again";
            errors.push(Error::new(signature.ident.span(), message));
        }
        ReturnType::Type(_, output) => {
            if mentions_impl(output.to_token_stream()) {
                let message = "a handler returns a type with a name, such as `Result<(), HandlerError>`, not `impl Trait`";
                errors.push(Error::new_spanned(output, message));
            }
        }
    }
}

/// Whether the type says `impl Trait`, however deep.
fn mentions_impl(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        _ => false,
    })
}

/// Whether the function stands in an `impl`, where no type can be put beside it.
pub(crate) fn is_method(signature: &Signature) -> bool {
    signature
        .inputs
        .iter()
        .any(|argument| matches!(argument, FnArg::Receiver(_)))
}
