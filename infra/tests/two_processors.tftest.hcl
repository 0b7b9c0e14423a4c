# The pipeline of the two examples.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
}

variables {
  region = "eu-central-1"
  processors = {
    put-processor = {
      package              = "tests/fixtures/package.zip"
      policy_file          = "policies/put-processor.json"
      timeout_seconds      = 60
      batch_size           = 100
      batch_window_seconds = 5
      maximum_concurrency  = 20
      environment          = { MAX_OBJECT_BYTES = "1000" }
    }
    copy-processor = {
      package     = "tests/fixtures/package.zip"
      policy_file = "policies/copy-processor.json"
    }
  }
}

run "wiring" {
  assert {
    condition     = aws_s3_bucket_notification.objects[0].bucket == aws_s3_bucket.objects[0].id
    error_message = "The notification belongs to another bucket."
  }
  assert {
    condition     = [for topic in aws_s3_bucket_notification.objects[0].topic : topic.topic_arn] == [aws_sns_topic.events[0].arn]
    error_message = "The bucket does not publish to the topic."
  }
  assert {
    condition = toset(aws_s3_bucket_notification.objects[0].topic[0].events) == toset(concat(
      jsondecode(file("policies/put-processor.json")).events,
      jsondecode(file("policies/copy-processor.json")).events,
    ))
    error_message = "The bucket does not publish the events of all processors."
  }
  assert {
    condition     = toset(keys(aws_sns_topic_subscription.processor)) == toset(["copy-processor", "put-processor"])
    error_message = "A processor has no subscription, or there is an extra one."
  }
  assert {
    condition = alltrue([
      for name, subscription in aws_sns_topic_subscription.processor :
      subscription.topic_arn == aws_sns_topic.events[0].arn && subscription.protocol == "sqs" && subscription.endpoint == aws_sqs_queue.main[name].arn
    ])
    error_message = "A subscription does not connect the topic to its processor's main queue."
  }
  assert {
    condition     = alltrue([for subscription in aws_sns_topic_subscription.processor : subscription.raw_message_delivery])
    error_message = "A subscription wraps notifications in an envelope."
  }
  assert {
    condition = alltrue([
      for name, mapping in aws_lambda_event_source_mapping.processor :
      mapping.event_source_arn == aws_sqs_queue.main[name].arn && mapping.function_name == aws_lambda_function.processor[name].arn
    ])
    error_message = "A function receives from the queue of another processor."
  }
  assert {
    condition     = length(distinct([for queue in concat(values(aws_sqs_queue.main), values(aws_sqs_queue.dead_letters), values(aws_sqs_queue.undelivered)) : queue.name])) == 6
    error_message = "Two of the six queues share a name."
  }
}

run "filters" {
  assert {
    condition = alltrue([
      for name, subscription in aws_sns_topic_subscription.processor :
      jsondecode(subscription.filter_policy) == jsondecode(file("policies/${name}.json")).filter_policy
    ])
    error_message = "A subscription's filter differs from the file that its program wrote."
  }
  assert {
    condition     = alltrue([for subscription in aws_sns_topic_subscription.processor : subscription.filter_policy_scope == "MessageBody"])
    error_message = "A filter applies to message attributes, which S3 does not set."
  }
  assert {
    condition     = contains(jsondecode(aws_sns_topic_subscription.processor["put-processor"].filter_policy).Records.eventName, "ObjectCreated:CompleteMultipartUpload")
    error_message = "No queue receives multipart uploads."
  }
}

