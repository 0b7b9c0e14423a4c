//! Reads the attribute and the signature below it.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Error, Ident, LitStr, Path, Result, Signature, Token, Type, Visibility};

use crate::errors::Errors;

/// The text between the parentheses of `#[s3_handler(...)]`.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) events: Vec<LitStr>,
    pub(crate) bucket: Option<LitStr>,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) suffix: Option<LitStr>,
    pub(crate) state: Option<Type>,
    pub(crate) krate: Option<Path>,
}

/// The handler's function without its body, which is left to the compiler.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
}

impl Options {
    /// Reads the options one by one; a mistake in one does not hide a mistake in the next.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();

        for option in split_at_commas(tokens) {
            let parser = |input: ParseStream<'_>| options.parse_one(input);
            if let Err(error) = parser.parse2(option) {
                errors.push(error);
            }
        }

        options
    }

    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        if input.peek(LitStr) {
            self.events.push(input.parse()?);
        } else if begins_option(input) {
            self.parse_option(input)?;
        } else {
            let message = "expected an event name in quotes, such as `\"ObjectCreated:Put\"`";
            return Err(input.error(message));
        }

        if input.is_empty() {
            Ok(())
        } else {
            Err(input.error("expected a comma before this"))
        }
    }

    fn parse_option(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name = input.call(Ident::parse_any)?;
        let Some(example) = example(&name) else {
            // Skips the value, which would be reported as a second mistake.
            input.parse::<TokenStream>()?;
            let message = format!(
                "unknown option `{name}`, expected `bucket`, `prefix`, `suffix`, `state` or `crate`"
            );
            return Err(Error::new(name.span(), message));
        };

        let equals = input.parse::<Option<Token![=]>>()?;
        if equals.is_none() || input.is_empty() {
            let message = format!("`{name}` needs a value: write `{name} = {example}`");
            return Err(Error::new(name.span(), message));
        }

        match name.to_string().as_str() {
            "bucket" => set(&mut self.bucket, &name, text(input, &name, example)?),
            "prefix" => set(&mut self.prefix, &name, text(input, &name, example)?),
            "suffix" => set(&mut self.suffix, &name, text(input, &name, example)?),
            "state" => set(&mut self.state, &name, input.parse()?),
            _ => set(&mut self.krate, &name, input.call(Path::parse_mod_style)?),
        }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        input.parse::<TokenStream>()?;

        Ok(Self {
            attributes,
            visibility,
            signature,
        })
    }
}

fn begins_option(input: ParseStream<'_>) -> bool {
    match input.fork().call(Ident::parse_any) {
        Ok(name) => example(&name).is_some() || input.peek2(Token![=]),
        Err(_) => false,
    }
}

/// An example value of the option, or `None` if there is no such option.
fn example(name: &Ident) -> Option<&'static str> {
    match name.to_string().as_str() {
        "bucket" => Some("\"my-bucket\""),
        "prefix" => Some("\"incoming/\""),
        "suffix" => Some("\".jpg\""),
        "state" => Some("App"),
        "crate" => Some("path"),
        _ => None,
    }
}

fn text(input: ParseStream<'_>, name: &Ident, example: &str) -> Result<LitStr> {
    if !input.peek(LitStr) {
        return Err(input.error(format!(
            "`{name}` must be text in quotes, such as `{example}`"
        )));
    }

    let text: LitStr = input.parse()?;
    if text.value().is_empty() {
        let message = format!("`{name}` cannot be empty: leave it out to match everything");
        return Err(Error::new(text.span(), message));
    }

    Ok(text)
}

fn set<T>(slot: &mut Option<T>, name: &Ident, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => {
            let message = format!("`{name}` is given twice: remove one");
            Err(Error::new(name.span(), message))
        }
    }
}

/// Splits at the commas between options.
///
/// A group in parentheses or braces is one token, so the commas inside are not seen. Angle
/// brackets, as in `state = Pair<A, B>`, are separate tokens, so they are counted.
fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut options = vec![TokenStream::new()];
    let mut angles = 0usize;

    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => angles += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => angles = angles.saturating_sub(1),
            TokenTree::Punct(punct) if punct.as_char() == ',' && angles == 0 => {
                options.push(TokenStream::new());
                continue;
            }
            _ => {}
        }

        if let Some(option) = options.last_mut() {
            option.extend([token]);
        }
    }

    if options.last().is_some_and(TokenStream::is_empty) {
        options.pop();
    }

    options
}
