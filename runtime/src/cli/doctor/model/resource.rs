//! One resource.

use std::collections::BTreeMap;

use super::super::known::{Answer, Part, Text, Tree};

/// A resource of which the checks know something.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) kind: Kind,
    /// What the file calls it, such as `aws_sqs_queue.main` or `UploadsQueue`.
    pub(crate) address: String,
    /// The file that describes it.
    pub(crate) file: String,
    /// Its ARN, name and URL, as far as they are known.
    pub(crate) identities: Vec<String>,
    /// What it is, in the names of AWS's APIs. A `Map`.
    properties: BTreeMap<String, Tree>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `BucketName`, `Notifications` (see [`Resource::publishes`]).
    Bucket,
    /// `Policy`, `KmsMasterKeyId`, `FifoTopic`.
    Topic,
    /// `TopicArn`, `Endpoint`, `Protocol`, `FilterPolicy`, `RawMessageDelivery`, `RedrivePolicy`.
    Subscription,
    /// `Policy`, `RedrivePolicy`, `RedriveAllowPolicy`, `VisibilityTimeout`, and more.
    Queue,
    /// `EventPattern`, `State`, and `Targets` with `Arn`, `DeadLetterArn`, `Changes`.
    Rule,
    /// An event source mapping.
    Mapping,
    /// `Timeout`, `Role`, `ReservedConcurrentExecutions`.
    Function,
    /// `Policies`: the documents of all its policies, or unknown.
    Role,
    /// `KeyPolicy`, `Manager`.
    Key,
}

impl Resource {
    pub(crate) fn new(kind: Kind, address: impl Into<String>, file: &str) -> Self {
        Self {
            kind,
            address: address.into(),
            file: file.to_owned(),
            identities: Vec::new(),
            properties: BTreeMap::new(),
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: Tree) {
        self.properties.insert(name.to_owned(), value);
    }

    /// Sets a property, and also takes its text for an identity of the resource.
    pub(crate) fn set_identity(&mut self, name: &str, value: Tree) {
        if let Some(text) = value.as_str() {
            self.identities.push(text.to_owned());
        }
        self.set(name, value);
    }

    /// A property. `Null` if it is not set.
    pub(crate) fn get(&self, name: &str) -> &Tree {
        self.properties.get(name).unwrap_or(&Tree::Null)
    }

    /// Whether the text, such as an ARN, is an identity of this resource.
    pub(crate) fn is(&self, text: &Text) -> Answer {
        if let Some(address) = text.resource() {
            let is_own = address == self.address;
            return Answer::from(is_own || self.identities.iter().any(|own| own == address));
        }

        let Some(text) = text.as_str() else {
            return self.is_qualified(text);
        };
        if self.identities.iter().any(|own| own == text) {
            return Answer::Yes;
        }

        let is_alias = |own: &String| {
            text.strip_prefix(own.as_str())
                .is_some_and(|alias| alias.starts_with(':'))
        };
        if self.kind == Kind::Function && self.identities.iter().any(is_alias) {
            return Answer::Yes;
        }

        // An ARN is not known before the resource exists, but its last part is.
        let last = text.rsplit([':', '/']).next().unwrap_or(text);
        let mut own = self.identities.iter();
        let has_arn = self.identities.iter().any(|own| own.starts_with("arn:"));
        match self.identities.is_empty() {
            true => Answer::Maybe,
            false if has_arn && text.starts_with("arn:") => Answer::No,
            false => own
                .any(|own| own.rsplit([':', '/']).next() == Some(last))
                .into(),
        }
    }

    /// Whether the text is an identity of this function with an alias behind it.
    fn is_qualified(&self, text: &Text) -> Answer {
        match text.parts() {
            [Part::Of(address), Part::Literal(alias)] if alias.starts_with(':') => {
                Answer::from(self.kind == Kind::Function && *address == self.address)
            }
            _ => Answer::Maybe,
        }
    }

    /// Whether a property is an identity of the other resource. `Maybe` if it is unknown.
    pub(crate) fn names(&self, property: &str, other: &Self) -> Answer {
        match self.get(property) {
            Tree::Text(text) => other.is(text),
            Tree::Null => Answer::No,
            _ => Answer::Maybe,
        }
    }

    /// The ARN, if it is known.
    pub(crate) fn arn(&self) -> Option<&str> {
        let mut identities = self.identities.iter();
        identities
            .find(|identity| identity.starts_with("arn:"))
            .map(String::as_str)
    }

    /// Whether it is a FIFO topic or queue.
    pub(crate) fn is_fifo(&self) -> Answer {
        let property = match self.kind {
            Kind::Topic => "FifoTopic",
            _ => "FifoQueue",
        };
        if self
            .identities
            .iter()
            .any(|identity| identity.ends_with(".fifo"))
        {
            return Answer::Yes;
        }

        self.get(property)
            .flag()
            .or_default(false)
            .map_or(Answer::Maybe, Answer::from)
    }
}
