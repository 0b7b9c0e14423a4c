# SQS sends no metrics of a queue that nobody used for six hours, even if it holds messages. So an
# alarm keeps its state without data. Otherwise CloudWatch would announce its end while the dead
# letters still wait.
locals {
  # Queues that are empty unless something failed.
  dead_letter_queues = merge(
    { for name, queue in aws_sqs_queue.dead_letters : "${name}-dead-letters" => queue.name },
    { for name, queue in aws_sqs_queue.undelivered : "${name}-undelivered" => queue.name },
  )

  alarm_ages = {
    for name, visibility_timeout in local.visibility_timeouts :
    name => coalesce(var.alarm_age_seconds, max(900, 2 * visibility_timeout))
  }
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = local.dead_letter_queues

  region              = var.region
  tags                = var.tags
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value} has messages. They wait until someone sends them again."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "ignore"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

# After its third receive a message no longer counts for this metric ("Available CloudWatch metrics
# for Amazon SQS", Amazon SQS Developer Guide).
resource "aws_cloudwatch_metric_alarm" "age" {
  for_each = var.processors

  region     = var.region
  tags       = var.tags
  alarm_name = "${local.names[each.key]}-age"
  alarm_description = join(" ", [
    "A message has been in ${aws_sqs_queue.main[each.key].name} for more than",
    "${local.alarm_ages[each.key]} s:",
    (
      each.value.kind == "worker"
      ? "its workers fail, do not run or are too slow."
      : "its function fails, is throttled or is too slow."
    ),
    "This does not see messages that were received three times or more. They end as dead letters.",
    "SQS deletes a message after ${var.message_retention_seconds} s.",
  ])
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.main[each.key].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.alarm_ages[each.key]
  treat_missing_data  = "ignore"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

# What these metrics count is lost. AWS sends them only if it happens.
locals {
  losses = merge(
    length(local.topic_processors) == 0 ? {} : {
      (var.name) = {
        what       = "SNS lost notifications of ${local.topic_name}"
        namespace  = "AWS/SNS"
        metric     = "NumberOfNotificationsFailedToRedriveToDlq"
        dimensions = { TopicName = local.topic_name }
      }
    },
    {
      for name in keys(local.bus_processors) : local.names[name] => {
        what       = "EventBridge lost events of ${local.names[name]}"
        namespace  = "AWS/Events"
        metric     = "InvocationsFailedToBeSentToDlq"
        dimensions = { RuleName = aws_cloudwatch_event_rule.processor[name].name }
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "lost" {
  for_each = local.losses

  region     = var.region
  tags       = var.tags
  alarm_name = "${each.key}-lost"
  alarm_description = join(" ", [
    "${each.value.what}: neither the main queue nor the `-undelivered` queue took them. Look for a",
    "change of the queues or of their policies.",
  ])
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

# What Lambda counts for each function and its mapping. It sends these metrics only if it happens.
locals {
  mapping_ids = {
    for name, mapping in aws_lambda_event_source_mapping.processor : name => mapping.uuid
  }
  function_alarms = merge([
    for name, function in aws_lambda_function.processor : {
      "${name}-errors" = {
        text       = "An invocation failed as a whole: it crashed, timed out or returned an error."
        metric     = "Errors"
        dimensions = { FunctionName = function.function_name }
        periods    = 1
      }
      "${name}-throttles" = {
        text       = "Throttled for 15 minutes. Its messages may end as dead letters."
        metric     = "Throttles"
        dimensions = { FunctionName = function.function_name }
        periods    = 3
      }
      "${name}-recursion" = {
        text       = "Lambda stopped a loop: the function writes objects whose events invoke it."
        metric     = "RecursiveInvocationsDropped"
        dimensions = { FunctionName = function.function_name }
        periods    = 1
      }
      "${name}-filtered" = {
        text       = "The filter of the mapping deleted messages that no handler has seen."
        metric     = "FilteredOutEventCount"
        dimensions = { EventSourceMappingUUID = local.mapping_ids[name] }
        periods    = 1
      }
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.function_alarms

  region              = var.region
  tags                = var.tags
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}
