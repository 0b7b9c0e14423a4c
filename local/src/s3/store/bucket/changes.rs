//! How buckets are created, removed and configured.

use std::sync::Arc;

use s3s::{S3Result, s3_error};

use super::cors::CorsRule;
use super::settings::{BucketSettings, Versioning};
use crate::aws::digest::{base64, md5_hex};
use crate::s3::store::change::StoreChange;
use crate::s3::store::transaction::{SendTest, Transaction};
use crate::topology::BucketSpec;

impl Transaction<'_> {
    /// Creates a bucket in this region. In the pipeline's own region, S3 answers the owner of an
    /// existing bucket as if it were new ("CreateBucket", Amazon S3 API Reference, 2026).
    pub(in crate::s3) fn create_bucket(
        &mut self,
        name: &str,
        location: Option<String>,
    ) -> S3Result<()> {
        if self.bucket(name).is_ok() {
            return match location {
                Some(_) => Err(s3_error!(
                    BucketAlreadyOwnedByYou,
                    "the bucket exists, and it is yours"
                )),
                None => Ok(()),
            };
        }

        // A bucket of the topology that was removed and created again publishes nothing.
        let configured = self.configured(name).cloned();
        let silent = || Arc::new(BucketSpec::new(name));
        self.set(StoreChange::Bucket {
            name: name.to_owned(),
            to: Some(BucketSettings {
                location,
                published: configured.is_some().then(silent),
                configured,
                ..BucketSettings::new(self.now(), None)
            }),
        });

        Ok(())
    }

    /// Removes a bucket with its unfinished uploads. It must be empty.
    pub(in crate::s3) fn delete_bucket(&mut self, name: &str) -> S3Result<()> {
        let bucket = self.bucket(name)?;
        let published = bucket.settings.published.clone();
        if !bucket.is_empty() {
            return Err(s3_error!(
                BucketNotEmpty,
                "the bucket has objects, versions or delete markers"
            ));
        }

        let uploads = self.uploads(name).into_iter();
        let uploads: Vec<_> = uploads.map(|(id, _)| id.to_owned()).collect();
        for id in uploads {
            self.set(StoreChange::Upload { id, to: None });
        }

        self.set(StoreChange::Bucket {
            name: name.to_owned(),
            to: None,
        });
        if published.is_some_and(|spec| !spec.is_silent()) {
            self.announce(Arc::new(BucketSpec::new(name)), SendTest::No);
        }

        Ok(())
    }

    /// Enables or suspends versioning.
    pub(in crate::s3) fn set_versioning(
        &mut self,
        name: &str,
        versioning: Versioning,
    ) -> S3Result<()> {
        self.change_settings(name, |settings| settings.versioning = versioning)
    }

    /// Sets what a bucket publishes, and where. Configurations without an id get one.
    pub(in crate::s3) fn set_notifications(
        &mut self,
        mut spec: BucketSpec,
        test: SendTest,
    ) -> S3Result<()> {
        self.bucket(&spec.name)?;
        for notification in &mut spec.notifications {
            if notification.id.is_empty() {
                let (number, _) = self.next_number();
                notification.id = generated_id(number);
            }
        }

        let spec = Arc::new(spec);
        let configured = self.configured(&spec.name).cloned();
        self.change_settings(&spec.name, |settings| {
            settings.published = Some(Arc::clone(&spec));
            settings.configured = configured;
        })?;
        self.announce(spec, test);

        Ok(())
    }

    /// Sets which pages may use a bucket.
    pub(in crate::s3) fn set_cors(&mut self, name: &str, rules: Vec<CorsRule>) -> S3Result<()> {
        self.change_settings(name, |settings| settings.cors = rules.into())
    }

    /// Replaces the tags of a bucket.
    pub(in crate::s3) fn set_bucket_tags(
        &mut self,
        name: &str,
        tags: Vec<(String, String)>,
    ) -> S3Result<()> {
        self.change_settings(name, |settings| settings.tags = tags)
    }

    fn change_settings(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut BucketSettings),
    ) -> S3Result<()> {
        let mut settings = self.bucket(name)?.settings.clone();
        change(&mut settings);
        self.set(StoreChange::Bucket {
            name: name.to_owned(),
            to: Some(settings),
        });

        Ok(())
    }
}

/// An id as S3 generates it for a notification configuration: a UUID in base64.
fn generated_id(number: u64) -> String {
    let digits = md5_hex(&number.to_be_bytes());
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &digits[group]);

    base64(groups.join("-").as_bytes())
}
