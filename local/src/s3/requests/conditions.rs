//! The conditions of requests: on entity tags, dates and sizes.

use std::time::SystemTime;

use http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};
use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::s3::store::{Preconditions, StoredObject, date_seconds, http_date, seconds};

/// What must be true of an object that is read or copied.
pub(in crate::s3) struct ReadConditions {
    pub(in crate::s3) if_match: Option<ETagCondition>,
    pub(in crate::s3) if_none_match: Option<ETagCondition>,
    pub(in crate::s3) if_modified_since: Option<Timestamp>,
    pub(in crate::s3) if_unmodified_since: Option<Timestamp>,
}

/// Takes the conditions out of a request to read an object.
macro_rules! read_conditions {
    ($input:ident) => {
        $crate::s3::requests::conditions::ReadConditions {
            if_match: $input.if_match.take(),
            if_none_match: $input.if_none_match.take(),
            if_modified_since: $input.if_modified_since.take(),
            if_unmodified_since: $input.if_unmodified_since.take(),
        }
    };
}
pub(in crate::s3) use read_conditions;

/// Takes the conditions on the source out of a request to copy an object.
macro_rules! source_conditions {
    ($input:ident) => {
        $crate::s3::requests::conditions::ReadConditions {
            if_match: $input.copy_source_if_match.take(),
            if_none_match: $input.copy_source_if_none_match.take(),
            if_modified_since: $input.copy_source_if_modified_since.take(),
            if_unmodified_since: $input.copy_source_if_unmodified_since.take(),
        }
    };
}
pub(in crate::s3) use source_conditions;

impl ReadConditions {
    /// Checks the conditions of a request that reads an object.
    pub(in crate::s3) fn check_read(&self, object: &StoredObject) -> S3Result<()> {
        self.check_state(object)?;
        if !self.is_unchanged(object) {
            return Ok(());
        }

        let e_tag = HeaderValue::from_str(&format!("\"{}\"", object.e_tag));
        let mut headers = HeaderMap::new();
        headers.insert(LAST_MODIFIED, http_date(object.last_modified));
        headers.extend(e_tag.ok().map(|e_tag| (ETAG, e_tag)));

        let mut error = S3Error::new(S3ErrorCode::NotModified);
        error.set_headers(headers);
        Err(error)
    }

    /// Checks the conditions of a request that copies an object.
    pub(in crate::s3) fn check_copy(&self, object: &StoredObject) -> S3Result<()> {
        self.check_state(object)?;
        if self.is_unchanged(object) {
            return Err(s3_error!(PreconditionFailed));
        }

        Ok(())
    }

    /// An entity tag that matches overrules the date ("Conditional requests", Amazon S3 User Guide,
    /// 2026).
    fn check_state(&self, object: &StoredObject) -> S3Result<()> {
        let is_expected = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => object.matches(condition),
            (None, Some(date)) => seconds(object.last_modified) <= date_seconds(date),
            (None, None) => true,
        };
        if !is_expected {
            return Err(s3_error!(PreconditionFailed));
        }

        Ok(())
    }

    /// Whether the client has the object already. A date in the future says nothing.
    fn is_unchanged(&self, object: &StoredObject) -> bool {
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => object.matches(condition),
            (None, Some(date)) => {
                let date = date_seconds(date);
                date <= seconds(SystemTime::now()) && seconds(object.last_modified) <= date
            }
            (None, None) => false,
        }
    }
}

/// The conditions on the object that a copy replaces. `s3s` does not know them.
pub(in crate::s3) fn preconditions(headers: &HeaderMap) -> S3Result<Preconditions> {
    let condition = |name: HeaderName| -> S3Result<_> {
        let value = headers.get(&name).map(HeaderValue::as_bytes);
        let condition = value.map(ETagCondition::parse_http_header).transpose();
        condition.map_err(|_| s3_error!(InvalidArgument, "`{name}` is not an entity tag or `*`"))
    };

    Ok(Preconditions {
        if_match: condition(IF_MATCH)?,
        if_none_match: condition(IF_NONE_MATCH)?,
    })
}
