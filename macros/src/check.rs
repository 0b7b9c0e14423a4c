//! Rejects options that contradict each other, and functions that cannot be handlers.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Error, FnArg, GenericParam, LitStr, ReturnType, Signature};

use crate::errors::Errors;
use crate::parse::{Function, Options, Texts};

/// Checks that no event is listed twice, and that the lists make sense.
pub(crate) fn options(options: &Options, errors: &mut Errors) {
    let name = |event: &LitStr| event.value().trim_start_matches("s3:").to_owned();

    for (index, event) in options.events.iter().enumerate() {
        let mut earlier = options.events.iter().take(index);
        if earlier.any(|earlier| name(earlier) == name(event)) {
            let message = format!("the event `{}` is listed twice: remove one", event.value());
            errors.push(Error::new(event.span(), message));
        }
    }

    let ignores_case = options.ignore_suffix_case.is_some();
    let is_start = |start: &str, text: &str| text.starts_with(start);
    let is_end = |end: &str, text: &str| {
        let (end, text) = (end.as_bytes(), text.as_bytes());
        let tail = text
            .len()
            .checked_sub(end.len())
            .map(|start| &text[start..]);
        tail.is_some_and(|tail| tail == end || (ignores_case && tail.eq_ignore_ascii_case(end)))
    };

    list("prefix", &options.prefix, is_start, errors);
    list("suffix", &options.suffix, is_end, errors);

    places("writes", &options.writes, errors);
    places("deletes", &options.deletes, errors);

    if let (Some(flag), None) = (options.ignore_suffix_case, &options.suffix) {
        let message = "`ignore_suffix_case` needs the option `suffix`, such as `suffix = \".jpg\"`";
        errors.push(Error::new(flag, message));
    }
}

/// Checks that each entry of a list takes keys that no other entry takes. `covers` says whether
/// each key that has the second has the first too.
fn list(
    name: &str,
    list: &Option<Texts>,
    covers: impl Fn(&str, &str) -> bool,
    errors: &mut Errors,
) {
    let Some(Texts {
        span,
        texts,
        is_list: true,
    }) = list
    else {
        return;
    };

    if texts.is_empty() {
        let message = format!("`{name}` is an empty list: leave it out to match everything");
        errors.push(Error::new(*span, message));
    }

    for (index, text) in texts.iter().enumerate() {
        let value = text.value();
        if value.is_empty() {
            let message = format!("an empty {name} in a list takes every key: remove it");
            errors.push(Error::new(text.span(), message));
            continue;
        }

        for earlier in texts[..index].iter().map(LitStr::value) {
            let message = if earlier == value {
                format!("the {name} `{value}` is listed twice: remove one")
            } else if earlier.is_empty() {
                continue;
            } else if covers(&earlier, &value) {
                format!("the {name} `{earlier}` covers `{value}`: remove the longer one")
            } else if covers(&value, &earlier) {
                format!("the {name} `{value}` covers `{earlier}`: remove the longer one")
            } else {
                continue;
            };
            errors.push(Error::new(text.span(), message));
        }
    }
}

/// Checks that each place says where it is, and that none is in another one.
fn places(name: &str, places: &Option<Texts>, errors: &mut Errors) {
    let Some(Texts { span, texts, .. }) = places else {
        return;
    };

    if texts.is_empty() {
        let message = format!("`{name}` is an empty list: leave it out");
        errors.push(Error::new(*span, message));
    }

    for (index, text) in texts.iter().enumerate() {
        let place = text.value();
        if place.is_empty() {
            let message = format!(
                "an empty prefix in `{name}` is the whole bucket: \
                 name a part of it, such as `thumbnails/`"
            );
            errors.push(Error::new(text.span(), message));
        } else if has_no_bucket(&place) {
            let message =
                format!("`{place}` in `{name}` has no bucket: write `s3://bucket/prefix`");
            errors.push(Error::new(text.span(), message));
        } else {
            let earlier = texts[..index].iter().map(LitStr::value);
            let earlier = earlier.filter(|one| !one.is_empty() && !has_no_bucket(one));
            for message in earlier.filter_map(|one| repeated(name, &one, &place)) {
                errors.push(Error::new(text.span(), message));
            }
        }
    }
}

fn has_no_bucket(place: &str) -> bool {
    place
        .strip_prefix("s3://")
        .is_some_and(|named| named.is_empty() || named.starts_with('/'))
}

/// The mistake of two places of which one is in the other.
fn repeated(name: &str, earlier: &str, later: &str) -> Option<String> {
    if earlier == later {
        Some(format!(
            "`{earlier}` is listed twice in `{name}`: remove one"
        ))
    } else if is_within(later, earlier) {
        Some(format!(
            "`{earlier}` covers `{later}` in `{name}`: remove the longer one"
        ))
    } else if is_within(earlier, later) {
        Some(format!(
            "`{later}` covers `{earlier}` in `{name}`: remove the longer one"
        ))
    } else {
        None
    }
}

