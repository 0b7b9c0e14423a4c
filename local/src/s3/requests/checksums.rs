//! Receives the body of a request and checks it against the checksums that the client sent.

use http::{HeaderMap, StatusCode};
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{Checksum, ChecksumAlgorithm, StreamingBlob};
use s3s::stream::ByteStream;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};

use crate::aws::digest::{base64, from_base64, hex};
use crate::s3::store::{BodyStore, ChecksumKind, StoredBody};

/// The checksums that a client sends with a body. All are checked, and one of them is kept.
pub(in crate::s3) struct ClaimedChecksums {
    /// The value of `Content-MD5`.
    md5: Option<String>,
    claim: Option<Claim>,
}

/// The checksum of a body, as the client sends it.
enum Claim {
    /// The value is in a header or in a field of a form.
    Value(ChecksumKind, String),
    /// The value follows the body.
    Trailer(ChecksumKind, TrailingHeaders),
    /// There is no value: the client only wants a checksum of this kind.
    Asked(ChecksumKind),
}

/// A body that has the claimed checksums.
pub(in crate::s3) struct CheckedBody {
    pub(in crate::s3) body: StoredBody,
    pub(in crate::s3) e_tag: String,
    /// The checksums that were asked for and claimed.
    pub(in crate::s3) checksum: Checksum,
}

/// Takes the checksums out of a request. Returns early if S3 refuses them.
macro_rules! claimed_checksums {
    ($request:ident) => {{
        // An empty header is no digest, but `s3s` leaves it out.
        let md5 = $request.input.content_md5.take().or_else(|| {
            let header = $request.headers.get("content-md5");
            header.map(|_| String::new())
        });
        let checksum = {
            let input = &mut $request.input;
            $crate::s3::requests::checksums::named_checksums!(input)
        };
        let algorithm = $request.input.checksum_algorithm.take();
        let trailers = $request.trailing_headers.take();

        let headers = &$request.headers;
        let claim = $crate::s3::requests::checksums::ClaimedChecksums::new(
            headers, md5, &checksum, algorithm, trailers,
        );
        claim?
    }};
}
pub(in crate::s3) use claimed_checksums;

/// Takes the checksums out of the description of a part or of an object.
macro_rules! named_checksums {
    ($input:ident) => {
        s3s::dto::Checksum {
            checksum_crc32: $input.checksum_crc32.take(),
            checksum_crc32c: $input.checksum_crc32c.take(),
            checksum_crc64nvme: $input.checksum_crc64nvme.take(),
            checksum_sha1: $input.checksum_sha1.take(),
            checksum_sha256: $input.checksum_sha256.take(),
            ..s3s::dto::Checksum::default()
        }
    };
}
pub(in crate::s3) use named_checksums;

/// Makes a value of this type, a part of a response, with checksums.
macro_rules! with_checksums {
    ($output:ident, $checksum:expr) => {{
        let checksum: s3s::dto::Checksum = $checksum;
        $output {
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..$output::default()
        }
    }};
}
pub(in crate::s3) use with_checksums;

impl ClaimedChecksums {
    /// The checksums in the headers of a request, or in the fields of a form.
    pub(in crate::s3) fn new(
        headers: &HeaderMap,
        md5: Option<String>,
        checksum: &Checksum,
        algorithm: Option<ChecksumAlgorithm>,
        trailers: Option<TrailingHeaders>,
    ) -> S3Result<Self> {
        let is_md5 = |claim: &String| from_base64(claim).is_some_and(|md5| md5.len() == 16);
        if !md5.as_ref().is_none_or(is_md5) {
            return Err(s3_error!(
                InvalidDigest,
                "The Content-MD5 you specified was invalid."
            ));
        }

        let values = ChecksumKind::ALL.into_iter().filter_map(|kind| {
            let value = kind.value(checksum);
            let value = value.or(headers.get(kind.header()).map(|_| ""));
            Some(Claim::Value(kind, value?.to_owned()))
        });
        let trailing = trailer_kinds(headers)
            .zip(std::iter::repeat(trailers))
            .filter_map(|(kind, trailers)| Some(Claim::Trailer(kind, trailers?)));
        let mut claims = values.chain(trailing);
        let claim = claims.next();

        if claims.next().is_some() {
            return Err(s3_error!(
                InvalidRequest,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not \
                 allowed."
            ));
        }
        check_sdk_algorithm(headers, claim.as_ref())?;
        if let Some(Claim::Value(kind, value)) = &claim {
            check_form(*kind, value)?;
        }

        let asked = algorithm.map(|algorithm| ChecksumKind::parse(algorithm.as_str()));
        let asked = asked.transpose()?.map(Claim::Asked);

        Ok(Self {
            md5,
            claim: claim.or(asked),
        })
    }

    /// The kind of checksum that the client sends or asks for.
    pub(in crate::s3) fn kind(&self) -> Option<ChecksumKind> {
        self.claim.as_ref().map(Claim::kind)
    }