run "queues" {
  assert {
    condition     = aws_sqs_queue.main["put-processor"].visibility_timeout_seconds == 6 * 60 + 5
    error_message = "The visibility timeout is not six times the function's timeout plus the batch window."
  }
  assert {
    condition = alltrue([
      for name, queue in aws_sqs_queue.main :
      queue.visibility_timeout_seconds == 6 * aws_lambda_function.processor[name].timeout + aws_lambda_event_source_mapping.processor[name].maximum_batching_window_in_seconds
    ])
    error_message = "A queue's visibility timeout does not follow from its function's timeout."
  }
  assert {
    condition     = alltrue([for name, queue in aws_sqs_queue.main : jsondecode(queue.redrive_policy).maxReceiveCount == 5])
    error_message = "A message does not get five attempts."
  }
  assert {
    condition     = alltrue([for name, queue in aws_sqs_queue.main : jsondecode(queue.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead_letters[name].arn])
    error_message = "A main queue does not have its own dead-letter queue."
  }
  assert {
    condition = alltrue([
      for name, policy in aws_sqs_queue_redrive_allow_policy.dead_letters :
      policy.queue_url == aws_sqs_queue.dead_letters[name].url &&
      jsondecode(policy.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.main[name].arn] }
    ])
    error_message = "A dead-letter queue accepts messages from other queues."
  }
  assert {
    condition = (
      toset([for policy in aws_sqs_queue_redrive_allow_policy.closed : policy.queue_url]) ==
      toset([for queue in concat(values(aws_sqs_queue.main), values(aws_sqs_queue.undelivered)) : queue.url]) &&
      alltrue([for policy in aws_sqs_queue_redrive_allow_policy.closed : jsondecode(policy.redrive_allow_policy) == { redrivePermission = "denyAll" }])
    )
    error_message = "A queue can become the dead-letter queue of any other queue."
  }
  assert {
    condition = alltrue([
      for name, subscription in aws_sns_topic_subscription.processor :
      jsondecode(subscription.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.undelivered[name].arn }
    ])
    error_message = "SNS drops notifications that it cannot deliver, or sends them to the wrong queue."
  }
  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.dead_letters), values(aws_sqs_queue.undelivered)) : queue.message_retention_seconds == 14 * 24 * 60 * 60])
    error_message = "Dead letters are not kept for 14 days."
  }
  assert {
    condition     = alltrue([for queue in aws_sqs_queue.main : queue.message_retention_seconds == 7 * 24 * 60 * 60 && queue.delay_seconds == 0])
    error_message = "Messages are not kept for a week, or are delayed."
  }
  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.main), values(aws_sqs_queue.dead_letters), values(aws_sqs_queue.undelivered)) : queue.max_message_size == 1048576])
    error_message = "A queue rejects large notifications."
  }
}

run "functions" {
  assert {
    condition     = alltrue([for function in aws_lambda_function.processor : function.runtime == "provided.al2023" && function.handler == "bootstrap"])
    error_message = "A function does not run `bootstrap` on provided.al2023."
  }
  assert {
    condition     = alltrue([for function in aws_lambda_function.processor : function.architectures == tolist(["x86_64"])])
    error_message = "A function's architecture differs from its package's."
  }
  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.processor : mapping.function_response_types == toset(["ReportBatchItemFailures"])])
    error_message = "Lambda ignores which messages failed."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.processor["put-processor"].batch_size == 100 && aws_lambda_event_source_mapping.processor["copy-processor"].batch_size == 10
    error_message = "The batch sizes differ from the settings."
  }
  assert {
    condition     = [for scaling in aws_lambda_event_source_mapping.processor["put-processor"].scaling_config : scaling.maximum_concurrency] == [20]
    error_message = "The concurrency differs from the setting."
  }
  assert {
    condition     = length(aws_lambda_event_source_mapping.processor["copy-processor"].scaling_config) == 0
    error_message = "The concurrency is limited although no limit is set."
  }
  assert {
    condition = alltrue([
      for name, function in aws_lambda_function.processor : function.environment[0].variables == tomap(merge(
        { S3_DISPATCH_QUEUE_URL = aws_sqs_queue.main[name].url, S3_DISPATCH_DEAD_LETTERS_URL = aws_sqs_queue.dead_letters[name].url },
        name == "put-processor" ? { MAX_OBJECT_BYTES = "1000" } : {},
      ))
    ])
    error_message = "The environment variables differ from the settings, or do not name the queues."
  }
  assert {
    condition = alltrue([
      for name, function in aws_lambda_function.processor :
      function.s3_bucket == aws_s3_bucket.artefacts.id && function.s3_key == "${name}/${filesha256("tests/fixtures/package.zip")}.zip" && function.s3_key == aws_s3_object.package[name].key && function.source_code_hash == filebase64sha256("tests/fixtures/package.zip")
    ])
    error_message = "A function does not run its package from the package bucket."
  }
  assert {
    condition     = alltrue([for name, function in aws_lambda_function.processor : function.role == aws_iam_role.function[name].arn && aws_iam_role_policy.function[name].role == aws_iam_role.function[name].name])
    error_message = "A function has the role of another function."
  }
  assert {
    condition     = alltrue([for function in aws_lambda_function.processor : function.logging_config[0].log_format == "JSON" && function.logging_config[0].application_log_level == "INFO"])
    error_message = "A function does not log JSON at level INFO."
  }
  assert {
    condition = alltrue([
      for name, function in aws_lambda_function.processor :
      function.logging_config[0].log_group == aws_cloudwatch_log_group.function[name].name && aws_cloudwatch_log_group.function[name].name == "/aws/lambda/${function.function_name}"
    ])
    error_message = "A function does not log to its log group."
  }
  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.function : group.retention_in_days == 14])
    error_message = "Logs are not kept for 14 days."
  }
}

