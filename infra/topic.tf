# S3 cannot publish to a topic that is encrypted with `alias/aws/sns`: nobody can let it use that key. It needs one with a
# policy of its own ("Key management", Amazon SNS Developer Guide).
resource "aws_kms_key" "topic" {
  region                  = var.region
  description             = "Encrypts the notifications in the topic ${var.name}-events"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  # In the policy of a key `*` means that key.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ManagedByTheAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "UsedByTheBucket"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnEquals    = { "aws:SourceArn" = aws_s3_bucket.objects.arn }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "topic" {
  region        = var.region
  name          = "alias/${var.name}-events"
  target_key_id = aws_kms_key.topic.key_id
}

resource "aws_sns_topic" "events" {
  region            = var.region
  name              = "${var.name}-events"
  kms_master_key_id = aws_kms_key.topic.arn
}

resource "aws_sns_topic_policy" "events" {
  region = var.region
  arn    = aws_sns_topic.events.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTheBucketPublishes"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.events.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnEquals    = { "aws:SourceArn" = aws_s3_bucket.objects.arn }
        }
      },
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.events.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "processor" {
  for_each = var.processors

  region               = var.region
  topic_arn            = aws_sns_topic.events.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.main[each.key].arn
  raw_message_delivery = true

  # Null where the routes take everything.
  filter_policy       = local.policies[each.key].filter_policy == null ? null : jsonencode(local.policies[each.key].filter_policy)
  filter_policy_scope = local.policies[each.key].filter_policy == null ? null : "MessageBody"

  # What SNS cannot deliver, because the queue or its policy is gone, it drops unless it may put it elsewhere.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.undelivered[each.key].arn })

  depends_on = [aws_sqs_queue_policy.undelivered]
}
