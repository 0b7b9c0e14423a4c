//! The handler of uploads.

use s3_dispatch::{HandlerError, Object, Objects, s3_handler};
use sha2::{Digest, Sha256};

/// The metric that counts the bytes of which checksums were made.
pub const BYTES: &str = "checksum_bytes_total";

/// Writes the SHA-256 of an upload, in hexadecimal.
#[s3_handler(
    "ObjectCreated:*",
    prefix = "uploads/",
    reads,
    writes = "checksums/",
    state = Objects
)]
pub async fn write_checksum(upload: Object) -> Result<(), HandlerError> {
    // Each content has a checksum of its own, so none is ever replaced.
    let key = upload.derived_from_content("checksums/").ok_or_else(|| {
        HandlerError::permanent("the event does not say which content it is about")
    })?;

    let mut pieces = upload.stream().await?;
    let mut checksum = Sha256::new();
    while let Some(piece) = pieces.chunk().await? {
        checksum.update(&piece);
        metrics::counter!(BYTES).increment(piece.len() as u64);
    }

    let text: String = checksum
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    upload
        .objects()
        .put_once(upload.bucket().clone(), key, text)
        .with_content_type("text/plain")
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use s3_dispatch::{MessageContext, Outcome, Router, Routes};
    use s3_dispatch_testing::MemoryObjects;

    use super::*;

    const BUCKET: &str = "amzn-s3-demo-bucket";

    #[tokio::test]
    async fn an_upload_has_one_checksum_however_often_its_event_comes() {
        let memory = MemoryObjects::new().with_versioned_bucket(BUCKET);
        let record = memory.put(BUCKET, "uploads/a.txt", "abc").build();
        let routes = Routes::new(Objects::new(memory.clone())).on::<write_checksum>();
        for _ in 0..2 {
            let outcome = routes.route(&record, &MessageContext::new()).await;
            assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
        }

        let keys = memory.keys(BUCKET);
        assert_eq!(keys.len(), 2, "{keys:?}");
        assert!(keys[0].starts_with("checksums/uploads/a.txt/"), "{keys:?}");
        assert_eq!(memory.versions(BUCKET, &keys[0]), 1);
        // "FIPS 180-4", SHA-256 of the message "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(memory.get(BUCKET, &keys[0]), Some(expected.into()));
    }
}
