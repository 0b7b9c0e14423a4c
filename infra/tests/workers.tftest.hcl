# Workers beside a function: one is fed by the topic and declares what it does with objects, one is
# fed by EventBridge.

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
}

variables {
  region = "us-gov-west-1"
  name   = "mixed"
  tags   = { team = "uploads" }
  processors = {
    put-processor = { package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
    thumbnails    = { kind = "worker", policy_file = "tests/fixtures/thumbnails.json", visibility_seconds = 120 }
    by-event-bus  = { kind = "worker", event_pattern_file = "tests/fixtures/event-pattern.json" }
  }
}

run "nothing_of_a_function" {
  assert {
    condition = alltrue([
      for resources in [
        keys(aws_lambda_function.processor), keys(aws_lambda_event_source_mapping.processor), keys(aws_s3_object.package),
        keys(aws_cloudwatch_log_group.function), keys(aws_iam_role.function), keys(aws_iam_role_policy.function),
      ] : join(" ", resources) == "put-processor"
    ])
    error_message = "A worker has what only a function needs, or the function has not."
  }
  assert {
    condition     = length(aws_iam_role_policy.objects) == 0
    error_message = "The function has the permissions of a worker."
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.function) == 4
    error_message = "There are alarms on functions that do not exist."
  }
}

run "queues" {
  assert {
    condition = alltrue([
      for resources in [
        keys(aws_sqs_queue.main), keys(aws_sqs_queue.dead_letters), keys(aws_sqs_queue.undelivered), keys(aws_sqs_queue_policy.main),
        keys(aws_sqs_queue_policy.dead_letters), keys(aws_sqs_queue_policy.undelivered), keys(aws_sqs_queue_redrive_allow_policy.dead_letters),
        keys(aws_cloudwatch_metric_alarm.age), keys(output.processors),
      ] : join(" ", resources) == "by-event-bus put-processor thumbnails"
    ])
    error_message = "A worker lacks a queue, its policy or its alarm."
  }
  assert {
    condition     = keys(aws_sns_topic_subscription.processor) == ["put-processor", "thumbnails"] && keys(aws_cloudwatch_event_rule.processor) == ["by-event-bus"]
    error_message = "A worker is fed twice, or not at all."
  }
  assert {
    condition     = { for name, queue in aws_sqs_queue.main : name => queue.visibility_timeout_seconds } == { by-event-bus = 60, put-processor = 180, thumbnails = 120 }
    error_message = "A visibility timeout differs from the settings."
  }
  assert {
    condition = alltrue([
      for name in ["by-event-bus", "thumbnails"] :
      jsondecode(aws_sqs_queue.main[name].redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters[name].arn, maxReceiveCount = 5 }
    ])
    error_message = "A worker's message that always fails comes back for ever."
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.dead_letters) == 6
    error_message = "A dead-letter queue has no alarm."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.age["thumbnails"].alarm_description, "its workers fail") && strcontains(aws_cloudwatch_metric_alarm.age["put-processor"].alarm_description, "its function fails")
    error_message = "The alarm blames a function that does not exist, or workers that do not."
  }
}

