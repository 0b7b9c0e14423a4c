# Five processors, with every form of filter.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  region = "eu-central-1"
  name   = "five"
  processors = {
    put-processor  = { package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
    copy-processor = { package = "tests/fixtures/package.zip", policy_file = "policies/copy-processor.json" }
    uploads        = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/uploads.json" }
    deletions      = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/deletions.json" }
    tiering        = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/tiering.json" }
  }
}

run "five_processors" {
  assert {
    condition = alltrue([
      for resources in [
        keys(aws_sqs_queue.main), keys(aws_sqs_queue.dead_letters), keys(aws_sqs_queue.undelivered), keys(aws_sns_topic_subscription.processor),
        keys(aws_lambda_function.processor), keys(aws_lambda_event_source_mapping.processor), keys(aws_cloudwatch_log_group.function),
        keys(aws_iam_role.function), keys(aws_cloudwatch_metric_alarm.age), keys(output.processors),
      ] : join(" ", resources) == "copy-processor deletions put-processor tiering uploads"
    ])
    error_message = "A processor is missing a resource."
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.dead_letters) == 10
    error_message = "A dead-letter queue has no alarm."
  }
  assert {
    condition     = join(" ", output.events) == "s3:IntelligentTiering s3:LifecycleExpiration:* s3:ObjectCreated:* s3:ObjectRemoved:*"
    error_message = "The bucket's event types overlap, which S3 rejects, or some are missing."
  }
  assert {
    condition     = aws_sns_topic_subscription.processor["tiering"].filter_policy == null && aws_sns_topic_subscription.processor["tiering"].filter_policy_scope == null
    error_message = "A program that handles every event has a filter."
  }
  assert {
    condition     = jsondecode(aws_sns_topic_subscription.processor["deletions"].filter_policy) == jsondecode(file("tests/fixtures/deletions.json")).filter_policy
    error_message = "A filter with prefixes differs from the one in its file."
  }
  assert {
    condition     = length(distinct([for name, subscription in aws_sns_topic_subscription.processor : subscription.endpoint])) == 5
    error_message = "Two processors share a queue."
  }
  assert {
    condition     = alltrue([for name, policy in aws_sqs_queue_policy.main : jsondecode(policy.policy).Statement[0].Resource == aws_sqs_queue.main[name].arn && policy.queue_url == aws_sqs_queue.main[name].url])
    error_message = "A queue has the policy of another queue."
  }
  assert {
    condition     = alltrue([for name in keys(var.processors) : startswith(aws_lambda_function.processor[name].function_name, "five-")])
    error_message = "A name does not start with the pipeline's name."
  }
}
