//! The attribute's own arguments.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Ident, LitStr, Path, Result, Token, Type};

/// What stands in the parentheses of `#[s3_handler(...)]`.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) events: Vec<LitStr>,
    pub(crate) bucket: Option<LitStr>,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) suffix: Option<LitStr>,
    pub(crate) state: Option<Type>,
    pub(crate) krate: Option<Path>,
}

/// Collects mistakes, so that all are shown at once.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn into_error(self) -> Option<Error> {
        self.0
    }
}

impl Arguments {
    /// Reads the arguments one by one; a mistake in one does not hide those in the next.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut arguments = Self::default();
        for argument in split_at_commas(tokens) {
            let parser = |input: ParseStream<'_>| arguments.parse_one(input);
            if let Err(error) = parser.parse2(argument) {
                errors.push(error);
            }
        }

        arguments.check(errors);
        arguments
    }

    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let begins_option = |input: ParseStream<'_>| match input.fork().call(Ident::parse_any) {
            Ok(name) => is_option(&name) || input.peek2(Token![=]),
            Err(_) => false,
        };
        if input.peek(LitStr) {
            self.events.push(input.parse()?);
        } else if begins_option(input) {
            self.parse_option(input)?;
        } else {
            return Err(input.error("expected an event in quotes, such as \"ObjectCreated:Put\""));
        }

        if input.is_empty() {
            Ok(())
        } else {
            Err(input.error("a comma is missing before this"))
        }
    }

    fn parse_option(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name = input.call(Ident::parse_any)?;
        if !is_option(&name) {
            // The rest of it is no mistake of its own.
            input.parse::<TokenStream>()?;
            let message = format!(
                "unknown option `{name}`; the options are `bucket`, `prefix`, `suffix`, `state` and `crate`"
            );
            return Err(Error::new(name.span(), message));
        }

        let equals = input.parse::<Option<Token![=]>>()?;
        if equals.is_none() || input.is_empty() {
            let value = match name.to_string().as_str() {
                "state" => "App",
                "crate" => "path",
                _ => "\"...\"",
            };

            return Err(Error::new(
                name.span(),
                format!("`{name}` lacks its value: write `{name} = {value}`"),
            ));
        }

        match name.to_string().as_str() {
            "bucket" => set(&mut self.bucket, &name, text(input, &name)?),
            "prefix" => set(&mut self.prefix, &name, text(input, &name)?),
            "suffix" => set(&mut self.suffix, &name, text(input, &name)?),
            "state" => set(&mut self.state, &name, input.parse()?),
            _ => set(&mut self.krate, &name, input.call(Path::parse_mod_style)?),
        }
    }

    fn check(&self, errors: &mut Errors) {
        for (index, event) in self.events.iter().enumerate() {
            let name = |event: &LitStr| event.value().trim_start_matches("s3:").to_owned();
            if self
                .events
                .iter()
                .take(index)
                .any(|earlier| name(earlier) == name(event))
            {
                errors.push(Error::new(
                    event.span(),
                    format!("the event `{}` is named twice", event.value()),
                ));
            }
        }
    }

    /// Whether no event was named, which is no mistake of its own when another argument could not
    /// be read.
    pub(crate) fn require_events(&self, errors: &mut Errors) {
        if self.events.is_empty() && errors.0.is_none() {
            let message = "name the event to handle, such as #[s3_handler(\"ObjectCreated:Put\")]";
            errors.push(Error::new(Span::call_site(), message));
        }
    }
}

fn is_option(name: &Ident) -> bool {
    ["bucket", "prefix", "suffix", "state", "crate"]
        .iter()
        .any(|option| name == option)
}

fn text(input: ParseStream<'_>, name: &Ident) -> Result<LitStr> {
    if !input.peek(LitStr) {
        return Err(input.error(format!("`{name}` takes a text in quotes")));
    }

    let text: LitStr = input.parse()?;
    if text.value().is_empty() {
        return Err(Error::new(
            text.span(),
            format!("an empty `{name}` means nothing; leave it out"),
        ));
    }

    Ok(text)
}

fn set<T>(slot: &mut Option<T>, name: &Ident, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(name.span(), format!("`{name}` is given twice"))),
    }
}

/// Groups are one token each, so only the commas between arguments are seen; those of `state =
/// Pair<A, B>` are inside angle brackets, which are counted.
fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut arguments = vec![TokenStream::new()];
    let mut angles = 0usize;

    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => angles += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => angles = angles.saturating_sub(1),
            TokenTree::Punct(punct) if punct.as_char() == ',' && angles == 0 => {
                arguments.push(TokenStream::new());
                continue;
            }
            _ => {}
        }

        if let Some(argument) = arguments.last_mut() {
            argument.extend([token]);
        }
    }

    if arguments.last().is_some_and(TokenStream::is_empty) {
        arguments.pop();
    }

    arguments
}

/// The function, whose body is kept as tokens: it is the compiler's business, not ours.
pub(crate) struct Function {
    pub(crate) attributes: Vec<syn::Attribute>,
    pub(crate) visibility: syn::Visibility,
    pub(crate) signature: syn::Signature,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(syn::Attribute::parse_outer)?;
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
