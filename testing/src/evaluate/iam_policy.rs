//! The evaluator of IAM policy documents.

use serde::Deserialize;

use super::filter_error::{FilterError, FilterErrorKind};

/// An IAM policy of a role, evaluated without AWS.
///
/// ```json
/// {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:PutObject"],
///  "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/thumbnails/*"}]}
/// ```
///
/// It supports `Effect`, `Action` and `Resource`, with the wildcards `*` and `?` and with `${*}`,
/// `${?}` and `${$}` for these characters themselves, as described in "IAM JSON policy elements:
/// Resource" and "IAM policy elements: Variables and tags", AWS Identity and Access Management User
/// Guide, 2026. Conditions, other elements and other variables are errors.
///
/// # Examples
///
/// ```
/// use s3_dispatch_testing::IamPolicyDocument;
///
/// let policy = IamPolicyDocument::parse(
///     r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*",
///         "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/a${*}/*.jpg"}}"#,
/// )?;
/// assert!(policy.allows("s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/a*/1.jpg"));
/// assert!(!policy.allows("s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/ab/1.jpg"));
/// # Ok::<_, s3_dispatch_testing::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamPolicyDocument(Vec<Statement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    is_allow: bool,
    actions: Vec<Glob>,
    resources: Vec<Glob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    version: String,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<StatementJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StatementJson {
    sid: Option<String>,
    effect: String,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl IamPolicyDocument {
    /// Parses a policy document.
    ///
    /// # Errors
    ///
    /// A retry does not help.
    ///
    /// - [`FilterErrorKind::InvalidJson`] if the text is not JSON.
    /// - [`FilterErrorKind::InvalidShape`] if it is not a policy document of the version
    ///   `2012-10-17`, has elements that are not supported, or two statements with the same id.
    /// - [`FilterErrorKind::InvalidCondition`] if an action or a resource has another variable.
    pub fn parse(policy: &str) -> Result<Self, FilterError> {
        let document: Document = serde_json::from_str(policy).map_err(|error| {
            let kind = match error.classify() {
                serde_json::error::Category::Data => FilterErrorKind::InvalidShape,
                _ => FilterErrorKind::InvalidJson,
            };
            FilterError::new(kind, error.to_string())
        })?;
        if document.version != "2012-10-17" {
            let text = format!(
                "the version is `{}`, expected `2012-10-17`",
                document.version
            );
            return Err(FilterError::new(FilterErrorKind::InvalidShape, text));
        }

        let statements = document.statement.into_vec();
        for (index, statement) in statements.iter().enumerate() {
            let mut earlier = statements[..index].iter();
            if statement.sid.is_some() && earlier.any(|other| other.sid == statement.sid) {
                let text = "two statements have the same id";
                return Err(FilterError::new(FilterErrorKind::InvalidShape, text));
            }
        }

        let statements = statements.into_iter().map(Statement::new);
        Ok(Self(statements.collect::<Result<_, _>>()?))
    }

    /// Whether the policy allows the action on the resource, and does not deny it.
    #[must_use]
    pub fn allows(&self, action: &str, resource: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let matching = |is_allow: bool| {
            let mut statements = self.0.iter().filter(|one| one.is_allow == is_allow);
            statements.any(|one| {
                one.actions.iter().any(|glob| glob.matches(&action))
                    && one.resources.iter().any(|glob| glob.matches(resource))
            })
        };

        matching(true) && !matching(false)
    }
}

impl Statement {
    fn new(json: StatementJson) -> Result<Self, FilterError> {
        let is_allow = match &*json.effect {
            "Allow" => true,
            "Deny" => false,
            other => {
                let text = format!("the effect is `{other}`, expected `Allow` or `Deny`");
                return Err(FilterError::new(FilterErrorKind::InvalidShape, text));
            }
        };

        let actions = json.action.into_vec().into_iter();
        let actions = actions.map(|action| Glob::parse(&action.to_ascii_lowercase()));
        let resources = json.resource.into_vec().into_iter();
        let resources = resources.map(|resource| Glob::parse(&resource));

        Ok(Self {
            is_allow,
            actions: actions.collect::<Result<_, _>>()?,
            resources: resources.collect::<Result<_, _>>()?,
        })
    }
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// A text with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Glob(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Is(char),
    One,
    Any,
}

impl Glob {
    fn parse(text: &str) -> Result<Self, FilterError> {
        let mut tokens = Vec::new();
        let mut rest = text;

        while let Some(first) = rest.chars().next() {
            let literal = ['*', '?', '$']
                .into_iter()
                .find(|literal| rest.starts_with(&format!("${{{literal}}}")));

            let (token, length) = match (first, literal) {
                (_, Some(literal)) => (Token::Is(literal), "${*}".len()),
                ('$', None) if rest.starts_with("${") => {
                    let text = format!("the variable at `{rest}` is not supported");
                    return Err(FilterError::new(FilterErrorKind::InvalidCondition, text));
                }
                ('*', None) => (Token::Any, 1),
                ('?', None) => (Token::One, 1),
                (other, None) => (Token::Is(other), other.len_utf8()),
            };
            tokens.push(token);
            rest = &rest[length..];
        }

        Ok(Self(tokens))
    }

    /// Keeps the places of the pattern that the text so far can have reached.
    fn matches(&self, text: &str) -> bool {
        let mut reached = vec![false; self.0.len() + 1];
        reached[0] = true;
        self.skip_stars(&mut reached);

        for character in text.chars() {
            let mut next = vec![false; reached.len()];
            for (place, token) in self
                .0
                .iter()
                .enumerate()
                .filter(|(place, _)| reached[*place])
            {
                match token {
                    Token::Any => next[place] = true,
                    Token::One => next[place + 1] = true,
                    Token::Is(own) if *own == character => next[place + 1] = true,
                    Token::Is(_) => {}
                }
            }
            self.skip_stars(&mut next);
            reached = next;
        }

        reached[self.0.len()]
    }

    /// A `*` may stand for nothing.
    fn skip_stars(&self, reached: &mut [bool]) {
        for (place, token) in self.0.iter().enumerate() {
            if *token == Token::Any && reached[place] {
                reached[place + 1] = true;
            }
        }
    }
}
