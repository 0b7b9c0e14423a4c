//! The bucket of an event.

use std::cmp::Ordering;

use super::origin::PrincipalId;
use crate::text::text_newtypes;

/// The bucket of an event.
///
/// ```json
/// {"name": "amzn-s3-demo-bucket", "arn": "arn:aws:s3:::amzn-s3-demo-bucket",
///  "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
///  "awsGeneratedTags": {"aws:cloudformation:stack-name": "demo"}}
/// ```
///
/// In EventBridge `detail.bucket` has the name and the tags, and the event's first `resources`
/// entry is the ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bucket {
    /// The bucket's name: `amzn-s3-demo-bucket`.
    ///
    /// `name` in both formats. A record without it cannot be read.
    pub name: BucketName,
    /// The bucket's ARN: `arn:aws:s3:::amzn-s3-demo-bucket`.
    ///
    /// `arn` in a notification. Its second part is the partition, such as `aws`, `aws-cn` or
    /// `aws-us-gov`. Some S3-compatible stores leave the ARN out.
    pub arn: Option<BucketArn>,
    /// The owner of the bucket: `A3NL1KOZZKExample`.
    ///
    /// `ownerIdentity.principalId` in a notification. `None` from EventBridge.
    pub owner: Option<PrincipalId>,
    /// The tags that AWS itself put on the bucket.
    ///
    /// `awsGeneratedTags` in a notification, since version 2.5 of the format. `aws-generated-tags`
    /// in EventBridge. `None` if the sender leaves the field out.
    pub tags: Option<Box<BucketTags>>,
}

/// The tags that AWS itself put on a bucket, in the order of their names.
///
/// ```json
/// {"aws:cloudformation:stack-name": "demo", "aws:cloudformation:logical-id": "Bucket"}
/// ```
///
/// If a name occurs twice, the last value is kept. A tag whose value is `null` is left out.
///
/// # Examples
///
/// ```
/// use s3_dispatch_testing::RecordBuilder;
///
/// let record = RecordBuilder::new("ObjectCreated:Put")
///     .with_tag("aws:cloudformation:stack-name", "demo")
///     .build();
///
/// let tags = record.bucket.tags.as_deref().expect("the bucket has tags");
/// assert_eq!(tags.get("aws:cloudformation:stack-name").unwrap(), "demo");
/// assert_eq!(tags.iter().count(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketTags(Vec<(TagName, TagValue)>);

impl BucketTags {
    /// Sorts the tags, and keeps the last value of each name. An error in a value that is not kept
    /// is ignored.
    pub(crate) fn new<E>(mut tags: Vec<(TagName, Result<Option<TagValue>, E>)>) -> Result<Self, E> {
        tags.sort_by(|(left, _), (right, _)| left.cmp(right));

        // `dedup_by` keeps the first of each, so the later value is swapped to the front.
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

    /// The value of the tag with this name. `None` if the bucket does not have the tag.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectCreated:Put")
    ///     .with_tag("aws:cloudformation:stack-name", "demo")
    ///     .build();
    ///
    /// let tags = record.bucket.tags.unwrap_or_default();
    /// assert_eq!(tags.get("aws:cloudformation:stack-name").unwrap(), "demo");
    /// assert_eq!(tags.get("team"), None);
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&TagValue> {
        let index = self
            .0
            .binary_search_by(|(own, _)| own.as_str().cmp(name))
            .ok()?;

        Some(&self.0[index].1)
    }

    /// The tags, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&TagName, &TagValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

text_newtypes! {
    /// The name of a bucket: `amzn-s3-demo-bucket`.
    ///
    /// It can be an argument of a handler.
    BucketName;
    /// The ARN of a bucket: `arn:aws:s3:::amzn-s3-demo-bucket`.
    ///
    /// The partition differs outside the commercial regions: `arn:aws-cn:s3:::amzn-s3-demo-bucket`.
    BucketArn;
    /// The name of a tag: `aws:cloudformation:stack-name`.
    TagName;
    /// The value of a tag. It may be empty.
    TagValue;
}

impl PartialOrd for TagName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TagName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}
