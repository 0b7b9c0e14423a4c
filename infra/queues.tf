locals {
  max_message_size = 1048576
  fourteen_days    = 1209600

  # The number of receives after which a message moves to the dead-letter queue. With fewer,
  # messages that Lambda received but could not process because of throttling would move there too
  # ("Creating and configuring an Amazon SQS event source mapping", AWS Lambda Developer Guide; the
  # visibility timeout follows the same page).
  max_receive_count = 5
  visibility_timeouts = {
    for name, processor in var.processors : name => (
      processor.kind == "worker"
      ? coalesce(processor.visibility_seconds, 60)
      : 6 * processor.timeout_seconds + processor.batch_window_seconds
    )
  }

  # Who may send to the queues of a processor.
  senders = merge(
    {
      for name in keys(local.topic_processors) : name => {
        name    = "TheTopic"
        service = "sns.amazonaws.com"
        arn     = local.topic_arn
      }
    },
    {
      for name in keys(local.bus_processors) : name => {
        name    = "TheRule"
        service = "events.amazonaws.com"
        arn     = aws_cloudwatch_event_rule.processor[name].arn
      }
    },
  )
}

# The messages for the function or the workers of a processor.
resource "aws_sqs_queue" "main" {
  for_each = var.processors

  region                     = var.region
  tags                       = var.tags
  name                       = local.names[each.key]
  max_message_size           = local.max_message_size
  message_retention_seconds  = var.message_retention_seconds
  visibility_timeout_seconds = local.visibility_timeouts[each.key]
  receive_wait_time_seconds  = 20
  delay_seconds              = 0
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn
    maxReceiveCount     = local.max_receive_count
  })
}

# The messages that failed on every attempt.
resource "aws_sqs_queue" "dead_letters" {
  for_each = var.processors

  region                    = var.region
  tags                      = var.tags
  name                      = "${local.names[each.key]}-dead-letters"
  max_message_size          = local.max_message_size
  message_retention_seconds = local.fourteen_days
  sqs_managed_sse_enabled   = true

  # See `depends_on` of the topic. A main queue follows, because it needs its dead-letter queue.
  depends_on = [aws_kms_alias.topic, aws_iam_role.function, aws_iam_policy.worker]
}

# What SNS or EventBridge could not deliver to the main queue.
resource "aws_sqs_queue" "undelivered" {
  for_each = var.processors

  region                    = var.region
  tags                      = var.tags
  name                      = "${local.names[each.key]}-undelivered"
  max_message_size          = local.max_message_size
  message_retention_seconds = local.fourteen_days
  sqs_managed_sse_enabled   = true

  # See `depends_on` of the topic. A main queue follows, because it needs its dead-letter queue.
  depends_on = [aws_kms_alias.topic, aws_iam_role.function, aws_iam_policy.worker]
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  for_each = var.processors

  region    = var.region
  queue_url = aws_sqs_queue.dead_letters[each.key].url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.main[each.key].arn]
  })
}

# No queue may move its dead letters into one of these. Who else may send is up to the queue's
# policy.
resource "aws_sqs_queue_redrive_allow_policy" "closed" {
  for_each = merge(
    { for name, queue in aws_sqs_queue.main : name => queue },
    { for name, queue in aws_sqs_queue.undelivered : "${name}-undelivered" => queue },
  )

  region               = var.region
  queue_url            = each.value.url
  redrive_allow_policy = jsonencode({ redrivePermission = "denyAll" })
}

resource "aws_sqs_queue_policy" "main" {
  for_each = var.processors

  region    = var.region
  queue_url = aws_sqs_queue.main[each.key].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Only${local.senders[each.key].name}Sends"
        Effect    = "Allow"
        Principal = { Service = local.senders[each.key].service }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.main[each.key].arn
        Condition = { ArnEquals = { "aws:SourceArn" = local.senders[each.key].arn } }
      },
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.main[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# SQS itself moves messages here, which needs no permission.
resource "aws_sqs_queue_policy" "dead_letters" {
  for_each = var.processors

  region    = var.region
  queue_url = aws_sqs_queue.dead_letters[each.key].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.dead_letters[each.key].arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_sqs_queue_policy" "undelivered" {
  for_each = var.processors

  region    = var.region
  queue_url = aws_sqs_queue.undelivered[each.key].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Only${local.senders[each.key].name}Sends"
        Effect    = "Allow"
        Principal = { Service = local.senders[each.key].service }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.undelivered[each.key].arn
        Condition = { ArnEquals = { "aws:SourceArn" = local.senders[each.key].arn } }
      },
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.undelivered[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
