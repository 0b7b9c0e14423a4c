locals {
  # Queues that are empty unless something failed.
  dead_letter_queues = merge(
    { for name, queue in aws_sqs_queue.dead_letters : "${name}-dead-letters" => queue.name },
    { for name, queue in aws_sqs_queue.undelivered : "${name}-undelivered" => queue.name },
  )
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = local.dead_letter_queues

  region              = var.region
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
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "age" {
  for_each = var.processors

  region     = var.region
  alarm_name = "${local.names[each.key]}-age"
  alarm_description = join(" ", [
    "The oldest message in ${aws_sqs_queue.main[each.key].name} is more than",
    "${var.alarm_age_seconds} s old: its function fails, is throttled or is too slow.",
    "SQS deletes the message after ${var.message_retention_seconds} s.",
  ])
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.main[each.key].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_age_seconds
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}
