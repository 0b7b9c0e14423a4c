# A bucket of another account and a key that exist already, in AWS GovCloud. One processor is fed by
# the topic, the other one by EventBridge.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws-us-gov" }
  }
  mock_data "aws_region" {
    defaults = { region = "us-gov-west-1" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:existing-events" }
  }
}

variables {
  region              = "us-gov-west-1"
  name                = "existing"
  existing_bucket     = { name = "their.bucket", account = "210987654321" }
  existing_key_arn    = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  topic_key_condition = "encryption-context"
  processors = {
    put-processor = { package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
    by-event-bus  = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/event-pattern.json" }
  }
}

run "existing_bucket_and_key" {
  assert {
    condition     = length(aws_s3_bucket.objects) + length(aws_s3_bucket_lifecycle_configuration.objects) + length(aws_s3_bucket_notification.objects) + length(aws_kms_key.topic) == 0
    error_message = "The module creates or changes something that exists already."
  }
  assert {
    condition = alltrue([
      for resources in [
        keys(aws_s3_bucket_public_access_block.all), keys(aws_s3_bucket_ownership_controls.all),
        keys(aws_s3_bucket_server_side_encryption_configuration.all), keys(aws_s3_bucket_policy.all),
      ] : resources == ["artefacts"]
    ])
    error_message = "The module changes the settings of an existing bucket."
  }
  assert {
    condition     = output.bucket == "their.bucket" && output.bucket_arn == "arn:aws-us-gov:s3:::their.bucket"
    error_message = "An output does not name the existing bucket."
  }
  assert {
    condition     = aws_sns_topic.events[0].kms_master_key_id == var.existing_key_arn && aws_kms_alias.topic[0].target_key_id == var.existing_key_arn && output.topic_key_arn == var.existing_key_arn
    error_message = "The topic is not encrypted with the existing key."
  }
  assert {
    condition = output.notification == {
      topic_arn   = aws_sns_topic.events[0].arn
      events      = tolist(["s3:ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Put"])
      eventbridge = true
    }
    error_message = "The output does not say what to add to the bucket's notification."
  }
  assert {
    condition = jsondecode(output.statements.key) == {
      Sid       = "UsedByTheBucket"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = "*"
      Condition = { StringEquals = { "kms:EncryptionContext:aws:sns:topicArn" = aws_sns_topic.events[0].arn } }
    }
    error_message = "The output does not say what the existing key must allow."
  }
}

run "the_key_recognizes_the_bucket_of_another_account" {
  variables {
    topic_key_condition = "source-arn"
  }

  assert {
    condition = jsondecode(output.statements.key).Condition == {
      StringEquals = { "aws:SourceAccount" = "210987654321" }
      ArnEquals    = { "aws:SourceArn" = "arn:aws-us-gov:s3:::their.bucket" }
    }
    error_message = "The key does not recognize the bucket."
  }
}

run "event_bus" {
  assert {
    condition     = keys(aws_sns_topic_subscription.processor) == ["put-processor"] && keys(aws_cloudwatch_event_rule.processor) == ["by-event-bus"]
    error_message = "A processor is fed twice, or not at all."
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.processor["by-event-bus"].event_pattern) == merge(
      jsondecode(file("tests/fixtures/event-pattern.json")),
      { account = ["210987654321"], resources = ["arn:aws-us-gov:s3:::their.bucket"] },
    )
    error_message = "The rule takes the events of other buckets, or not those that the handlers handle."
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.processor["by-event-bus"].rule == aws_cloudwatch_event_rule.processor["by-event-bus"].name &&
      aws_cloudwatch_event_target.processor["by-event-bus"].arn == aws_sqs_queue.main["by-event-bus"].arn &&
      aws_cloudwatch_event_target.processor["by-event-bus"].dead_letter_config[0].arn == aws_sqs_queue.undelivered["by-event-bus"].arn
    )
    error_message = "The rule does not send to its processor's queues."
  }
  assert {
    condition     = length(aws_cloudwatch_event_target.processor["by-event-bus"].input_transformer) == 0
    error_message = "The rule changes the events."
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.lost) == ["existing", "existing-by-event-bus"]
    error_message = "Lost events raise no alarm."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.lost["existing-by-event-bus"].namespace == "AWS/Events" &&
      aws_cloudwatch_metric_alarm.lost["existing-by-event-bus"].metric_name == "InvocationsFailedToBeSentToDlq" &&
      aws_cloudwatch_metric_alarm.lost["existing-by-event-bus"].dimensions == tomap({ RuleName = "existing-by-event-bus" })
    )
    error_message = "The alarm on lost events watches something else."
  }
  assert {
    condition     = alltrue([for resource in concat(values(aws_cloudwatch_event_rule.processor), values(aws_cloudwatch_event_target.processor)) : resource.region == "us-gov-west-1"])
    error_message = "The rule is in another region."
  }
}

