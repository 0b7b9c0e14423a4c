//! From and into the record of the crate `aws_lambda_events`, for functions that adopt this one
//! step by step.

use aws_lambda_events::event::s3 as theirs;

use crate::{Error, ErrorKind, Notification, S3EventRecord};

/// # Errors
///
/// When the record lacks an event name, a bucket or a key. Their type has no room for the data of
/// restore, replication and other rare events, which are then absent here;
/// [`raw_json`](S3EventRecord::raw_json) is their record written anew.
impl TryFrom<theirs::S3EventRecord> for S3EventRecord {
    type Error = Error;

    fn try_from(record: theirs::S3EventRecord) -> Result<Self, Error> {
        let written = serde_json::to_string(&record).map_err(|error| {
            unfit("cannot be written as JSON", ErrorKind::InvalidField).with_source(error)
        })?;
        let notification = Notification::parse(format!(r#"{{"Records":[{written}]}}"#))?;

        match notification {
            Notification::Records(mut records) if records.len() == 1 => Ok(records.remove(0)),
            _ => Err(unfit("is not an event", ErrorKind::InvalidField)),
        }
    }
}

/// # Errors
///
/// When the record has no time, or one that is no RFC 3339, or a size above `i64::MAX`: their type
/// cannot say so. What it has no room for is lost.
impl TryFrom<&S3EventRecord> for theirs::S3EventRecord {
    type Error = Error;

    fn try_from(record: &S3EventRecord) -> Result<Self, Error> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let time = record
            .event_time
            .as_ref()
            .ok_or_else(|| unfit("has no time", ErrorKind::MissingField))?;
        let time = time.as_str().parse();
        let size = record.object.size.map(i64::try_from).transpose();
        let mut converted = Self::default();
        converted.event_version = text(record.event_version.as_ref().map(AsRef::as_ref));
        converted.event_source = text(record.event_source.as_ref().map(AsRef::as_ref));
        converted.aws_region = text(record.region.as_ref().map(AsRef::as_ref));
        converted.event_time = time.map_err(|error| {
            unfit("has a time that is no RFC 3339", ErrorKind::InvalidField).with_source(error)
        })?;
        converted.event_name = Some(record.event_name.as_str().to_owned());
        converted.principal_id.principal_id = text(record.principal_id.as_ref().map(AsRef::as_ref));
        converted.request_parameters.source_ip_address =
            text(record.source_ip.as_ref().map(AsRef::as_ref));
        let request_id = record
            .request_id
            .as_ref()
            .map(|id| ("x-amz-request-id", id.as_str()));
        let host_id = record
            .host_id
            .as_ref()
            .map(|id| ("x-amz-id-2", id.as_str()));
        let elements = request_id.into_iter().chain(host_id);
        converted.response_elements = elements
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect();
        converted.s3.configuration_id = text(record.configuration_id.as_ref().map(AsRef::as_ref));
        converted.s3.bucket.name = Some(record.bucket.name.as_str().to_owned());
        converted.s3.bucket.arn = text(record.bucket.arn.as_ref().map(AsRef::as_ref));

        converted.s3.bucket.owner_identity = record.bucket.owner.as_ref().map(|owner| {
            let mut identity = theirs::S3UserIdentity::default();
            identity.principal_id = Some(owner.as_str().to_owned());
            identity
        });

        converted.s3.object.key = Some(record.object.key.as_sent().to_owned());
        converted.s3.object.url_decoded_key = Some(record.object.key.as_str().to_owned());
        converted.s3.object.size = size.map_err(|error| {
            unfit("has a size above `i64::MAX`", ErrorKind::InvalidField).with_source(error)
        })?;
        converted.s3.object.e_tag = text(record.object.e_tag.as_ref().map(AsRef::as_ref));
        converted.s3.object.version_id = text(record.object.version_id.as_ref().map(AsRef::as_ref));
        converted.s3.object.sequencer = text(record.object.sequencer.as_ref().map(AsRef::as_ref));

        Ok(converted)
    }
}

fn unfit(problem: &str, kind: ErrorKind) -> Error {
    Error::new(kind, format!("the record {problem}"))
}
