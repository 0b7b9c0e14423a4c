# Settings of functions and mappings that most pipelines do not need.

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
  tags   = { team = "uploads" }
  processors = {
    managed = {
      package         = "tests/fixtures/package.zip"
      policy_file     = "tests/fixtures/nameless.json"
      timeout_seconds = 5400
      handler_seconds = 5000
      batch_size      = 5
      memory_mb       = 4096
      managed_instances = {
        capacity_provider_arn       = "arn:aws:lambda:eu-central-1:123456789012:capacity-provider:big"
        invocations_per_environment = 3
      }
    }
    provisioned = {
      package              = "tests/fixtures/package.zip"
      policy_file          = "tests/fixtures/nameless.json"
      provisioned_pollers  = { minimum = 3, maximum = 30 }
      reserved_concurrency = 50
      filter_file          = "tests/fixtures/filter-criteria.json"
      filter_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
    reserved = {
      package              = "tests/fixtures/package.zip"
      policy_file          = "tests/fixtures/nameless.json"
      maximum_concurrency  = 10
      reserved_concurrency = 10
    }
    by-event-bus = {
      package            = "tests/fixtures/package.zip"
      event_pattern_file = "tests/fixtures/event-pattern.json"
    }
  }
}

run "managed_instances" {
  assert {
    condition = [for config in aws_lambda_function.processor["managed"].capacity_provider_config : {
      arn = config.lambda_managed_instances_capacity_provider_config[0].capacity_provider_arn
      max = config.lambda_managed_instances_capacity_provider_config[0].per_execution_environment_max_concurrency
    }] == [{ arn = "arn:aws:lambda:eu-central-1:123456789012:capacity-provider:big", max = 3 }]
    error_message = "The function does not run on the managed instances."
  }
  assert {
    # The unqualified ARN of such a function means its published version.
    condition     = aws_lambda_function.processor["managed"].publish && aws_lambda_function.processor["managed"].publish_to == "LATEST_PUBLISHED" && aws_lambda_event_source_mapping.processor["managed"].function_name == aws_lambda_function.processor["managed"].arn
    error_message = "The function has no published version, which managed instances run."
  }
  assert {
    condition     = aws_lambda_function.processor["managed"].timeout == 5400 && aws_sqs_queue.main["managed"].visibility_timeout_seconds == 32400 && length(local.sizing_faults) == 0
    error_message = "The timeout is not as long as managed instances allow."
  }
  assert {
    condition = alltrue([
      for name in ["by-event-bus", "provisioned", "reserved"] :
      length(aws_lambda_function.processor[name].capacity_provider_config) == 0 && aws_lambda_function.processor[name].publish_to == null
    ])
    error_message = "A function runs on managed instances without asking for it."
  }
}

run "concurrency" {
  assert {
    condition = { for name, function in aws_lambda_function.processor : name => coalesce(function.reserved_concurrent_executions, -1) } == {
      by-event-bus = -1, managed = -1, provisioned = 50, reserved = 10
    }
    error_message = "The reserved concurrency differs from the settings."
  }
  assert {
    condition = { for name, mapping in aws_lambda_event_source_mapping.processor : name => [for pollers in mapping.provisioned_poller_config : [pollers.minimum_pollers, pollers.maximum_pollers]] } == {
      by-event-bus = [], managed = [], provisioned = [[3, 30]], reserved = []
    }
    error_message = "The pollers differ from the settings."
  }
  assert {
    condition     = { for name, mapping in aws_lambda_event_source_mapping.processor : name => length(mapping.scaling_config) } == { by-event-bus = 0, managed = 0, provisioned = 0, reserved = 1 }
    error_message = "The concurrency of a mapping with pollers is limited too, which Lambda rejects."
  }
}

run "filters_of_mappings" {
  assert {
    condition     = [for filter in one(aws_lambda_event_source_mapping.processor["provisioned"].filter_criteria).filter : filter.pattern] == [jsondecode(file("tests/fixtures/filter-criteria.json")).Filters[0].Pattern]
    error_message = "The filter differs from the one that the program wrote."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.processor["provisioned"].kms_key_arn == var.processors["provisioned"].filter_key_arn
    error_message = "The filter is not encrypted with the key."
  }
  assert {
    condition     = length(aws_lambda_event_source_mapping.processor["reserved"].filter_criteria) == 0 && aws_lambda_event_source_mapping.processor["reserved"].kms_key_arn == null
    error_message = "There is a filter that nobody asked for."
  }
}

run "alarms_on_functions" {
  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.processor : one(mapping.metrics_config).metrics == toset(["EventCount"])])
    error_message = "A mapping does not count what its filter deletes."
  }
  assert {
    condition = alltrue([
      for name, function in aws_lambda_function.processor : {
        for kind in ["errors", "throttles", "recursion", "filtered"] : kind => [
          aws_cloudwatch_metric_alarm.function["${name}-${kind}"].alarm_name, aws_cloudwatch_metric_alarm.function["${name}-${kind}"].metric_name,
          jsonencode(aws_cloudwatch_metric_alarm.function["${name}-${kind}"].dimensions), tostring(aws_cloudwatch_metric_alarm.function["${name}-${kind}"].evaluation_periods),
        ]
        } == {
        errors    = ["s3-dispatch-${name}-errors", "Errors", jsonencode({ FunctionName = function.function_name }), "1"]
        throttles = ["s3-dispatch-${name}-throttles", "Throttles", jsonencode({ FunctionName = function.function_name }), "3"]
        recursion = ["s3-dispatch-${name}-recursion", "RecursiveInvocationsDropped", jsonencode({ FunctionName = function.function_name }), "1"]
        filtered  = ["s3-dispatch-${name}-filtered", "FilteredOutEventCount", jsonencode({ EventSourceMappingUUID = aws_lambda_event_source_mapping.processor[name].uuid }), "1"]
      }
    ])
    error_message = "An alarm on a function watches something else."
  }
  assert {
    condition = length(aws_cloudwatch_metric_alarm.function) == 16 && alltrue([
      for alarm in aws_cloudwatch_metric_alarm.function : alarm.namespace == "AWS/Lambda" && alarm.statistic == "Sum" &&
      alarm.comparison_operator == "GreaterThanThreshold" && alarm.threshold == 0 && alarm.treat_missing_data == "notBreaching" && alarm.region == "eu-central-1"
    ])
    error_message = "An alarm on a function does not see a single event, or never ends."
  }
}

run "tags" {
  assert {
    condition = alltrue([
      for resource in concat(
        aws_s3_bucket.objects, [aws_s3_bucket.artefacts], aws_kms_key.topic, aws_sns_topic.events, values(aws_sqs_queue.main),
        values(aws_sqs_queue.dead_letters), values(aws_sqs_queue.undelivered), values(aws_iam_role.function), values(aws_cloudwatch_log_group.function),
        values(aws_lambda_function.processor), values(aws_lambda_event_source_mapping.processor), values(aws_cloudwatch_event_rule.processor),
        values(aws_cloudwatch_metric_alarm.dead_letters), values(aws_cloudwatch_metric_alarm.age), values(aws_cloudwatch_metric_alarm.lost),
        values(aws_cloudwatch_metric_alarm.function),
      ) : resource.tags == tomap({ team = "uploads" })
    ])
    error_message = "A resource has no tags."
  }
}
