"""Shows the stack of a template in the form of Terraform's state for the module.

Two things that must be alike can be compared then, and `policies.py` can ask both the same.
"""

import json


def state(stack):
    """Returns a list of resources: `{"type": ..., "name": ..., "index": ..., "values": ...}`."""
    return [
        {"type": kind, "name": name, "index": index, "values": values}
        for part in (topic, bucket, store, *(processor_parts))
        for kind, name, index, values in part(stack)
    ]


def outputs(stack):
    found = stack.outputs()
    return {
        "region": stack.values["AWS::Region"],
        "bucket_arn": found["BucketArn"],
        "topic_arn": topic_arn(stack),
    }


def topic_arn(stack):
    return stack.outputs().get("TopicArn") or stack.values.get("TopicArn")


def processors(stack):
    """Yields the logical id and the name of each processor."""
    for queue in stack.ids("AWS::SQS::Queue"):
        properties = stack.properties(queue)
        if "RedrivePolicy" in properties:
            name = properties["QueueName"].removeprefix(stack.values["AWS::StackName"] + "-")
            yield queue.removesuffix("Queue"), name


def topic(stack):
    for key in stack.ids("AWS::KMS::Key"):
        found = stack.properties(key)
        yield "aws_kms_key", "topic", 0, {
            "arn": stack.attribute(key, "Arn"),
            "description": found["Description"],
            "enable_key_rotation": found["EnableKeyRotation"],
            "deletion_window_in_days": found["PendingWindowInDays"],
            "policy": json.dumps(found["KeyPolicy"]),
        }
    for alias in stack.ids("AWS::KMS::Alias"):
        found = stack.properties(alias)
        yield "aws_kms_alias", "topic", 0, {
            "name": found["AliasName"],
            "target_key_id": found["TargetKeyId"],
        }
    for name in stack.ids("AWS::SNS::Topic"):
        found = stack.properties(name)
        yield "aws_sns_topic", "events", 0, {
            "arn": stack.attribute(name),
            "name": found["TopicName"],
            "kms_master_key_id": found["KmsMasterKeyId"],
        }
    for policy in stack.ids("AWS::SNS::TopicPolicy"):
        found = stack.properties(policy)
        (arn,) = found["Topics"]
        yield "aws_sns_topic_policy", "events", 0, {
            "arn": arn,
            "policy": json.dumps(found["PolicyDocument"]),
        }
    if "LostAlarm" in stack.ids():
        yield "aws_cloudwatch_metric_alarm", "lost", stack.values["AWS::StackName"], alarm(
            stack, "LostAlarm"
        )


def bucket(stack):
    for name in stack.ids("AWS::S3::Bucket"):
        found = stack.properties(name)
        own = stack.attribute(name)
        yield "aws_s3_bucket", "objects", 0, {
            "id": own,
            "arn": stack.attribute(name, "Arn"),
            "bucket": found["BucketName"],
        }
        access = found["PublicAccessBlockConfiguration"]
        yield "aws_s3_bucket_public_access_block", "all", "objects", {
            "bucket": own,
            "block_public_acls": access["BlockPublicAcls"],
            "block_public_policy": access["BlockPublicPolicy"],
            "ignore_public_acls": access["IgnorePublicAcls"],
            "restrict_public_buckets": access["RestrictPublicBuckets"],
        }
        (ownership,) = found["OwnershipControls"]["Rules"]
        yield "aws_s3_bucket_ownership_controls", "all", "objects", {
            "bucket": own,
            "rule": [{"object_ownership": ownership["ObjectOwnership"]}],
        }
        (encryption,) = found["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        algorithm = encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
        yield "aws_s3_bucket_server_side_encryption_configuration", "all", "objects", {
            "bucket": own,
            "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": algorithm}]}],
        }
        (rule,) = found["LifecycleConfiguration"]["Rules"]
        days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        yield "aws_s3_bucket_lifecycle_configuration", "objects", 0, {
            "bucket": own,
            "rule": [
                {
                    "id": rule["Id"],
                    "status": rule["Status"],
                    "abort_incomplete_multipart_upload": [{"days_after_initiation": days}],
                }
            ],
        }
        yield "aws_s3_bucket_notification", "objects", 0, notification(own, found)
    for policy in stack.ids("AWS::S3::BucketPolicy"):
        found = stack.properties(policy)
        yield "aws_s3_bucket_policy", "all", "objects", {
            "bucket": found["Bucket"],
            "policy": json.dumps(found["PolicyDocument"]),
        }


