use s3_dispatch_testing::{EventBridgeRule, FilterErrorKind, IamPolicyDocument, SnsFilterPolicy};

/// Checks that both evaluators agree on the body.
#[track_caller]
fn check(policy: &str, body: &str, expected: bool) {
    assert_eq!(
        SnsFilterPolicy::parse(policy).unwrap().matches(body),
        expected,
        "the policy"
    );

    assert_eq!(
        EventBridgeRule::parse(policy).unwrap().matches(body),
        expected,
        "the rule"
    );
}

#[track_caller]
fn check_rejected(policy: &str, kind: FilterErrorKind) {
    assert_eq!(
        SnsFilterPolicy::parse(policy).unwrap_err().kind(),
        kind,
        "the policy"
    );

    assert_eq!(
        EventBridgeRule::parse(policy).unwrap_err().kind(),
        kind,
        "the rule"
    );
}

#[test]
fn a_value_matches_only_its_own_type() {
    let policy = r#"{"a":["x",1,true,null]}"#;
    for (value, expected) in [
        (r#""x""#, true),
        (r#""X""#, false),
        ("1", true),
        ("1.0", true),
        (r#""1""#, false),
        ("true", true),
        (r#""true""#, false),
        ("false", false),
        ("null", true),
        (r#""""#, false),
        ("{}", false),
    ] {
        check(policy, &format!(r#"{{"a":{value}}}"#), expected);
    }

    check(policy, "{}", false);
    check(
        r#"{"a":[9007199254740993]}"#,
        r#"{"a":9007199254740992}"#,
        false,
    );
}

#[test]
fn operators_match_strings() {
    let check = |condition: &str, value: &str, expected| {
        check(
            &format!(r#"{{"a":[{condition}]}}"#),
            &format!(r#"{{"a":{value}}}"#),
            expected,
        );
    };

    check(r#"{"prefix":"in/"}"#, r#""in/a""#, true);
    check(r#"{"prefix":"in/"}"#, r#""In/a""#, false);
    check(r#"{"prefix":"1"}"#, "1", false);
    check(r#"{"prefix":"in/*"}"#, r#""in/a""#, false);
    check(r#"{"suffix":".jpg"}"#, r#""a.jpg""#, true);
    check(r#"{"suffix":".jpg"}"#, r#""a.jpg ""#, false);

    check(
        r#"{"equals-ignore-case":"Straße É"}"#,
        r#""sTRAßE é""#,
        true,
    );

    check(r#"{"equals-ignore-case":"a"}"#, r#""b""#, false);
    check(r#"{"anything-but":"x"}"#, r#""y""#, true);
    check(r#"{"anything-but":"x"}"#, r#""x""#, false);
    check(r#"{"anything-but":["x",1]}"#, "1.0", false);
    check(r#"{"anything-but":["x",1]}"#, "2", true);
    check(r#"{"anything-but":"x"}"#, "null", false);
    check(r#"{"anything-but":{"prefix":"x"}}"#, r#""xy""#, false);
    check(r#"{"anything-but":{"prefix":"x"}}"#, r#""yx""#, true);
}

#[test]
fn a_wildcard_stands_for_any_characters() {
    for (wildcard, text, expected) in [
        ("in/*.jpg", "in/a/b.jpg", true),
        ("in/*.jpg", "in/.jpg", true),
        ("in/*.jpg", "in/a.jpg2", false),
        ("in/*.jpg", "In/a.jpg", false),
        ("ab*ba", "aba", false),
        ("ab*ba", "abba", true),
        ("*", "", true),
        ("a", "a", true),
        ("a", "ab", false),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c", false),
        ("*b*b*", "ab", false),
        ("*b*b*", "abb", true),
        (r"a\*\\*", r"a*\b", true),
        (r"a\*\\*", r"a**b", false),
        (r"a\**", "a*", true),
        ("é*日", "é😀日", true),
    ] {
        let rule = serde_json::json!({"a": [{"wildcard": wildcard}]}).to_string();
        let rule = EventBridgeRule::parse(&rule).unwrap();
        let body = serde_json::json!({"a": text}).to_string();
        assert_eq!(rule.matches(&body), expected, "{wildcard} {text}");
    }
}

#[test]
fn a_malformed_wildcard_is_rejected() {
    for wildcard in [r#""a**""#, r#""\\a""#, r#""a\\""#, "1"] {
        check_rejected(
            &format!(r#"{{"a":[{{"wildcard":{wildcard}}}]}}"#),
            FilterErrorKind::InvalidCondition,
        );
    }
}

#[test]
fn a_policy_has_wildcards_with_at_most_three_stars() {
    let policy = SnsFilterPolicy::parse(r#"{"a":{"b":[{"wildcard":"a*b*c*"}]}}"#).unwrap();
    assert!(policy.matches(r#"{"a":{"b":"a-b-c-"}}"#));
    assert!(!policy.matches(r#"{"a":{"b":"a-c-"}}"#));

    for policy in [
        r#"{"a":{"b":[{"wildcard":"a*b*c*d*"}]}}"#,
        r#"{"$or":[{"a":[{"wildcard":"a*b*c*d*"}]},{"b":[1]}]}"#,
    ] {
        assert!(EventBridgeRule::parse(policy).is_ok());
        let kind = SnsFilterPolicy::parse(policy).unwrap_err().kind();
        assert_eq!(kind, FilterErrorKind::InvalidCondition);
    }
}

#[test]
fn only_a_rule_ignores_the_case_of_a_prefix_or_suffix() {
    for (condition, text, expected) in [
        (r#"{"suffix":{"equals-ignore-case":".jpg"}}"#, "a.JpG", true),
        (r#"{"suffix":{"equals-ignore-case":".JPG"}}"#, "a.jpg", true),
        (
            r#"{"suffix":{"equals-ignore-case":".jpg"}}"#,
            "a.jpg2",
            false,
        ),
        (r#"{"prefix":{"equals-ignore-case":"In/"}}"#, "iN/a", true),
        (r#"{"prefix":{"equals-ignore-case":"In/"}}"#, "a/in/", false),
    ] {
        let filter = format!(r#"{{"a":[{condition}]}}"#);
        let rule = EventBridgeRule::parse(&filter).unwrap();
        let body = serde_json::json!({ "a": text }).to_string();
        assert_eq!(rule.matches(&body), expected, "{condition} {text}");

        let kind = SnsFilterPolicy::parse(&filter).unwrap_err().kind();
        assert_eq!(kind, FilterErrorKind::InvalidCondition);
    }

    check_rejected(
        r#"{"a":[{"suffix":{"equals-ignore-case":1}}]}"#,
        FilterErrorKind::InvalidCondition,
    );
    check_rejected(
        r#"{"a":[{"suffix":{}}]}"#,
        FilterErrorKind::InvalidCondition,
    );
}

#[test]
fn a_field_exists_if_it_has_a_value() {
    for (body, exists) in [
        (r#"{"a":{"b":1}}"#, true),
        (r#"{"a":{"b":null}}"#, true),
        (r#"{"a":{"b":""}}"#, true),
        (r#"{"a":{}}"#, false),
        (r#"{"a":{"b":{}}}"#, false),
        (r#"{"a":{"b":[]}}"#, false),
        (r#"{"a":1}"#, false),
        ("{}", false),
    ] {
        check(r#"{"a":{"b":[{"exists":true}]}}"#, body, exists);
        check(r#"{"a":{"b":[{"exists":false}]}}"#, body, !exists);
    }

    check(r#"{"a":{"b":[{"anything-but":"x"}]}}"#, "{}", false);
}

#[test]
fn an_array_matches_if_an_element_matches() {
    check(r#"{"a":["x"]}"#, r#"{"a":["y","x"]}"#, true);
    check(r#"{"a":["x"]}"#, r#"{"a":[["y",["x"]]]}"#, true);

    check(
        r#"{"a":{"b":["x"]}}"#,
        r#"{"a":[{"b":"y"},1,[{"b":["x"]}]]}"#,
        true,
    );

    check(
        r#"{"a":[{"anything-but":"x"}]}"#,
        r#"{"a":["x","y"]}"#,
        true,
    );

    check(
        r#"{"a":[{"anything-but":"x"}]}"#,
        r#"{"a":["x","x"]}"#,
        false,
    );
}

#[test]
fn every_field_must_match_one_of_its_conditions() {
    let policy = r#"{"a":["x",{"prefix":"y"}],"b":{"c":[1]}}"#;
    check(policy, r#"{"a":"x","b":{"c":1},"d":0}"#, true);
    check(policy, r#"{"a":"yy","b":{"c":1}}"#, true);
    check(policy, r#"{"a":"x","b":{"c":2}}"#, false);
    check(policy, r#"{"a":"z","b":{"c":1}}"#, false);
    check(policy, r#"{"a":"x"}"#, false);
}

#[test]
fn only_eventbridge_wants_all_fields_in_one_element() {
    let filter = r#"{"Records":{"name":["x"],"s3":{"key":["k"]}}}"#;
    let same = r#"{"Records":[{"name":"y"},{"name":"x","s3":{"key":"k"}}]}"#;
    let apart = r#"{"Records":[{"name":"x"},{"name":"y","s3":{"key":"k"}}]}"#;
    check(filter, same, true);
    assert!(SnsFilterPolicy::parse(filter).unwrap().matches(apart));
    assert!(!EventBridgeRule::parse(filter).unwrap().matches(apart));
}

#[test]
fn or_is_an_operator_if_it_has_at_least_two_objects() {
    let policy = r#"{"$or":[{"a":["x"]},{"b":{"c":[1]},"d":["z"]}],"e":[{"exists":true}]}"#;
    check(policy, r#"{"a":"x","e":0}"#, true);
    check(policy, r#"{"b":{"c":1},"d":"z","e":0}"#, true);
    check(policy, r#"{"b":{"c":1},"e":0}"#, false);
    check(policy, r#"{"a":"x"}"#, false);

    check(
        r#"{"a":{"$or":[{"b":["x"]},{"c":["y"]}]}}"#,
        r#"{"a":{"c":"y"}}"#,
        true,
    );

    check(r#"{"$or":["x",{"prefix":"y"}]}"#, r#"{"$or":"yy"}"#, true);

    check(
        r#"{"$or":[{"prefix":"x"},{"prefix":"y"}]}"#,
        r#"{"$or":"yy"}"#,
        true,
    );

    check_rejected(
        r#"{"$or":[{"a":["x"]}]}"#,
        FilterErrorKind::InvalidCondition,
    );
    check_rejected(r#"{"$or":[{"a":["x"]},{}]}"#, FilterErrorKind::InvalidShape);
}

#[test]
fn a_filter_that_aws_rejects_is_rejected() {
    for policy in ["", "{", "{\"a\":[1]} x"] {
        check_rejected(policy, FilterErrorKind::InvalidJson);
    }

    for policy in [
        "null",
        "[]",
        r#""a""#,
        r#"{"a":[]}"#,
        r#"{"a":{}}"#,
        r#"{"a":"x"}"#,
        r#"{"a":null}"#,
    ] {
        check_rejected(policy, FilterErrorKind::InvalidShape);
    }

    for condition in [
        "[]",
        "{}",
        r#"{"prefix":"a","suffix":"b"}"#,
        r#"{"prefix":1}"#,
        r#"{"suffix":["a"]}"#,
        r#"{"equals-ignore-case":null}"#,
        r#"{"exists":"true"}"#,
        r#"{"infix":"a"}"#,
        r#"{"anything-but":[]}"#,
        r#"{"anything-but":null}"#,
        r#"{"anything-but":[["a"]]}"#,
        r#"{"anything-but":{"suffix":"a"}}"#,
        r#"{"anything-but":{"prefix":"a","suffix":"b"}}"#,
        r#"{"anything-but":{"prefix":1}}"#,
    ] {
        check_rejected(
            &format!(r#"{{"a":[{condition}]}}"#),
            FilterErrorKind::InvalidCondition,
        );
    }

    assert!(SnsFilterPolicy::parse("{}").unwrap().matches("{}"));
    assert_eq!(
        EventBridgeRule::parse("{}").unwrap_err().kind(),
        FilterErrorKind::InvalidShape
    );
}

#[test]
fn sns_limits_keys_and_combinations() {
    let names = |count| {
        (0..count)
            .map(|name| format!("\"{name}\""))
            .collect::<Vec<_>>()
            .join(",")
    };

    let parse = |policy: &str| {
        SnsFilterPolicy::parse(policy)
            .map(drop)
            .map_err(|error| error.kind())
    };

    assert_eq!(
        parse(&format!(r#"{{"Records":{{"eventName":[{}]}}}}"#, names(75))),
        Ok(())
    );
    let too_many = Err(FilterErrorKind::TooManyCombinations);
    assert_eq!(
        parse(&format!(r#"{{"Records":{{"eventName":[{}]}}}}"#, names(76))),
        too_many
    );
    assert_eq!(
        parse(&format!(r#"{{"a":[{}],"b":{{"c":[1,2]}}}}"#, names(37))),
        Ok(())
    );
    assert_eq!(
        parse(&format!(r#"{{"a":[{}],"b":{{"c":[1,2]}}}}"#, names(38))),
        too_many
    );

    assert_eq!(
        parse(&format!(
            r#"{{"$or":[{{"a":[{}]}},{{"b":[1]}}],"c":[1,2]}}"#,
            names(74)
        )),
        Ok(())
    );

    assert_eq!(
        parse(&format!(
            r#"{{"$or":[{{"a":[{}]}},{{"b":[1]}}],"c":[1,2]}}"#,
            names(75)
        )),
        too_many
    );

    assert_eq!(
        parse(r#"{"a":{"b":[1],"c":[1],"d":[1]},"e":[1],"$or":[{"f":[1]},{"f":[2]}]}"#),
        Ok(())
    );
    let six = r#"{"a":{"b":[1],"c":[1],"d":[1]},"e":[1],"$or":[{"f":[1]},{"g":[2]}]}"#;
    assert_eq!(parse(six), Err(FilterErrorKind::TooManyKeys));
}

#[test]
fn only_a_json_object_matches() {
    for body in [
        "",
        "null",
        "1",
        r#""x""#,
        r#"[{"a":1}]"#,
        r#"{"a":1"#,
        "hello",
    ] {
        check(r#"{"a":[{"exists":false}]}"#, body, false);
        assert!(!SnsFilterPolicy::parse("{}").unwrap().matches(body));
    }
}

#[test]
fn the_depth_is_limited() {
    let nested = |depth| format!("{}[1]{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let arrays = |depth| format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
    check(&nested(100), &nested(100), true);
    check(r#"{"a":[1]}"#, &arrays(100), true);
    check(r#"{"a":[1]}"#, &arrays(100_000), false);
    check_rejected(&nested(100_000), FilterErrorKind::InvalidJson);
}

/// Checks whether an IAM policy with this resource allows to read the object.
#[track_caller]
fn check_resource(resource: &str, object: &str, expected: bool) {
    let statement = serde_json::json!({"Effect": "Allow", "Action": ["S3:get*"],
        "Resource": [resource]});
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
    let policy = IamPolicyDocument::parse(&policy.to_string()).unwrap();
    assert_eq!(
        policy.allows("s3:GetObject", object),
        expected,
        "{resource} {object}"
    );
    assert!(!policy.allows("s3:PutObject", object));
}

#[test]
fn the_resources_of_a_policy_have_wildcards_and_escapes() {
    check_resource("a/*", "a/", true);
    check_resource("a/*", "a/b/c", true);
    check_resource("a/*", "a", false);
    check_resource("a*b*c", "aXbbYc", true);
    check_resource("a*b*c", "acb", false);
    check_resource("a?c", "aéc", true);
    check_resource("a?c", "ac", false);
    check_resource("${*}${?}${$}{*}", "*?${x}", true);
    check_resource("${*}", "x", false);
    check_resource("${?}", "x", false);
    check_resource("$x", "$x", true);
    check_resource("*", "", true);
}

#[test]
fn a_policy_that_cannot_be_evaluated_is_refused() {
    let refused = |policy: &str| IamPolicyDocument::parse(policy).unwrap_err().kind();
    let statement = |more: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "*",
                "Resource": "*"{more}}}]}}"#
        )
    };

    assert_eq!(refused("{"), FilterErrorKind::InvalidJson);
    assert_eq!(refused("{}"), FilterErrorKind::InvalidShape);
    assert_eq!(
        refused(&statement(r#", "Condition": {}"#)),
        FilterErrorKind::InvalidShape
    );
    let old = statement("").replace("2012", "2008");
    assert_eq!(refused(&old), FilterErrorKind::InvalidShape);
    let variable = statement("").replace(r#""Resource": "*""#, r#""Resource": "${aws:username}""#);
    assert_eq!(refused(&variable), FilterErrorKind::InvalidCondition);
    let effect = statement("").replace("Allow", "allow");
    assert_eq!(refused(&effect), FilterErrorKind::InvalidShape);
}

#[test]
fn a_denial_wins() {
    let policy = IamPolicyDocument::parse(
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:*", "Resource": "a/*"}]}"#,
    )
    .unwrap();
    assert!(policy.allows("s3:GetObject", "b/") && policy.allows("sqs:SendMessage", "a/b"));
    assert!(!policy.allows("s3:GetObject", "a/b"));
}
