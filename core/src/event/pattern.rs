//! The patterns by which routes choose events.

use std::fmt;

use super::name::{Known, bytes_equal};
use super::nearest;
use crate::EventName;
use crate::text::Text;
use crate::{Error, ErrorKind};

/// A set of events: one name (`ObjectCreated:Put`), a category (`ObjectCreated:*`), or all (`*`).
///
/// `Category:*` matches the category with any action and without one, so `IntelligentTiering:*`
/// matches the event `IntelligentTiering`. As in bucket configuration, a leading `s3:` may be
/// written and means nothing.
///
/// ```
/// use s3_dispatch_core::{EventName, EventPattern};
///
/// const CREATED: EventPattern = EventPattern::from_static("ObjectCreated:*");
/// assert!(CREATED.matches(&EventName::OBJECT_CREATED_COPY));
/// assert!(CREATED.matches(&EventName::parse("ObjectCreated:Teleport")));
/// assert!(!CREATED.matches(&EventName::OBJECT_REMOVED_DELETE));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventPattern(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Any,
    Category(Category),
    Name(EventName),
}

#[derive(Clone)]
enum Category {
    Static(&'static str),
    Parsed(Text),
}

/// What a literal means, in a form that `const` functions can drop.
#[derive(Clone, Copy)]
pub(crate) enum Literal {
    Any,
    Category(&'static str),
    Name(Known),
}

impl Literal {
    /// `None` when the literal is no pattern over known names.
    pub(crate) const fn parse(literal: &str) -> Option<Self> {
        match without_prefix(literal.as_bytes()) {
            [b'*'] => Some(Self::Any),
            [category @ .., b':', b'*'] => match known_category(category) {
                Some(category) => Some(Self::Category(category)),
                None => None,
            },
            name => {
                let mut index = 0;
                while index < Known::ALL.len() {
                    if bytes_equal(Known::ALL[index].as_str().as_bytes(), name) {
                        return Some(Self::Name(Known::ALL[index]));
                    }
                    index += 1;
                }

                None
            }
        }
    }
}

impl EventPattern {
    /// Every event, known or not: `*`.
    pub const ANY: Self = Self(Repr::Any);

    /// The pattern of exactly one name.
    #[must_use]
    pub const fn name(name: EventName) -> Self {
        Self(Repr::Name(name))
    }

    /// Reads the literal of a pattern; in a `const`, a mistake is a compile error.
    ///
    /// Only names and categories of the table are accepted, since a literal with any other is far
    /// more often misspelt than ahead of this version. [`parse`](Self::parse) takes the others.
    ///
    /// # Panics
    ///
    /// When the literal is no pattern over known names; the message proposes the nearest one.
    #[must_use]
    #[track_caller]
    pub const fn from_static(literal: &'static str) -> Self {
        match Literal::parse(literal) {
            Some(Literal::Any) => Self::ANY,
            Some(Literal::Category(category)) => Self(Repr::Category(Category::Static(category))),
            Some(Literal::Name(name)) => Self(Repr::Name(EventName::of_known(name))),
            None => nearest::panic_unknown_event(literal),
        }
    }

    /// Reads a pattern over known or unknown names, because S3 adds event types.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPattern`] when the text is not `*`, `Category:*` or a name made of
    /// letters and digits in parts separated by `:`. Trying again does not help.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let name = text.strip_prefix("s3:").unwrap_or(text);
        if name == "*" {
            return Ok(Self::ANY);
        }

        let category = name.strip_suffix(":*");
        let well_formed =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());

        // `EventName::parse` would drop a second one.
        let parts_are_well_formed = !name.starts_with("s3:")
            && match category {
                Some(category) => well_formed(category),
                None => name.split(':').all(well_formed),
            };

        if !parts_are_well_formed {
            return Err(Error::new(
                ErrorKind::InvalidPattern,
                format!(
                    "`{}` is no event pattern such as `ObjectCreated:Put`, `ObjectCreated:*` or `*`",
                    text.escape_debug()
                ),
            ));
        }