run "notification_is_replaced_if_allowed" {
  variables {
    existing_bucket = { name = "their.bucket", replace_notification = true }
  }

  assert {
    condition     = aws_s3_bucket_notification.objects[0].bucket == "their.bucket" && aws_s3_bucket_notification.objects[0].eventbridge && [for topic in aws_s3_bucket_notification.objects[0].topic : topic.topic_arn] == [aws_sns_topic.events[0].arn]
    error_message = "The bucket does not notify the topic and EventBridge."
  }
  assert {
    condition     = output.notification == null
    error_message = "The output asks for what the module has done."
  }
  assert {
    condition     = jsondecode(aws_sns_topic_policy.events[0].policy).Statement[0].Condition.StringEquals == { "aws:SourceAccount" = "123456789012" }
    error_message = "A bucket without an account is not one of this account."
  }
}

run "existing_topic" {
  variables {
    existing_topic_arn = "arn:aws-us-gov:sns:us-gov-west-1:210987654321:theirs"
    existing_key_arn   = null
  }

  assert {
    condition     = length(aws_sns_topic.events) + length(aws_sns_topic_policy.events) + length(aws_kms_key.topic) + length(aws_kms_alias.topic) == 0
    error_message = "The module creates or changes something that exists already."
  }
  assert {
    condition     = aws_sns_topic_subscription.processor["put-processor"].topic_arn == var.existing_topic_arn && output.topic_arn == var.existing_topic_arn && output.notification.topic_arn == var.existing_topic_arn && output.topic_key_arn == null
    error_message = "The queue does not subscribe to the existing topic."
  }
  assert {
    condition = alltrue([
      for policy in [aws_sqs_queue_policy.main["put-processor"], aws_sqs_queue_policy.undelivered["put-processor"]] :
      jsondecode(policy.policy).Statement[0].Condition == { ArnEquals = { "aws:SourceArn" = var.existing_topic_arn } }
    ])
    error_message = "The existing topic may not send, or another one may."
  }
  assert {
    condition = jsondecode(output.statements.topic) == {
      Sid       = "OnlyTheBucketPublishes"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = var.existing_topic_arn
      Condition = {
        StringEquals = { "aws:SourceAccount" = "210987654321" }
        ArnEquals    = { "aws:SourceArn" = "arn:aws-us-gov:s3:::their.bucket" }
      }
    }
    error_message = "The output does not say what the existing topic must allow."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.lost["existing"].dimensions == tomap({ TopicName = "theirs" })
    error_message = "The alarm on lost notifications watches another topic."
  }
}

run "only_event_bus" {
  variables {
    existing_key_arn = null
    existing_bucket  = { name = "their.bucket", replace_notification = true }
    processors = {
      by-event-bus = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/event-pattern.json" }
    }
  }

  assert {
    condition     = length(aws_sns_topic.events) + length(aws_kms_key.topic) + length(aws_kms_alias.topic) + length(aws_sns_topic_subscription.processor) == 0 && output.topic_arn == null && output.statements.topic == null
    error_message = "There is a topic that nobody needs."
  }
  assert {
    condition     = length(aws_s3_bucket_notification.objects[0].topic) == 0 && aws_s3_bucket_notification.objects[0].eventbridge
    error_message = "The bucket does not notify EventBridge alone."
  }
}