def store(stack):
    for name in stack.ids("AWS::DynamoDB::Table"):
        found = stack.properties(name)
        hash_key = lambda keys: next(key["AttributeName"] for key in keys)
        ttl = found["TimeToLiveSpecification"]
        yield "aws_dynamodb_table", "store", 0, {
            "arn": stack.attribute(name, "Arn"),
            "name": found["TableName"],
            "billing_mode": found["BillingMode"],
            "deletion_protection_enabled": found["DeletionProtectionEnabled"],
            "hash_key": hash_key(found["KeySchema"]),
            "attribute": [
                {"name": one["AttributeName"], "type": one["AttributeType"]}
                for one in found["AttributeDefinitions"]
            ],
            "ttl": [{"attribute_name": ttl["AttributeName"], "enabled": ttl["Enabled"]}],
            "global_secondary_index": [
                {
                    "name": index["IndexName"],
                    "hash_key": hash_key(index["KeySchema"]),
                    "projection_type": index["Projection"]["ProjectionType"],
                    "non_key_attributes": index["Projection"]["NonKeyAttributes"],
                }
                for index in found.get("GlobalSecondaryIndexes", [])
            ],
        }
    for policy in stack.ids("AWS::IAM::ManagedPolicy"):
        if policy == "AuditsPolicy":
            found = stack.properties(policy)
            yield "aws_iam_policy", "audits", 0, {
                "arn": stack.attribute(policy),
                "description": found["Description"],
                "policy": json.dumps(found["PolicyDocument"]),
            }


def notification(bucket, found):
    configuration = found["NotificationConfiguration"]
    topics = {}
    for one in configuration.get("TopicConfigurations", []):
        topics.setdefault(one["Topic"], []).append(one["Event"])
    bus = configuration.get("EventBridgeConfiguration", {})
    values = {"bucket": bucket, "eventbridge": bus.get("EventBridgeEnabled", False)}
    if topics:
        values["topic"] = [
            {"topic_arn": topic, "events": sorted(events)} for topic, events in topics.items()
        ]
    return values


def queues(stack):
    for id, name in processors(stack):
        for part, kind in (("", "main"), ("DeadLetters", "dead_letters"), ("Undelivered",) * 2):
            queue = f"{id}{part}Queue"
            kind = kind.lower()
            found = stack.properties(queue)
            url = stack.attribute(queue)
            values = {
                "arn": stack.attribute(queue, "Arn"),
                "url": url,
                "name": found["QueueName"],
                "max_message_size": found["MaximumMessageSize"],
                "message_retention_seconds": int(found["MessageRetentionPeriod"]),
                "sqs_managed_sse_enabled": found["SqsManagedSseEnabled"],
            }
            for property, attribute in (
                ("VisibilityTimeout", "visibility_timeout_seconds"),
                ("ReceiveMessageWaitTimeSeconds", "receive_wait_time_seconds"),
                ("DelaySeconds", "delay_seconds"),
            ):
                if property in found:
                    values[attribute] = found[property]
            if "RedrivePolicy" in found:
                values["redrive_policy"] = json.dumps(found["RedrivePolicy"])
            yield "aws_sqs_queue", kind, name, values

            policy = stack.properties(f"{queue}Policy")
            (policy_url,) = policy["Queues"]
            yield "aws_sqs_queue_policy", kind, name, {
                "queue_url": policy_url,
                "policy": json.dumps(policy["PolicyDocument"]),
            }
            allowed = {
                "queue_url": url,
                "redrive_allow_policy": json.dumps(found["RedriveAllowPolicy"]),
            }
            if kind == "dead_letters":
                yield "aws_sqs_queue_redrive_allow_policy", kind, name, allowed
            else:
                suffix = "" if kind == "main" else "-undelivered"
                yield "aws_sqs_queue_redrive_allow_policy", "closed", name + suffix, allowed


def feeds(stack):
    for id, name in processors(stack):
        if f"{id}Subscription" in stack.ids():
            found = stack.properties(f"{id}Subscription")
            values = {
                "topic_arn": found["TopicArn"],
                "protocol": found["Protocol"],
                "endpoint": found["Endpoint"],
                "raw_message_delivery": found["RawMessageDelivery"],
                "redrive_policy": json.dumps(found["RedrivePolicy"]),
            }
            if "FilterPolicy" in found:
                values["filter_policy"] = json.dumps(found["FilterPolicy"])
                values["filter_policy_scope"] = found["FilterPolicyScope"]
            yield "aws_sns_topic_subscription", "processor", name, values
        else:
            found = stack.properties(f"{id}Rule")
            yield "aws_cloudwatch_event_rule", "processor", name, {
                "arn": stack.attribute(f"{id}Rule", "Arn"),
                "name": found["Name"],
                "description": found["Description"],
                "event_pattern": json.dumps(found["EventPattern"]),
            }
            (target,) = found["Targets"]
            yield "aws_cloudwatch_event_target", "processor", name, {
                "rule": found["Name"],
                "arn": target["Arn"],
                "dead_letter_config": [{"arn": target["DeadLetterConfig"]["Arn"]}],
            }


