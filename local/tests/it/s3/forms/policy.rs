//! What a policy allows, and how forms are signed.

use super::super::setup::Setup;
use super::form::{Form, policy};

/// A file that a policy is asked about.
fn form() -> Form {
    Form::new("photos/${filename}")
        .with("x-amz-meta-a", "b")
        .with("Content-Type", "image/png")
}

/// Conditions on the fields of [`form`] that allow everything.
const ANY: &str = r#"["starts-with", "$x-amz-meta-a", ""], ["starts-with", "$Content-Type", ""]"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_is_met_allows_a_form() {
    let setup = Setup::start().await;

    for condition in [
        r#"{"key": "photos/cat.png"}"#,
        r#"["eq", "$key", "photos/cat.png"]"#,
        r#"["EQ", "$KEY", "photos/cat.png"]"#,
        r#"["starts-with", "$key", "photos/c"]"#,
        r#"["Starts-With", "$x-amz-META-a", "b"]"#,
        r#"{"CONTENT-type": "image/png"}"#,
        r#"["content-length-range", 4, 4]"#,
        r#"["content-length-range", "0", "10"]"#,
    ] {
        let answer = form()
            .sign_v2(&policy(&format!("{ANY}, {condition}")))
            .send(&setup);
        assert_eq!(answer.status, 204, "{condition}: {answer:?}");
        let answer = form().sign_v4(&format!("{ANY}, {condition}")).send(&setup);
        assert_eq!(answer.status, 204, "{condition}: {answer:?}");
    }

    let types = form()
        .without("Content-Type")
        .with("Content-Type", "image/png,image/jpeg");
    let images =
        r#"["starts-with", "$x-amz-meta-a", ""], ["starts-with", "$Content-Type", "image/"]"#;
    assert_eq!(types.sign_v2(&policy(images)).send(&setup).status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_is_not_met_is_denied() {
    let setup = Setup::start().await;

    for (condition, shown) in [
        (
            r#"{"key": "photos/${filename}"}"#,
            r#"["eq", "$key", "photos/${filename}"]"#,
        ),
        (
            r#"["eq", "$key", "photos/"]"#,
            r#"["eq", "$key", "photos/"]"#,
        ),
        (
            r#"["eq", "$Key", "Photos/cat.png"]"#,
            r#"["eq", "$Key", "Photos/cat.png"]"#,
        ),
        (
            r#"["starts-with", "$key", "pictures/"]"#,
            r#"["starts-with", "$key", "pictures/"]"#,
        ),
        (
            r#"["eq", "key", "photos/cat.png"]"#,
            r#"["eq", "key", "photos/cat.png"]"#,
        ),
        (
            r#"["eq", "$x-amz-meta-a", ""]"#,
            r#"["eq", "$x-amz-meta-a", ""]"#,
        ),
        (
            r#"["starts-with", "$x-amz-meta-z", ""]"#,
            r#"["starts-with", "$x-amz-meta-z", ""]"#,
        ),
        (
            r#"{"bucket": "another-bucket"}"#,
            r#"["eq", "$bucket", "another-bucket"]"#,
        ),
        (
            r#"["content-length-range", "few", "10"]"#,
            r#"["content-length-range", "few", "10"]"#,
        ),
    ] {
        let text = format!("Invalid according to Policy: Policy Condition failed: {shown}");
        let form = form().sign_v2(&policy(&format!("{ANY}, {condition}")));
        form.check_fails(&setup, 403, "AccessDenied", &text);
    }

    for (name, value) in [
        ("x-amz-meta-b", "c"),
        ("acl", "private"),
        ("x-amz-checksum-crc32", "A"),
    ] {
        let text = format!("Invalid according to Policy: Extra input fields: {name}");
        let form = form().with(name, value).sign_v2(&policy(ANY));
        form.check_fails(&setup, 403, "AccessDenied", &text);
    }

    let mixed = form()
        .without("Content-Type")
        .with("Content-Type", "image/png,text/plain");
    let images =
        r#"["starts-with", "$x-amz-meta-a", ""], ["starts-with", "$Content-Type", "image/"]"#;
    let mixed = mixed.sign_v2(&policy(images));
    mixed.check_fails(&setup, 403, "AccessDenied", "Policy Condition failed");

    // The narrowest of several ranges counts.
    let ranges = r#"["content-length-range", 0, 9], ["content-length-range", 5, 99]"#;
    let ranges = form().sign_v2(&policy(&format!("{ANY}, {ranges}")));
    ranges.check_fails(&setup, 400, "EntityTooSmall", "smaller than the minimum");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_expires() {
    let setup = Setup::start().await;
    let expiring = |time: &str| form().sign_v2(&policy(ANY).replace("2999-01-01T00:00:00Z", time));

    for time in ["2999-12-31T23:59:59.999Z", "2999-12-31T23:59:59Z"] {
        assert_eq!(expiring(time).send(&setup).status, 204, "{time}");
    }
    setup.ok("DELETE /amzn-s3-demo-bucket/photos/cat.png");

    for time in ["2026-01-01T00:00:00Z", "2007-12-01T12:00:00.000Z"] {
        let text = "Invalid according to Policy: Policy expired.";
        expiring(time).check_fails(&setup, 403, "AccessDenied", text);
    }
    for time in [
        "2999-12-31 23:59:59Z",
        "2999-12-31T23:59:59",
        "2999-12-31T23:59:59+00:00",
        "2999-13-31T23:59:59Z",
        "Tue, 31 Dec 2999 23:59:59 GMT",
        "never",
        "",
    ] {
        let text = format!("Invalid Policy: Invalid 'expiration' value: '{time}'");
        expiring(time).check_fails(&setup, 400, "InvalidPolicyDocument", &text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_policy_is_refused() {
    let setup = Setup::start().await;
    let time = r#""expiration": "2999-01-01T00:00:00Z""#;

    for (text, reason) in [
        (String::from("{"), "Invalid JSON."),
        (String::from("[]"), "Invalid JSON."),
        (
            String::from(r#"{"conditions": []}"#),
            "Policy missing expiration.",
        ),
        (format!("{{{time}}}"), "Policy missing conditions."),
        (
            format!(r#"{{{time}, "CONDITIONS": []}}"#),
            "Unexpected: 'conditions'",
        ),
        (
            format!(r#"{{{time}, "conditions": {{}}}}"#),
            "must be a List.",
        ),
        (
            String::from(r#"{"expiration": 1, "conditions": []}"#),
            "'expiration' value: '1'",
        ),
        (policy("{}"), "must have exactly one property"),
        (
            policy(r#"{"acl": "private", "key": "a"}"#),
            "must have exactly one property",
        ),
        (policy(r#"{"acl": 1}"#), "value must be a string."),
        (policy(r#"{"acl": null}"#), "Invalid JSON."),
        (policy("[]"), "missing operation identifier."),
        (policy("1"), "must be a List or Object."),
        (policy(r#"["in", "$key", "a"]"#), "unknown operation 'in'."),
        (policy(r#"["eq", "$key"]"#), "wrong number of arguments."),
        (policy(r#"["eq", "$key", 1]"#), "Invalid JSON."),
        (
            policy(r#"["content-length-range", 0]"#),
            "wrong number of arguments.",
        ),
        (
            policy(r#"["content-length-range", -1, 0]"#),
            "Invalid JSON.",
        ),
        (
            policy(r#"["content-length-range", 0, 1.5]"#),
            "Invalid JSON.",
        ),
    ] {
        let form = form().sign_v2(&text);
        form.check_fails(&setup, 400, "InvalidPolicyDocument", reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_a_policy_must_be_signed() {
    let setup = Setup::start().await;
    let (v2, v4) = (form().sign_v2(&policy(ANY)), form().sign_v4(ANY));
    let replaced =
        |form: &Form, name: &str, value: &str| form.clone().without(name).with(name, value);

    for (form, name, shown) in [
        (&v2, "signature", "'Signature'"),
        (&v2, "AWSAccessKeyId", "'AWSAccessKeyId'"),
        (&v2, "policy", "'Policy'"),
        (&v4, "x-amz-signature", "'X-Amz-Signature'"),
        (&v4, "x-amz-algorithm", "'X-Amz-Algorithm'"),
        (&v4, "x-amz-credential", "'X-Amz-Credential'"),
        (&v4, "x-amz-date", "'X-Amz-Date'"),
        (&v4, "policy", "'Policy'"),
    ] {
        let form = form.clone().without(name);
        form.check_fails(&setup, 400, "InvalidArgument", shown);
    }

    let policy_alone = v2.clone().without("signature").without("AWSAccessKeyId");
    policy_alone.check_fails(&setup, 403, "AccessDenied", "Access Denied");

    for (form, name, value, status, code) in [
        (
            &v2,
            "signature",
            "JDeh7EBXbeckemnq4yUATmjs+iw=",
            403,
            "SignatureDoesNotMatch",
        ),
        (&v2, "signature", "?", 403, "SignatureDoesNotMatch"),
        (&v2, "policy", "e30=", 403, "SignatureDoesNotMatch"),
        (&v2, "AWSAccessKeyId", "other", 403, "InvalidAccessKeyId"),
        (&v4, "x-amz-signature", "00", 403, "SignatureDoesNotMatch"),
        (&v4, "x-amz-signature", "", 403, "SignatureDoesNotMatch"),
        (&v4, "policy", "e30=", 403, "SignatureDoesNotMatch"),
        (&v4, "x-amz-algorithm", "AWS4", 400, "InvalidArgument"),
        (&v4, "x-amz-date", "2026-11-26", 400, "InvalidArgument"),
        (&v4, "x-amz-credential", "test", 400, "InvalidArgument"),
        (
            &v4,
            "x-amz-credential",
            "a/20260102/b/s3/aws4_request",
            403,
            "InvalidAccessKeyId",
        ),
        (
            &v4,
            "x-amz-credential",
            "test/20260102/b/s3/aws4_request",
            403,
            "SignatureDoesNotMatch",
        ),
        (&v4, "x-amz-date", "20260102T030405Z", 403, "AccessDenied"),
    ] {
        replaced(form, name, value).check_fails(&setup, status, code, "");
    }
}