run "permissions" {
  assert {
    condition     = keys(aws_iam_policy.worker) == ["by-event-bus", "thumbnails"] && keys(aws_iam_policy.worker_objects) == ["thumbnails"]
    error_message = "A policy is missing, or there is one that nobody needs."
  }
  assert {
    condition = alltrue([
      for name, policy in aws_iam_policy.worker : jsondecode(policy.policy) == {
        Version = "2012-10-17"
        Statement = [
          {
            Sid      = "WorkOffTheQueue"
            Effect   = "Allow"
            Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
            Resource = "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:mixed-${name}"
          },
          {
            Sid      = "SetAside"
            Effect   = "Allow"
            Action   = "sqs:SendMessage"
            Resource = "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:mixed-${name}-dead-letters"
          },
        ]
      }
    ])
    error_message = "A worker may do more than it does, or less."
  }
  assert {
    # The policies name their queues without the resources, because they exist before them.
    condition     = alltrue([for name in keys(aws_iam_policy.worker) : aws_sqs_queue.main[name].name == "mixed-${name}" && aws_sqs_queue.dead_letters[name].name == "mixed-${name}-dead-letters"])
    error_message = "The policies are about queues of other names."
  }
  assert {
    condition = jsondecode(aws_iam_policy.worker_objects["thumbnails"].policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "ReadObjects"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:GetObjectVersion"]
          Resource = ["${aws_s3_bucket.objects[0].arn}/photos/*.jpg"]
        },
        {
          Sid      = "WriteObjects"
          Effect   = "Allow"
          Action   = ["s3:PutObject", "s3:GetObject"]
          Resource = ["${aws_s3_bucket.objects[0].arn}/a$${*}b/*", "arn:aws-us-gov:s3:::amzn-s3-demo-archive/photos/*"]
        },
        {
          Sid      = "ListBuckets"
          Effect   = "Allow"
          Action   = ["s3:ListBucket"]
          Resource = [aws_s3_bucket.objects[0].arn, "arn:aws-us-gov:s3:::amzn-s3-demo-archive"]
        },
      ]
    }
    error_message = "The policy differs from what the program printed."
  }
  assert {
    condition     = [for name in ["by-event-bus", "thumbnails"] : aws_iam_policy.worker[name].name] == ["mixed-by-event-bus-us-gov-west-1", "mixed-thumbnails-us-gov-west-1"] && aws_iam_policy.worker_objects["thumbnails"].name == "mixed-thumbnails-us-gov-west-1-objects"
    error_message = "A policy has the name of one in another region."
  }
  assert {
    condition     = alltrue([for policy in concat(values(aws_iam_policy.worker), values(aws_iam_policy.worker_objects)) : policy.tags == tomap({ team = "uploads" })])
    error_message = "A policy has no tags."
  }
}

run "outputs" {
  assert {
    condition = alltrue([
      for name in ["by-event-bus", "thumbnails"] :
      output.processors[name].function_name == null && output.processors[name].function_arn == null && output.processors[name].role_name == null &&
      output.processors[name].log_group == null && output.processors[name].queue_url == aws_sqs_queue.main[name].url &&
      output.processors[name].dead_letters_queue_url == aws_sqs_queue.dead_letters[name].url
    ])
    error_message = "The output of a worker names a function, or not its queues."
  }
  assert {
    condition     = { for name, processor in output.processors : name => join(" ", processor.policy_arns) } == { by-event-bus = aws_iam_policy.worker["by-event-bus"].arn, put-processor = "", thumbnails = "${aws_iam_policy.worker["thumbnails"].arn} ${aws_iam_policy.worker_objects["thumbnails"].arn}" }
    error_message = "The output does not name the policies of each worker."
  }
  assert {
    condition     = output.processors["put-processor"].function_name == "mixed-put-processor" && output.processors["put-processor"].role_name == aws_iam_role.function["put-processor"].name
    error_message = "The output of the function is not as without workers."
  }
}

# Without a function and a topic, nothing but the policy of the worker is refused a second time.
run "only_workers" {
  variables {
    existing_bucket = { name = "theirs" }
    processors = {
      by-event-bus = { kind = "worker", event_pattern_file = "tests/fixtures/event-pattern.json" }
    }
  }

  assert {
    condition     = length(aws_lambda_function.processor) + length(aws_iam_role.function) + length(aws_sns_topic.events) + length(aws_cloudwatch_metric_alarm.function) == 0
    error_message = "There is something of a function."
  }
  assert {
    condition     = length(aws_sqs_queue.main) == 1 && length(aws_iam_policy.worker) == 1 && aws_cloudwatch_event_target.processor["by-event-bus"].arn == aws_sqs_queue.main["by-event-bus"].arn
    error_message = "The worker has no queue."
  }
}