    /// Stores a body if it has the claimed checksums. Returns it with its checksums of the claimed
    /// kind and of `also`.
    pub(in crate::s3) async fn receive(
        &self,
        bodies: &BodyStore,
        body: Option<StreamingBlob>,
        also: Option<ChecksumKind>,
    ) -> S3Result<CheckedBody> {
        let mut hasher =
            ChecksumKind::hasher(|kind| self.kind() == Some(kind) || also == Some(kind));
        let mut md5 = Md5::new();
        let mut hash = |bytes: &[u8]| {
            md5.update(bytes);
            hasher.update(bytes);
        };

        let body = match body {
            Some(body) => {
                bodies.check_length(body.remaining_length().exact())?;
                bodies.write(body, &mut hash).await?
            }
            None => {
                let empty = futures_util::stream::empty::<std::io::Result<_>>();
                bodies.write(empty, &mut hash).await?
            }
        };

        let (md5, checksum) = (md5.finalize(), hasher.finalize());

        if let Err(error) = self.verify(md5.as_ref(), &checksum) {
            bodies.discard(&body);
            return Err(error);
        }

        Ok(CheckedBody {
            body,
            e_tag: hex(md5.as_ref()),
            checksum,
        })
    }

    /// Refuses a body that has other checksums.
    pub(in crate::s3) fn check(&self, body: &[u8]) -> S3Result<()> {
        let mut hasher = ChecksumKind::hasher(|kind| self.kind() == Some(kind));
        let mut md5 = Md5::new();
        md5.update(body);
        hasher.update(body);

        self.verify(md5.finalize().as_ref(), &hasher.finalize())
    }

    /// Compares the checksums of the body with the claimed ones.
    fn verify(&self, md5: &[u8], checksum: &Checksum) -> S3Result<()> {
        let claimed_md5 = self.md5.as_ref();
        if claimed_md5.is_some_and(|claim| *claim != base64(md5)) {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }

        let (kind, value) = match &self.claim {
            None | Some(Claim::Asked(_)) => return Ok(()),
            Some(Claim::Value(kind, value)) => (*kind, value.clone()),
            Some(Claim::Trailer(kind, trailers)) => (*kind, trailer(trailers, *kind)?),
        };

        if kind.value(checksum) == Some(value.as_str()) {
            return Ok(());
        }

        Err(s3_error!(
            BadDigest,
            "The {} you specified did not match the calculated checksum.",
            kind.name()
        ))
    }
}

impl Claim {
    fn kind(&self) -> ChecksumKind {
        match self {
            Self::Value(kind, _) | Self::Trailer(kind, _) | Self::Asked(kind) => *kind,
        }
    }
}

/// The kinds of the checksums that `x-amz-trailer` announces.
fn trailer_kinds(headers: &HeaderMap) -> impl Iterator<Item = ChecksumKind> {
    let values = headers.get_all("x-amz-trailer").into_iter();
    let names = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);

    names.filter_map(|name| {
        let mut kinds = ChecksumKind::ALL.into_iter();
        kinds.find(|kind| kind.header().eq_ignore_ascii_case(name))
    })
}

/// The checksum that followed the body.
fn trailer(trailers: &TrailingHeaders, kind: ChecksumKind) -> S3Result<String> {
    let value = trailers.read(|trailers| trailers.get(kind.header()).cloned());
    let value = value.flatten();
    let value = value.as_ref().and_then(|value| value.to_str().ok());
    let Some(value) = value else {
        let mut error = S3Error::with_message(
            S3ErrorCode::Custom("MalformedTrailerError".into()),
            "The request contained trailing data that was not well-formed or did not conform to \
             our published schema.",
        );
        error.set_status_code(StatusCode::BAD_REQUEST);
        return Err(error);
    };

    check_form(kind, value)?;
    Ok(value.to_owned())
}

/// Checks that a value has the length of a checksum.
fn check_form(kind: ChecksumKind, value: &str) -> S3Result<()> {
    if from_base64(value).is_some_and(|bytes| bytes.len() == kind.width()) {
        return Ok(());
    }

    Err(s3_error!(
        InvalidRequest,
        "Value for {} header is invalid.",
        kind.header()
    ))
}

/// Checks that the algorithm that an SDK names is that of the checksum that it sends.
fn check_sdk_algorithm(headers: &HeaderMap, claim: Option<&Claim>) -> S3Result<()> {
    let Some(name) = headers.get("x-amz-sdk-checksum-algorithm") else {
        return Ok(());
    };

    let name = name.to_str().unwrap_or_default().to_ascii_uppercase();
    let named = ChecksumKind::parse(&name)?;
    match claim.map(Claim::kind) {
        Some(kind) if kind == named => Ok(()),
        Some(_) => Err(s3_error!(
            InvalidRequest,
            "Value for x-amz-sdk-checksum-algorithm header is invalid."
        )),
        None => Err(s3_error!(
            InvalidRequest,
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or \
             x-amz-trailer headers were found."
        )),
    }
}
