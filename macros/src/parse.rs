//! Reads the attribute and the signature below it.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{
    Attribute, Error, Ident, LitStr, Path, Result, Signature, Token, Type, Visibility, bracketed,
    token,
};

use crate::errors::Errors;

/// The text between the parentheses of `#[s3_handler(...)]`.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) events: Vec<LitStr>,
    pub(crate) bucket: Option<LitStr>,
    pub(crate) prefix: Option<Texts>,
    pub(crate) suffix: Option<Texts>,
    /// The span of the flag, if it is there.
    pub(crate) ignore_suffix_case: Option<Span>,
    pub(crate) no_folders: Option<Span>,
    pub(crate) key: Option<LitStr>,
    pub(crate) reads: Option<Span>,
    pub(crate) writes: Option<Texts>,
    pub(crate) deletes: Option<Texts>,
    /// The span of `deletes` without a value.
    pub(crate) deletes_taken: Option<Span>,
    pub(crate) skip_own_writes: Option<Span>,
    pub(crate) state: Option<Type>,
    pub(crate) krate: Option<Path>,
}

/// A text, or a list of texts in brackets.
pub(crate) struct Texts {
    pub(crate) span: Span,
    pub(crate) texts: Vec<LitStr>,
    pub(crate) is_list: bool,
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
                "unknown option `{name}`, expected `bucket`, `prefix`, `suffix`, \
                 `ignore_suffix_case`, `no_folders`, `key`, `reads`, `writes`, `deletes`, \
                 `skip_own_writes`, `state` or `crate`"
            );
            return Err(Error::new(name.span(), message));
        };

        if is_flag(&name) {
            return self.parse_flag(&name, input);
        }
        if name == "deletes" && input.is_empty() {
            let is_new = self.deletes.is_none();
            return set_once(&mut self.deletes_taken, &name, name.span(), is_new);
        }

        let equals = input.parse::<Option<Token![=]>>()?;
        if equals.is_none() || input.is_empty() {
            let elsewhere = example_elsewhere(&name)
                .map(|example| format!(", or `{name} = {example}` for another bucket"))
                .unwrap_or_default();
            let message = format!("`{name}` needs a value: write `{name} = {example}`{elsewhere}");
            return Err(Error::new(name.span(), message));
        }

        match name.to_string().as_str() {
            "bucket" => set(&mut self.bucket, &name, text(input, &name, example)?),
            "prefix" => set(&mut self.prefix, &name, texts(input, &name, example)?),
            "suffix" => set(&mut self.suffix, &name, texts(input, &name, example)?),
            "key" => set(&mut self.key, &name, text(input, &name, example)?),
            "writes" => set(&mut self.writes, &name, places(input, &name, example)?),
            "deletes" => {
                let is_new = self.deletes_taken.is_none();
                let places = places(input, &name, example)?;
                set_once(&mut self.deletes, &name, places, is_new)
            }
            "state" => set(&mut self.state, &name, input.parse()?),
            _ => set(&mut self.krate, &name, input.call(Path::parse_mod_style)?),
        }
    }

    fn parse_flag(&mut self, name: &Ident, input: ParseStream<'_>) -> Result<()> {
        if !input.is_empty() {
            input.parse::<TokenStream>()?;
            let message = format!("`{name}` takes no value: write `{name}`");
            return Err(Error::new(name.span(), message));
        }

        let flag = match name.to_string().as_str() {
            "no_folders" => &mut self.no_folders,
            "reads" => &mut self.reads,
            "skip_own_writes" => &mut self.skip_own_writes,
            _ => &mut self.ignore_suffix_case,
        };
        set(flag, name, name.span())
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
        "ignore_suffix_case" | "no_folders" | "reads" | "skip_own_writes" => Some(""),
        "writes" | "deletes" => Some("\"thumbnails/\""),
        "key" => Some("\"tenants/{tenant}/{file*}\""),
        "state" => Some("App"),
        "crate" => Some("path"),
        _ => None,
    }
}

/// An example value of the option that names another bucket, if it can name one.
fn example_elsewhere(name: &Ident) -> Option<&'static str> {
    (name == "writes" || name == "deletes").then_some("\"s3://my-bucket/thumbnails/\"")
}

/// Whether the option is a word without a value.
fn is_flag(name: &Ident) -> bool {
    [
        "ignore_suffix_case",
        "no_folders",
        "reads",
        "skip_own_writes",
    ]
    .iter()
    .any(|flag| name == flag)
}

/// A text that is not empty, or a list of texts.
fn texts(input: ParseStream<'_>, name: &Ident, example: &str) -> Result<Texts> {
    let texts = places(input, name, example)?;
    match &texts.texts[..] {
        [text] if !texts.is_list => not_empty(text, name)?,
        _ => {}
    }

    Ok(texts)
}

/// A text, or a list of them. Mistakes in a list are found later, all at once.
fn places(input: ParseStream<'_>, name: &Ident, example: &str) -> Result<Texts> {
    if !input.peek(token::Bracket) {
        let text = any_text(input, name, example)?;
        return Ok(Texts {
            span: text.span(),
            texts: vec![text],
            is_list: false,
        });
    }

    let content;
    let brackets = bracketed!(content in input);
    let mut texts = Vec::new();
    while !content.is_empty() {
        if !content.peek(LitStr) {
            let message = format!("`{name}` must be a list of texts in quotes: `[{example}]`");
            return Err(content.error(message));
        }

        texts.push(content.parse()?);
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }

    Ok(Texts {
        span: brackets.span.join(),
        texts,
        is_list: true,
    })
}

fn text(input: ParseStream<'_>, name: &Ident, example: &str) -> Result<LitStr> {
    let text = any_text(input, name, example)?;
    not_empty(&text, name)?;

    Ok(text)
}

fn any_text(input: ParseStream<'_>, name: &Ident, example: &str) -> Result<LitStr> {
    if !input.peek(LitStr) {
        return Err(input.error(format!(
            "`{name}` must be text in quotes, such as `{example}`"
        )));
    }

    input.parse()
}

fn not_empty(text: &LitStr, name: &Ident) -> Result<()> {
    if text.value().is_empty() {
        let message = format!("`{name}` cannot be empty: leave it out to match everything");
        return Err(Error::new(text.span(), message));
    }

    Ok(())
}

fn set<T>(slot: &mut Option<T>, name: &Ident, value: T) -> Result<()> {
    set_once(slot, name, value, true)
}

/// Sets an option, unless it is set, or its other form is.
fn set_once<T>(slot: &mut Option<T>, name: &Ident, value: T, is_new: bool) -> Result<()> {
    match slot.replace(value) {
        None if is_new => Ok(()),
        _ => {
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