run "alarms" {
  variables {
    alarm_actions = ["arn:aws:sns:eu-central-1:123456789012:on-call"]
  }

  assert {
    condition = toset([for alarm in aws_cloudwatch_metric_alarm.dead_letters : alarm.dimensions.QueueName]) == toset(
      [for queue in concat(values(aws_sqs_queue.dead_letters), values(aws_sqs_queue.undelivered)) : queue.name]
    )
    error_message = "A dead-letter queue has no alarm."
  }
  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.dead_letters :
      alarm.namespace == "AWS/SQS" && alarm.metric_name == "ApproximateNumberOfMessagesVisible" && alarm.comparison_operator == "GreaterThanThreshold" && alarm.threshold == 0
    ])
    error_message = "A single dead letter raises no alarm."
  }
  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.age :
      alarm.dimensions.QueueName == aws_sqs_queue.main[name].name && alarm.metric_name == "ApproximateAgeOfOldestMessage" && alarm.statistic == "Maximum"
    ])
    error_message = "Messages that wait too long raise no alarm."
  }
  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.dead_letters), values(aws_cloudwatch_metric_alarm.age), values(aws_cloudwatch_metric_alarm.lost)) :
      contains(alarm.alarm_actions, "arn:aws:sns:eu-central-1:123456789012:on-call") && contains(alarm.ok_actions, "arn:aws:sns:eu-central-1:123456789012:on-call")
    ])
    error_message = "An alarm notifies no one."
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.dead_letters), values(aws_cloudwatch_metric_alarm.age)) : alarm.treat_missing_data == "ignore"])
    error_message = "An alarm ends when SQS stops sending metrics of the queue, although its messages are still there."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.age["put-processor"].threshold == 900 && aws_cloudwatch_metric_alarm.age["copy-processor"].threshold == 900
    error_message = "The alarm on the age does not have its minimum."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.age["put-processor"].alarm_description, "more than 900 s") && strcontains(aws_cloudwatch_metric_alarm.age["put-processor"].alarm_description, "does not see messages that were received three times or more")
    error_message = "The alarm on the age does not say what it sees."
  }
  assert {
    condition = alltrue([
      aws_cloudwatch_metric_alarm.lost["s3-dispatch"].namespace == "AWS/SNS", aws_cloudwatch_metric_alarm.lost["s3-dispatch"].metric_name == "NumberOfNotificationsFailedToRedriveToDlq",
      aws_cloudwatch_metric_alarm.lost["s3-dispatch"].dimensions == tomap({ TopicName = aws_sns_topic.events[0].name }), aws_cloudwatch_metric_alarm.lost["s3-dispatch"].statistic == "Sum",
      aws_cloudwatch_metric_alarm.lost["s3-dispatch"].comparison_operator == "GreaterThanThreshold", aws_cloudwatch_metric_alarm.lost["s3-dispatch"].threshold == 0,
      # The metric exists only while notifications are lost.
      aws_cloudwatch_metric_alarm.lost["s3-dispatch"].treat_missing_data == "notBreaching",
    ])
    error_message = "Lost notifications raise no alarm."
  }
}

run "the_age_alarm_follows_the_visibility_timeout" {
  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        timeout_seconds      = 900
        batch_window_seconds = 300
      }
      copy-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/copy-processor.json"
        timeout_seconds = 75
      }
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.age["put-processor"].threshold == 2 * (6 * 900 + 300)
    error_message = "One failed attempt of a slow function raises an alarm."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.age["copy-processor"].threshold == 900
    error_message = "The alarm on the age does not have its minimum."
  }
}

run "the_age_of_the_alarm_can_be_set" {
  variables {
    alarm_age_seconds = 120
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.age : alarm.threshold == 120])
    error_message = "The alarm on the age does not follow the setting."
  }
}

run "encryption" {
  assert {
    condition     = aws_sns_topic.events[0].kms_master_key_id == aws_kms_key.topic[0].arn
    error_message = "The topic is not encrypted with the key that S3 may use."
  }
  assert {
    condition     = aws_kms_key.topic[0].enable_key_rotation
    error_message = "The key is never rotated."
  }
  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.main), values(aws_sqs_queue.dead_letters), values(aws_sqs_queue.undelivered)) : queue.sqs_managed_sse_enabled])
    error_message = "A queue is not encrypted."
  }
  assert {
    condition     = alltrue([for encryption in aws_s3_bucket_server_side_encryption_configuration.all : [for rule in encryption.rule : rule.apply_server_side_encryption_by_default[0].sse_algorithm] == ["AES256"]])
    error_message = "A bucket is not encrypted."
  }
}

run "the_key_recognizes_the_bucket" {
  assert {
    condition = jsondecode(aws_kms_key.topic[0].policy).Statement[1].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnEquals    = { "aws:SourceArn" = aws_s3_bucket.objects[0].arn }
    }
    error_message = "S3 may use the key for another bucket."
  }
}

