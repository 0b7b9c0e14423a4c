//! The operations that say which pages may use a bucket.

use s3s::dto::{
    CORSRule, DeleteBucketCorsInput, DeleteBucketCorsOutput, GetBucketCorsInput,
    GetBucketCorsOutput, PutBucketCorsInput, PutBucketCorsOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use crate::s3::service::S3Service;
use crate::s3::store::CorsRule;

/// How many rules a configuration may have ("PutBucketCors", Amazon S3 API Reference, 2026).
const MAX_RULES: usize = 100;

/// How long the id of a rule may be ("CORSRule", Amazon S3 API Reference, 2026).
const MAX_ID_CHARACTERS: usize = 255;

const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];

pub(in crate::s3::operations) async fn put_bucket_cors(
    service: &S3Service,
    request: S3Request<PutBucketCorsInput>,
) -> S3Result<S3Response<PutBucketCorsOutput>> {
    let input = request.input;
    service.buckets.check(&input.bucket)?;

    let rules = input.cors_configuration.cors_rules;
    if rules.is_empty() || rules.len() > MAX_RULES {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published \
             schema"
        ));
    }

    let rules: Vec<_> = rules.into_iter().map(read_rule).collect::<S3Result<_>>()?;
    service
        .buckets
        .change(|transaction| transaction.set_cors(&input.bucket, rules))
        .await?;

    Ok(S3Response::new(PutBucketCorsOutput::default()))
}

pub(in crate::s3::operations) async fn get_bucket_cors(
    service: &S3Service,
    request: S3Request<GetBucketCorsInput>,
) -> S3Result<S3Response<GetBucketCorsOutput>> {
    let bucket = &request.input.bucket;
    let rules = service
        .buckets
        .read(|index| Ok::<_, S3Error>(index.bucket(bucket)?.settings.cors.clone()))?;
    if rules.is_empty() {
        return Err(s3_error!(
            NoSuchCORSConfiguration,
            "The CORS configuration does not exist"
        ));
    }

    Ok(S3Response::new(GetBucketCorsOutput {
        cors_rules: Some(rules.iter().map(write_rule).collect()),
    }))
}

pub(in crate::s3::operations) async fn delete_bucket_cors(
    service: &S3Service,
    request: S3Request<DeleteBucketCorsInput>,
) -> S3Result<S3Response<DeleteBucketCorsOutput>> {
    service
        .buckets
        .change(|transaction| transaction.set_cors(&request.input.bucket, Vec::new()))
        .await?;

    Ok(S3Response::new(DeleteBucketCorsOutput::default()))
}

fn read_rule(rule: CORSRule) -> S3Result<CorsRule> {
    let unsupported = rule
        .allowed_methods
        .iter()
        .find(|method| !METHODS.contains(&method.as_str()));
    if let Some(method) = unsupported {
        return Err(invalid(format!(
            "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
        )));
    }

    let headers = rule.allowed_headers.unwrap_or_default();
    for (what, values) in [
        ("AllowedOrigin", &rule.allowed_origins),
        ("AllowedHeader", &headers),
    ] {
        if let Some(value) = values.iter().find(|value| value.matches('*').count() > 1) {
            return Err(invalid(format!(
                "{what} \"{value}\" can not have more than one wildcard."
            )));
        }
    }

    let exposed = rule.expose_headers.unwrap_or_default();
    if let Some(value) = exposed.iter().find(|value| value.contains('*')) {
        return Err(invalid(format!(
            "ExposeHeader \"{value}\" contains wildcard. We currently do not support wildcard for \
             ExposeHeader."
        )));
    }

    let id_length = rule.id.as_deref().unwrap_or_default().chars().count();
    if id_length > MAX_ID_CHARACTERS {
        return Err(invalid(format!(
            "the id of a CORS rule must have at most {MAX_ID_CHARACTERS} characters"
        )));
    }

    Ok(CorsRule {
        id: rule.id,
        origins: rule.allowed_origins,
        methods: rule.allowed_methods,
        headers,
        exposed,
        max_age: rule.max_age_seconds,
    })
}

fn write_rule(rule: &CorsRule) -> CORSRule {
    let unless_empty = |values: &Vec<String>| (!values.is_empty()).then(|| values.clone());

    CORSRule {
        id: rule.id.clone(),
        allowed_origins: rule.origins.clone(),
        allowed_methods: rule.methods.clone(),
        allowed_headers: unless_empty(&rule.headers),
        expose_headers: unless_empty(&rule.exposed),
        max_age_seconds: rule.max_age,
    }
}

fn invalid(message: String) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidRequest, message)
}
