//! The bucket of an event.

use super::origin::PrincipalId;
use crate::Error;
use crate::text::text_newtypes;

/// The bucket of an event (`s3.bucket`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bucket {
    /// The bucket's name.
    pub name: BucketName,
    /// The bucket's ARN; its partition is `aws`, `aws-cn`, `aws-us-gov`...
    pub arn: Option<BucketArn>,
    /// The owner (`ownerIdentity.principalId`). `None` from EventBridge.
    pub owner: Option<PrincipalId>,
    /// The tags that AWS put on the bucket (`awsGeneratedTags`, since version 2.5).
    pub tags: Option<Box<BucketTags>>,
}

/// The tags that AWS put on a bucket (`awsGeneratedTags`), by name:
/// `aws:cloudformation:stack-name`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketTags(Vec<(TagName, TagValue)>);

impl BucketTags {
    /// Of duplicates the last counts, and one without a value is none.
    pub(crate) fn new(
        mut tags: Vec<(TagName, Result<Option<TagValue>, Error>)>,
    ) -> Result<Self, Error> {
        tags.sort_by(|(left, _), (right, _)| left.cmp(right));
        // `dedup` keeps the first of each, so what comes later is put there before.
        tags.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(&mut earlier.1, &mut later.1);
            }

            same
        });

        let given = tags
            .into_iter()
            .filter_map(|(name, value)| Some(value.transpose()?.map(|value| (name, value))));

        given.collect::<Result<_, _>>().map(Self)
    }

    /// The value of a tag, or `None`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&TagValue> {
        let index = self
            .0
            .binary_search_by(|(own, _)| own.as_str().cmp(name))
            .ok()?;
        Some(&self.0[index].1)
    }

    /// The tags in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&TagName, &TagValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

text_newtypes! {
    /// The name of a bucket.
    BucketName;
    /// The ARN of a bucket: `arn:aws:s3:::amzn-s3-demo-bucket`.
    BucketArn;
    /// The name of a tag.
    TagName;
    /// The value of a tag.
    TagValue;
}

impl PartialOrd for TagName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TagName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}