/// Whether the keys of the first place are among those of the second.
fn is_within(inner: &str, outer: &str) -> bool {
    match (inner.strip_prefix("s3://"), outer.strip_prefix("s3://")) {
        (None, None) => inner.starts_with(outer),
        // `s3://photos` is a bucket, and `s3://photos-2` another one.
        (Some(inner), Some(outer)) => {
            let whole = |place: &str| match place.contains('/') {
                true => place.to_owned(),
                false => format!("{place}/"),
            };
            whole(inner).starts_with(&whole(outer))
        }
        _ => false,
    }
}

/// Checks that the function can be called with arguments made from a record, and that the
/// attribute lists an event.
pub(crate) fn function(options: &Options, function: &Function, errors: &mut Errors) {
    // The option that could not be parsed may have been the event.
    if options.events.is_empty() && errors.is_empty() {
        let message = "expected at least one event, such as `#[s3_handler(\"ObjectCreated:Put\")]`";
        errors.push(Error::new(Span::call_site(), message));
    }

    let signature = &function.signature;
    if signature.asyncness.is_none() {
        let message = "a handler must be async: write `async fn`";
        errors.push(Error::new(signature.fn_token.span, message));
    }

    generics(signature, errors);
    arguments(signature, errors);

    let has_receiver = matches!(signature.inputs.first(), Some(FnArg::Receiver(_)));
    if !has_receiver && is_method(function) {
        let message = "a handler cannot be an associated function: \
                       move it out of the `impl`, and write the type instead of `Self`";
        errors.push(Error::new(signature.ident.span(), message));
    }

    if let Some(variadic) = &signature.variadic {
        let message = "a handler cannot be variadic: list its arguments";
        errors.push(Error::new_spanned(variadic, message));
    }

    if let Some(unsafety) = signature.safety.to_token_stream().into_iter().next() {
        let message = "a handler cannot be unsafe: remove `unsafe`";
        errors.push(Error::new(unsafety.span(), message));
    }

    output(signature, errors);
}

/// Whether the function is certainly in an `impl`, where the attribute cannot add a type.
pub(crate) fn is_method(function: &Function) -> bool {
    let mut arguments = function.signature.inputs.iter();
    arguments.any(|argument| matches!(argument, FnArg::Receiver(_)))
        || mentions("Self", function.signature.to_token_stream())
}

/// Checks that the attribute is there once. Returns the function with the first one only, so that
/// the others add no errors of their own.
pub(crate) fn once(item: TokenStream, errors: &mut Errors) -> TokenStream {
    let mut kept = Vec::new();
    let mut tokens = item.into_iter().peekable();

    while let Some(token) = tokens.next() {
        match (&token, tokens.peek()) {
            (TokenTree::Punct(hash), Some(TokenTree::Group(attribute)))
                if hash.as_char() == '#' && is_handler_attribute(attribute.stream()) =>
            {
                let message = "`#[s3_handler]` is on this function twice: \
                               list all events in one of them, and remove the other";
                errors.push(Error::new(attribute.span(), message));
                tokens.next();
            }
            _ => kept.push(token),
        }
    }

    kept.into_iter().collect()
}

/// Whether this is the content of `#[s3_handler(...)]`, with any path.
fn is_handler_attribute(content: TokenStream) -> bool {
    let path = content.into_iter().take_while(|token| match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(sign) => sign.as_char() == ':',
        _ => false,
    });

    matches!(path.last(), Some(TokenTree::Ident(name)) if name == "s3_handler")
}

fn generics(signature: &Signature, errors: &mut Errors) {
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            let message = "a handler cannot be generic: use concrete types, \
                           or route a closure with `Routes::on_fn`";
            errors.push(Error::new_spanned(parameter, message));
        }
    }
}

fn arguments(signature: &Signature, errors: &mut Errors) {
    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(receiver) => {
                let message = "a handler cannot be a method: \
                               move it out of the `impl` and take `State<T>` instead of `self`";
                errors.push(Error::new_spanned(receiver, message));
            }
            FnArg::Typed(argument) if mentions_impl(argument.ty.to_token_stream()) => {
                let message = "an argument of a handler cannot be `impl Trait`: \
                               name the type, such as `ObjectKey`";
                errors.push(Error::new_spanned(&argument.ty, message));
            }
            FnArg::Typed(_) => {}
        }
    }
}

fn output(signature: &Signature, errors: &mut Errors) {
    match &signature.output {
        ReturnType::Default => {
            let message = "a handler must return `Result<(), E>`: \
                           add a return type, such as `Result<(), HandlerError>`";
            errors.push(Error::new(signature.ident.span(), message));
        }
        ReturnType::Type(_, output) if mentions_impl(output.to_token_stream()) => {
            let message = "a handler cannot return `impl Trait`: \
                           name the type, such as `Result<(), HandlerError>`";
            errors.push(Error::new_spanned(output, message));
        }
        ReturnType::Type(..) => {}
    }
}

/// Whether `impl Trait` occurs anywhere in the type.
fn mentions_impl(ty: TokenStream) -> bool {
    mentions("impl", ty)
}

fn mentions(word: &str, tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(found) => found == word,
        TokenTree::Group(group) => mentions(word, group.stream()),
        _ => false,
    })
}