def functions(stack):
    for id, name in processors(stack):
        if f"{id}Function" not in stack.ids():
            continue
        group = stack.properties(f"{id}LogGroup")
        yield "aws_cloudwatch_log_group", "function", name, {
            "arn": stack.attribute(f"{id}LogGroup", "Arn"),
            "name": group["LogGroupName"],
            "retention_in_days": int(group["RetentionInDays"]),
        }
        role = stack.properties(f"{id}Role")
        role_name = stack.attribute(f"{id}Role")
        yield "aws_iam_role", "function", name, {
            "arn": stack.attribute(f"{id}Role", "Arn"),
            "name": role_name,
            "assume_role_policy": json.dumps(role["AssumeRolePolicyDocument"]),
        }
        for policy in role["Policies"]:
            kind = policy["PolicyName"]
            kind = kind if kind in ("objects", "store") else "function"
            yield "aws_iam_role_policy", kind, name, {
                "name": policy["PolicyName"],
                "role": role_name,
                "policy": json.dumps(policy["PolicyDocument"]),
            }
        yield "aws_lambda_function", "processor", name, function(stack, id)
        yield "aws_lambda_event_source_mapping", "processor", name, mapping(stack, id)


def workers(stack):
    for id, name in processors(stack):
        parts = (("Worker", "worker"), ("Objects", "worker_objects"), ("Store", "worker_store"))
        for part, kind in parts:
            if f"{id}{part}Policy" in stack.ids():
                found = stack.properties(f"{id}{part}Policy")
                yield "aws_iam_policy", kind, name, {
                    "arn": stack.attribute(f"{id}{part}Policy"),
                    "description": found["Description"],
                    "policy": json.dumps(found["PolicyDocument"]),
                }


def function(stack, id):
    found = stack.properties(f"{id}Function")
    logging = found["LoggingConfig"]
    mode = found["TracingConfig"]["Mode"] if "TracingConfig" in found else found["Tracing"]
    return {
        "arn": stack.attribute(f"{id}Function", "Arn"),
        "function_name": found["FunctionName"],
        "description": found["Description"],
        "role": found["Role"],
        "runtime": found["Runtime"],
        "handler": found["Handler"],
        "architectures": found["Architectures"],
        "timeout": found["Timeout"],
        "memory_size": int(found["MemorySize"]),
        "logging_config": [
            {
                "log_format": logging["LogFormat"],
                "application_log_level": logging["ApplicationLogLevel"],
                "system_log_level": logging["SystemLogLevel"],
                "log_group": logging["LogGroup"],
            }
        ],
        "tracing_config": [{"mode": mode}],
        "environment": [{"variables": found["Environment"]["Variables"]}],
    }


def mapping(stack, id):
    found = stack.properties(f"{id}Mapping")
    values = {
        "uuid": stack.attribute(f"{id}Mapping"),
        "event_source_arn": found["EventSourceArn"],
        "function_name": found["FunctionName"],
        "batch_size": found["BatchSize"],
        "maximum_batching_window_in_seconds": found["MaximumBatchingWindowInSeconds"],
        "function_response_types": found["FunctionResponseTypes"],
        "metrics_config": [{"metrics": found["MetricsConfig"]["Metrics"]}],
    }
    if "ScalingConfig" in found:
        limit = int(found["ScalingConfig"]["MaximumConcurrency"])
        values["scaling_config"] = [{"maximum_concurrency": limit}]
    return values


def alarms(stack):
    kinds = (
        ("Age", "age", ""),
        ("DeadLetters", "dead_letters", "-dead-letters"),
        ("Undelivered", "dead_letters", "-undelivered"),
        ("Errors", "function", "-errors"),
        ("Throttles", "function", "-throttles"),
        ("Recursion", "function", "-recursion"),
        ("Filtered", "function", "-filtered"),
    )
    for id, name in processors(stack):
        for part, kind, suffix in kinds:
            if f"{id}{part}Alarm" in stack.ids():
                values = alarm(stack, f"{id}{part}Alarm")
                yield "aws_cloudwatch_metric_alarm", kind, name + suffix, values
        if f"{id}LostAlarm" in stack.ids():
            full = f"{stack.values['AWS::StackName']}-{name}"
            values = alarm(stack, f"{id}LostAlarm")
            yield "aws_cloudwatch_metric_alarm", "lost", full, values


def alarm(stack, id):
    found = stack.properties(id)
    values = {
        "alarm_name": found["AlarmName"],
        "alarm_description": found["AlarmDescription"],
        "namespace": found["Namespace"],
        "metric_name": found["MetricName"],
        "dimensions": {one["Name"]: one["Value"] for one in found["Dimensions"]},
        "statistic": found["Statistic"],
        "period": found["Period"],
        "evaluation_periods": found["EvaluationPeriods"],
        "comparison_operator": found["ComparisonOperator"],
        "threshold": found["Threshold"],
        "treat_missing_data": found["TreatMissingData"],
    }
    for property, attribute in (("AlarmActions", "alarm_actions"), ("OKActions", "ok_actions")):
        if property in found:
            values[attribute] = found[property]
    return values


processor_parts = (queues, feeds, functions, workers, alarms)
