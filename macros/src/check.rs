//! What a handler must not be.

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Error, FnArg, GenericParam, ReturnType, Signature, Type};

use crate::parse::Errors;

pub(crate) fn check(signature: &Signature, errors: &mut Errors) {
    if signature.asyncness.is_none() {
        errors.push(Error::new(signature.fn_token.span(), "a handler is an `async fn`"));
    }
    for parameter in &signature.generics.params {
        let message = match parameter {
            GenericParam::Lifetime(_) => continue,
            GenericParam::Type(_) | GenericParam::Const(_) => {
                "a handler is not generic, since `Routes::on` takes it by its name; implement `Handler` for a generic type, \
                 or pass an instance of the function to `Routes::on_fn`"
            }
        };
        errors.push(Error::new(parameter.span(), message));
    }
    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(receiver) => {
                errors.push(Error::new(receiver.span(), "a handler is a function on its own and takes no `self`"));
            }
            FnArg::Typed(argument) => {
                if let Type::ImplTrait(_) = *argument.ty {
                    errors.push(Error::new(argument.ty.span(), "an argument of a handler has a type with a name"));
                }
            }
        }
    }
    if let Some(variadic) = &signature.variadic {
        errors.push(Error::new(variadic.span(), "a handler has a fixed number of arguments"));
    }
    if let Some(unsafety) = signature.safety.to_token_stream().into_iter().next() {
        errors.push(Error::new(unsafety.span(), "a handler is a safe function"));
    }
    if let ReturnType::Default = signature.output {
        let message = "a handler returns `Result<(), E>`: end it in `Ok(())`, so that failures can be delivered again";
        errors.push(Error::new(signature.ident.span(), message));
    }
}

/// Whether the function stands in an `impl`, where no type can be put beside it.
pub(crate) fn is_method(signature: &Signature) -> bool {
    signature.inputs.iter().any(|argument| matches!(argument, FnArg::Receiver(_)))
}
