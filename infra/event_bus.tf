# Processors that EventBridge feeds instead of the topic.
resource "aws_cloudwatch_event_rule" "processor" {
  for_each = local.bus_processors

  region      = var.region
  tags        = var.tags
  name        = local.names[each.key]
  description = "The events of the bucket ${local.bucket.name} that ${each.key} handles"

  # The bus has the events of every bucket of the account that sends any, so the rule also names the
  # bucket. It does so by `resources`, which the program's pattern never uses.
  event_pattern = jsonencode(merge(local.event_patterns[each.key], {
    account   = [local.bucket.account]
    resources = [local.bucket.arn]
  }))

  # See `depends_on` of the topic.
  depends_on = [aws_kms_alias.topic, aws_iam_role.function, aws_iam_policy.worker]
}

resource "aws_cloudwatch_event_target" "processor" {
  for_each = local.bus_processors

  region = var.region
  rule   = aws_cloudwatch_event_rule.processor[each.key].name
  arn    = aws_sqs_queue.main[each.key].arn

  # Without this EventBridge drops an event after a day, or at once if it may not send.
  dead_letter_config {
    arn = aws_sqs_queue.undelivered[each.key].arn
  }

  depends_on = [aws_sqs_queue_policy.main, aws_sqs_queue_policy.undelivered]
}
