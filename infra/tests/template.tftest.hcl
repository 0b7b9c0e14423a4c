# The pipeline that the program's template for CloudFormation describes too. `templates.py` compares
# the state of each run with the template.

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
  region        = "eu-central-1"
  name          = "pipeline"
  bucket_name   = "uploads"
  alarm_actions = ["arn:aws:sns:eu-central-1:123456789012:on-call"]
}

run "by_topic" {
  variables {
    processors = {
      put-processor  = { package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
      copy-processor = { package = "tests/fixtures/package.zip", policy_file = "policies/copy-processor.json" }
    }
  }

  assert {
    condition     = length(aws_sqs_queue.main) == 2 && length(aws_sns_topic.events) == 1
    error_message = "This is not the pipeline of the template."
  }
}

run "by_event_bus" {
  variables {
    processors = {
      put-processor = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/put-processor-pattern.json" }
    }
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.processor) == 1 && length(aws_sns_topic.events) == 0
    error_message = "This is not the pipeline of the template."
  }
}

run "worker" {
  variables {
    processors = {
      put-processor = { kind = "worker", policy_file = "policies/put-processor.json" }
    }
  }

  assert {
    condition     = length(aws_iam_policy.worker) == 1 && length(aws_lambda_function.processor) == 0
    error_message = "This is not the pipeline of the template."
  }
}

run "with_store" {
  variables {
    processors = {
      put-processor = { package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
    }
    store = { audits = true }
  }

  assert {
    condition     = length(aws_dynamodb_table.store) == 1 && aws_lambda_function.processor["put-processor"].environment[0].variables["S3_DISPATCH_STORE_TABLE"] == "pipeline"
    error_message = "This is not the pipeline of the template, or the function does not know its table."
  }
}

run "worker_with_store" {
  variables {
    processors = {
      put-processor = { kind = "worker", policy_file = "policies/put-processor.json" }
    }
    store = {}
  }

  assert {
    condition     = length(aws_iam_policy.worker_store) == 1 && length(aws_dynamodb_table.store) == 1
    error_message = "This is not the pipeline of the template."
  }
}
