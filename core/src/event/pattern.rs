//! The patterns that select events.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::known::Known;
use super::literal::Literal;
use super::name::EventName;
use super::nearest::panic_unknown_event;
use super::spelling::{category_and_action, equal};
use crate::text::Text;
use crate::{Error, ErrorKind};

/// A set of events: one name (`ObjectCreated:Put`), a category (`ObjectCreated:*`), or all (`*`).
///
/// `Category:*` matches the category with any action and without one, so `IntelligentTiering:*`
/// matches the event `IntelligentTiering`.
///
/// In code, and in options of the command line, a leading `s3:` is allowed and ignored. What AWS
/// reads has one spelling: event types in the configuration of a bucket begin with `s3:`
/// (`s3:ObjectCreated:*`), and names in filter policies do not, because those in records do not.
///
/// Use [`from_static`](Self::from_static) for a pattern in the source of a program: a misspelled
/// name is then a compile error. Use [`parse`](Self::parse) for a pattern from a file or a command
/// line, and for events that are newer than this version.
///
/// # Examples
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
pub struct EventPattern(Selection);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Selection {
    Everything,
    Category(Category),
    Name(EventName),
}

#[derive(Clone)]
enum Category {
    Static(&'static str),
    Parsed(Text),
}

impl EventPattern {
    /// Every event, known or not: `*`.
    pub const ANY: Self = Self(Selection::Everything);

    /// The pattern of exactly one name.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventName, EventPattern};
    ///
    /// const PUT: EventPattern = EventPattern::name(EventName::OBJECT_CREATED_PUT);
    /// assert_eq!(PUT, EventPattern::from_static("ObjectCreated:Put"));
    /// ```
    #[must_use]
    pub const fn name(name: EventName) -> Self {
        Self(Selection::Name(name))
    }

    /// Reads a literal. In a `const`, a mistake is a compile error.
    ///
    /// It accepts only the names and categories that this version knows, because an unknown name
    /// in a literal is most likely a typing mistake. [`parse`](Self::parse) accepts unknown names.
    ///
    /// # Panics
    ///
    /// Panics if the literal is not a pattern of known names. The message proposes the nearest one.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventPattern;
    ///
    /// const REMOVED: EventPattern = EventPattern::from_static("ObjectRemoved:*");
    /// ```
    ///
    /// A misspelled name does not compile:
    ///
    /// ```compile_fail
    /// use s3_dispatch_core::EventPattern;
    ///
    /// const PUT: EventPattern = EventPattern::from_static("ObjectCreate:Put");
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn from_static(literal: &'static str) -> Self {
        match Literal::parse(literal) {
            Some(Literal::Any) => Self::ANY,
            Some(Literal::Category(category)) => {
                Self(Selection::Category(Category::Static(category)))
            }
            Some(Literal::Name(name)) => Self(Selection::Name(EventName::of_known(name))),
            None => panic_unknown_event(literal),
        }
    }

    /// Reads a pattern of known or unknown names.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::InvalidPattern`] if the text is not `*`, `Category:*`, or a name made
    /// of ASCII letters and digits with parts separated by `:`. A retry does not help.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{ErrorKind, EventName, EventPattern};
    ///
    /// let frozen = EventPattern::parse("ObjectFrozen:*")?;
    /// assert!(frozen.matches(&EventName::parse("ObjectFrozen:Put")));
    ///
    /// let error = EventPattern::parse("ObjectCreated:P*").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidPattern);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, Error> {
        let pattern = text.strip_prefix("s3:").unwrap_or(text);
        if pattern == "*" {
            return Ok(Self::ANY);
        }

        let category = pattern.strip_suffix(":*");
        if !is_well_formed(pattern, category) {
            return Err(invalid_pattern(text));
        }

        Ok(Self(match category {
            Some(category) => Selection::Category(match Known::category(category) {
                Some(known) => Category::Static(known),
                None => Category::Parsed(Text::from(category)),
            }),
            None => Selection::Name(EventName::parse(pattern)),
        }))
    }

    /// Whether the event belongs to the set.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventName, EventPattern};
    ///
    /// let put = EventPattern::from_static("ObjectCreated:Put");
    /// assert!(put.matches(&EventName::parse("s3:ObjectCreated:Put")));
    /// assert!(!put.matches(&EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD));
    /// ```
    #[must_use]
    pub fn matches(&self, event: &EventName) -> bool {
        match &self.0 {
            Selection::Everything => true,
            Selection::Category(category) => category.as_str() == event.category(),
            Selection::Name(name) => name == event,
        }
    }