        Ok(Self(match category {
            Some(category) => Repr::Category(match known_category(category.as_bytes()) {
                Some(known) => Category::Static(known),
                None => Category::Parsed(Text::from(category)),
            }),
            None => Repr::Name(EventName::parse(name)),
        }))
    }

    /// Whether the event belongs to the set.
    #[must_use]
    pub fn matches(&self, event: &EventName) -> bool {
        match &self.0 {
            Repr::Any => true,
            Repr::Category(category) => category.as_str() == event.category(),
            Repr::Name(name) => name == event,
        }
    }

    /// Whether every event of `other` belongs to this set too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Any, _) => true,
            (_, Repr::Any) => false,
            (Repr::Category(left), Repr::Category(right)) => left == right,
            (Repr::Name(_), Repr::Category(_)) => false,
            (_, Repr::Name(name)) => self.matches(name),
        }
    }

    /// The one name this pattern stands for, or `None` for `*` and `Category:*`.
    #[must_use]
    pub fn as_name(&self) -> Option<&EventName> {
        match &self.0 {
            Repr::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The category of `Category:*`, or `None` for one name and for `*`.
    #[must_use]
    pub fn as_category(&self) -> Option<&str> {
        match &self.0 {
            Repr::Category(category) => Some(category.as_str()),
            _ => None,
        }
    }

    /// As [`covers`](Self::covers), at compile time.
    pub(crate) const fn covers_literal(&self, literal: Literal) -> bool {
        match (&self.0, literal) {
            (Repr::Any, _) => true,
            (Repr::Category(Category::Static(own)), Literal::Category(category)) => {
                bytes_equal(own.as_bytes(), category.as_bytes())
            }
            (Repr::Category(Category::Static(own)), Literal::Name(name)) => {
                bytes_equal(own.as_bytes(), category_of(name.as_str().as_bytes()))
            }
            (Repr::Name(own), Literal::Name(name)) => match own.as_known() {
                Some(own) => own as usize == name as usize,
                None => false,
            },
            _ => false,
        }
    }

    /// The text without its `:*`, and whether it had one.
    pub(crate) const fn static_parts(&self) -> (&'static str, bool) {
        match &self.0 {
            Repr::Any => ("*", false),
            Repr::Category(Category::Static(category)) => (category, true),
            Repr::Name(name) => match name.as_known() {
                Some(name) => (name.as_str(), false),
                None => ("", false),
            },
            Repr::Category(Category::Parsed(_)) => ("", true),
        }
    }

    /// How narrow the set is: one name before a category before everything.
    pub(crate) fn specificity(&self) -> u8 {
        match self.0 {
            Repr::Any => 0,
            Repr::Category(_) => 1,
            Repr::Name(_) => 2,
        }
    }
}

impl Category {
    fn as_str(&self) -> &str {
        match self {
            Self::Static(category) => category,
            Self::Parsed(category) => category.as_str(),
        }
    }
}

impl PartialEq for Category {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Category {}

impl std::hash::Hash for Category {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// As it is written: `ObjectCreated:Put`, `ObjectCreated:*`, `*`.
impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Any => f.write_str("*"),
            Repr::Category(category) => write!(f, "{}:*", category.as_str()),
            Repr::Name(name) => f.write_str(name.as_str()),
        }
    }
}

impl fmt::Debug for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventPattern({:?})", self.to_string())
    }
}

impl std::str::FromStr for EventPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for EventPattern {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl From<EventName> for EventPattern {
    fn from(name: EventName) -> Self {
        Self::name(name)
    }
}

pub(crate) const fn without_prefix(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b's', b'3', b':', name @ ..] => name,
        _ => bytes,
    }
}

pub(crate) const fn category_of(name: &[u8]) -> &[u8] {
    let mut end = 0;
    while end < name.len() && name[end] != b':' {
        end += 1;
    }

    name.split_at(end).0
}

/// The category of this spelling, taken from the table of names.
const fn known_category(text: &[u8]) -> Option<&'static str> {
    let mut index = 0;
    while index < Known::ALL.len() {
        let name = Known::ALL[index].as_str();
        let category = category_of(name.as_bytes());

        if bytes_equal(category, text) {
            return Some(name.split_at(category.len()).0);
        }

        index += 1;
    }

    None
}
