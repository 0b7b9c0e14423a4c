# Everything new, in AWS China, where S3 may use the topic's key without a condition.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws-cn" }
  }
  mock_data "aws_region" {
    defaults = { region = "cn-north-1" }
  }
}

variables {
  region              = "cn-north-1"
  name                = "china"
  topic_key_condition = "none"
  alarm_actions       = ["arn:aws-cn:sns:cn-north-1:123456789012:on-call"]
  processors = {
    put-processor = { package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
    by-event-bus  = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/event-pattern.json" }
  }
}

run "china" {
  assert {
    condition     = jsondecode(aws_kms_key.topic[0].policy).Statement[0].Principal.AWS == "arn:aws-cn:iam::123456789012:root"
    error_message = "The account cannot manage its key."
  }
  assert {
    condition     = !strcontains(jsonencode([aws_kms_key.topic, aws_sns_topic_policy.events, aws_sqs_queue_policy.main, aws_iam_role.function, aws_iam_role_policy.function, aws_s3_bucket_policy.all]), "arn:aws:")
    error_message = "An ARN is in the wrong partition."
  }
}