run "the_key_recognizes_the_topic" {
  variables {
    topic_key_condition = "encryption-context"
  }

  assert {
    condition = jsondecode(aws_kms_key.topic[0].policy).Statement[1] == {
      Sid       = "UsedByTheBucket"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = "*"
      Condition = { StringEquals = { "kms:EncryptionContext:aws:sns:topicArn" = "arn:aws:sns:eu-central-1:123456789012:s3-dispatch-events" } }
    }
    error_message = "S3 may use the key for another topic, or not for this one."
  }
}

run "the_key_has_no_condition" {
  variables {
    topic_key_condition = "none"
  }

  assert {
    condition     = !can(jsondecode(aws_kms_key.topic[0].policy).Statement[1].Condition) && jsondecode(aws_kms_key.topic[0].policy).Statement[1].Principal == { Service = "s3.amazonaws.com" }
    error_message = "The key has a condition, or other services may use it."
  }
}

run "buckets" {
  assert {
    condition = alltrue([
      for resources in [aws_s3_bucket_public_access_block.all, aws_s3_bucket_ownership_controls.all, aws_s3_bucket_server_side_encryption_configuration.all, aws_s3_bucket_policy.all] :
      toset([for resource in resources : resource.bucket]) == toset([aws_s3_bucket.objects[0].id, aws_s3_bucket.artefacts.id])
    ])
    error_message = "A bucket lacks one of the settings that both must have."
  }
  assert {
    condition = alltrue([
      for block in aws_s3_bucket_public_access_block.all :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "A bucket can be opened to the public."
  }
  assert {
    condition     = alltrue([for controls in aws_s3_bucket_ownership_controls.all : controls.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "A bucket accepts objects that belong to other accounts."
  }
  assert {
    condition     = aws_s3_bucket.objects[0].bucket_prefix == "s3-dispatch-" && !aws_s3_bucket.objects[0].force_destroy
    error_message = "The bucket's name may be taken, or `destroy` deletes its objects without asking."
  }
}

run "outputs" {
  assert {
    condition     = output.bucket == aws_s3_bucket.objects[0].id && output.topic_arn == aws_sns_topic.events[0].arn && output.topic_key_arn == aws_kms_key.topic[0].arn && output.region == "eu-central-1"
    error_message = "An output names the wrong resource."
  }
  assert {
    condition = alltrue([
      for name, processor in output.processors :
      processor.queue_url == aws_sqs_queue.main[name].url && processor.dead_letters_queue_url == aws_sqs_queue.dead_letters[name].url &&
      processor.undelivered_queue_url == aws_sqs_queue.undelivered[name].url && processor.function_name == "s3-dispatch-${name}" &&
      processor.log_group == "/aws/lambda/s3-dispatch-${name}" && processor.role_name == "s3-dispatch-${name}-eu-central-1"
    ])
    error_message = "An output of a processor names the wrong resource."
  }
}

run "region" {
  variables {
    region = "us-west-2"
  }

  assert {
    condition = alltrue([
      for resource in concat(
        aws_kms_key.topic, aws_kms_alias.topic, aws_sns_topic.events, aws_sns_topic_policy.events,
        aws_s3_bucket.objects, [aws_s3_bucket.artefacts], aws_s3_bucket_notification.objects,
        aws_s3_bucket_lifecycle_configuration.objects, [aws_s3_bucket_lifecycle_configuration.artefacts],
        values(aws_s3_bucket_public_access_block.all), values(aws_s3_bucket_ownership_controls.all),
        values(aws_s3_bucket_server_side_encryption_configuration.all), values(aws_s3_bucket_policy.all),
        values(aws_s3_object.package), values(aws_sns_topic_subscription.processor),
        values(aws_sqs_queue.main), values(aws_sqs_queue.dead_letters), values(aws_sqs_queue.undelivered),
        values(aws_sqs_queue_policy.main), values(aws_sqs_queue_policy.dead_letters), values(aws_sqs_queue_policy.undelivered),
        values(aws_sqs_queue_redrive_allow_policy.dead_letters), values(aws_sqs_queue_redrive_allow_policy.closed), values(aws_lambda_function.processor),
        values(aws_lambda_event_source_mapping.processor), values(aws_cloudwatch_log_group.function),
        values(aws_cloudwatch_metric_alarm.dead_letters), values(aws_cloudwatch_metric_alarm.age), values(aws_cloudwatch_metric_alarm.lost),
      ) : resource.region == "us-west-2"
    ])
    error_message = "Something is in another region."
  }
}

run "arm64" {
  variables {
    architecture = "arm64"
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.processor : function.architectures == tolist(["arm64"])])
    error_message = "A function's architecture differs from its package's."
  }
}