    /// Whether the set has an event that this version knows. If it has none, the pattern is
    /// probably misspelt, or meant for an event that is newer than this version.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventPattern;
    ///
    /// assert!(EventPattern::parse("ObjectCreated:*")?.is_known());
    /// assert!(!EventPattern::parse("ObjectCreatd:*")?.is_known());
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_known(&self) -> bool {
        match &self.0 {
            Selection::Everything | Selection::Category(Category::Static(_)) => true,
            Selection::Category(Category::Parsed(_)) => false,
            Selection::Name(name) => name.is_known(),
        }
    }

    /// Whether every event of `other` belongs to this set too.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventPattern;
    ///
    /// let created = EventPattern::from_static("ObjectCreated:*");
    /// let put = EventPattern::from_static("ObjectCreated:Put");
    /// assert!(created.covers(&put));
    /// assert!(!put.covers(&created));
    /// ```
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Selection::Everything, _) => true,
            (_, Selection::Everything) => false,
            (Selection::Category(left), Selection::Category(right)) => left == right,
            (Selection::Name(_), Selection::Category(_)) => false,
            (_, Selection::Name(name)) => self.matches(name),
        }
    }

    /// The one name that this pattern matches. `None` for `*` and `Category:*`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventName, EventPattern};
    ///
    /// let put = EventPattern::from_static("ObjectCreated:Put");
    /// assert_eq!(put.as_name(), Some(&EventName::OBJECT_CREATED_PUT));
    /// assert_eq!(EventPattern::ANY.as_name(), None);
    /// ```
    #[must_use]
    pub fn as_name(&self) -> Option<&EventName> {
        match &self.0 {
            Selection::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The category of `Category:*`, without the `:*`. `None` for one name and for `*`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventPattern;
    ///
    /// let created = EventPattern::from_static("ObjectCreated:*");
    /// assert_eq!(created.as_category(), Some("ObjectCreated"));
    /// assert_eq!(EventPattern::ANY.as_category(), None);
    /// ```
    #[must_use]
    pub fn as_category(&self) -> Option<&str> {
        match &self.0 {
            Selection::Category(category) => Some(category.as_str()),
            _ => None,
        }
    }

    /// The same as [`covers`](Self::covers), at compile time.
    pub(crate) const fn covers_literal(&self, literal: Literal) -> bool {
        match (&self.0, literal) {
            (Selection::Everything, _) => true,
            (Selection::Category(Category::Static(own)), Literal::Category(category)) => {
                equal(own, category)
            }
            (Selection::Category(Category::Static(own)), Literal::Name(name)) => {
                equal(own, category_and_action(name.as_str()).0)
            }
            (Selection::Name(own), Literal::Name(name)) => match own.as_known() {
                Some(own) => own as usize == name as usize,
                None => false,
            },
            _ => false,
        }
    }

    /// The text without its `:*`, and whether it had one. Empty for a pattern that was parsed at
    /// run time.
    pub(crate) const fn static_parts(&self) -> (&'static str, bool) {
        match &self.0 {
            Selection::Everything => ("*", false),
            Selection::Category(Category::Static(category)) => (category, true),
            Selection::Name(name) => match name.as_known() {
                Some(name) => (name.as_str(), false),
                None => ("", false),
            },
            Selection::Category(Category::Parsed(_)) => ("", true),
        }
    }

    /// How narrow the set is: a name is narrower than a category, and a category is narrower than
    /// `*`.
    pub(crate) fn specificity(&self) -> u8 {
        match self.0 {
            Selection::Everything => 0,
            Selection::Category(_) => 1,
            Selection::Name(_) => 2,
        }
    }
}

fn is_well_formed(pattern: &str, category: Option<&str>) -> bool {
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());

    // `EventName::parse` would drop a second prefix.
    !pattern.starts_with("s3:")
        && match category {
            Some(category) => is_word(category),
            None => pattern.split(':').all(is_word),
        }
}

fn invalid_pattern(text: &str) -> Error {
    let text = text.escape_debug();
    let message = format!(
        "`{text}` is not an event pattern such as `ObjectCreated:Put`, `ObjectCreated:*` or `*`"
    );

    Error::new(ErrorKind::InvalidPattern, message)
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

impl Hash for Category {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// The pattern without `s3:`: `ObjectCreated:Put`, `ObjectCreated:*` or `*`.
impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Selection::Everything => f.write_str("*"),
            Selection::Category(category) => write!(f, "{}:*", category.as_str()),
            Selection::Name(name) => f.write_str(name.as_str()),
        }
    }
}

impl fmt::Debug for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventPattern({:?})", self.to_string())
    }
}

/// The same as [`EventPattern::parse`].
impl std::str::FromStr for EventPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

/// The same as [`EventPattern::parse`].
impl TryFrom<&str> for EventPattern {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

/// The same as [`EventPattern::name`].
impl From<EventName> for EventPattern {
    fn from(name: EventName) -> Self {
        Self::name(name)
    }
}
