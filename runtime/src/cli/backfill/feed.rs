//! Takes the objects that are meant from their source, in its order.

use std::collections::VecDeque;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use futures_util::{StreamExt, stream};

use crate::cli::catch_up::objects::{Found, ObjectSource, OriginError};
use crate::cli::catch_up::selection::{Reason, Sieve, Verdict};

/// The objects of a source, each with what is to be done with it.
pub(super) struct Feed {
    source: ObjectSource,
    sieve: Sieve,
    /// Asks S3 about each object, if it is there.
    heads: Option<Client>,
    waiting: VecDeque<Found>,
    /// What was looked at already.
    looked_at: VecDeque<(Found, Option<Reason>)>,
}

/// An object, and what is to be done with it.
pub(super) enum Fed {
    /// Its notification.
    Taken(Found, String),
    LeftOut(Found, Reason),
}

impl Feed {
    /// How many objects S3 is asked about at once.
    const HEADS: usize = 50;

    pub(super) fn new(source: ObjectSource, sieve: Sieve, heads: Option<Client>) -> Self {
        Self {
            source,
            sieve,
            heads,
            waiting: VecDeque::new(),
            looked_at: VecDeque::new(),
        }
    }

    /// Whether the next object is there without waiting.
    pub(super) fn is_ready(&self) -> bool {
        !self.looked_at.is_empty() || (self.heads.is_none() && !self.waiting.is_empty())
    }

    /// The next object. `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Fed>, OriginError> {
        if !self.is_ready() && !self.read().await? {
            return Ok(None);
        }

        let looked_at = self.looked_at.pop_front();
        let waiting = || self.waiting.pop_front().map(|found| (found, None));
        let Some((found, reason)) = looked_at.or_else(waiting) else {
            return Ok(None);
        };

        if let Some(reason) = reason {
            return Ok(Some(Fed::LeftOut(found, reason)));
        }

        let verdict = self.sieve.judge(&found)?;
        Ok(Some(match verdict {
            Verdict::Taken(notification) => Fed::Taken(found, notification),
            Verdict::LeftOut(reason) => Fed::LeftOut(found, reason),
        }))
    }

    /// Reads more. Returns whether there is more.
    async fn read(&mut self) -> Result<bool, OriginError> {
        if self.waiting.is_empty() {
            self.waiting = self.source.next().await?.into();
        }
        if let Some(client) = &self.heads {
            let count = self.waiting.len().min(Self::HEADS);
            let batch: Vec<_> = self.waiting.drain(..count).collect();
            let looks = batch
                .into_iter()
                .map(|found| look_at(client, &self.sieve, found));
            let mut looks = stream::iter(looks).buffered(Self::HEADS);
            while let Some(looked_at) = looks.next().await {
                self.looked_at.push_back(looked_at?);
            }
        }

        Ok(self.is_ready())
    }
}

/// Asks S3 about an object, unless its key is not meant.
async fn look_at(
    client: &Client,
    sieve: &Sieve,
    mut found: Found,
) -> Result<(Found, Option<Reason>), OriginError> {
    if sieve.judge_key(&found).is_some() {
        return Ok((found, None));
    }

    let request = client
        .head_object()
        .bucket(&sieve.bucket)
        .key(&found.key)
        .set_version_id(found.version_id.clone());
    match request.send().await {
        Ok(head) => {
            fill(&mut found, head);
            Ok((found, None))
        }
        Err(error) => {
            let status = error.raw_response().map(|answer| answer.status().as_u16());
            // The version that is asked for may be a delete marker.
            if matches!(status, Some(404 | 405)) {
                let (bucket, key) = (&*sieve.bucket, &*found.key);
                tracing::warn!(
                    bucket,
                    key,
                    "the object is in the list and not in the bucket"
                );
                return Ok((found, Some(Reason::Absent)));
            }

            let text = format!("S3 cannot be asked about the key {:?}", found.key);
            Err(OriginError::new(text).with_source(error))
        }
    }
}

fn fill(found: &mut Found, head: HeadObjectOutput) {
    found.size = head
        .content_length
        .and_then(|length| length.try_into().ok());
    found.e_tag = head.e_tag.map(|e_tag| e_tag.trim_matches('"').to_owned());
    found.last_modified = head.last_modified;
    if found.version_id.is_none() {
        found.set_version_id(head.version_id.as_deref());
    }
}
