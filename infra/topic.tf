# S3 cannot publish to a topic that is encrypted with `alias/aws/sns`, because that key's policy
# cannot be changed. The topic needs a key with a policy that allows S3 ("Key management", Amazon
# SNS Developer Guide).
locals {
  # Written out, because the key exists before the topic.
  topic_arn = join(":", [
    "arn", data.aws_partition.current.partition, "sns", data.aws_region.current.region,
    local.account, "${var.name}-events",
  ])

  # The SNS Developer Guide ("Managing Amazon SNS encryption keys and costs") says that a key's policy
  # should name the source, for every service but EventBridge. The example for S3 in the Amazon S3
  # User Guide ("Granting permissions to publish event notification messages to a destination") has
  # no condition.
  topic_key_conditions = {
    source-arn = {
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnEquals    = { "aws:SourceArn" = aws_s3_bucket.objects.arn }
      }
    }
    encryption-context = {
      Condition = {
        StringEquals = { "kms:EncryptionContext:aws:sns:topicArn" = local.topic_arn }
      }
    }
    none = {}
  }
}

resource "aws_kms_key" "topic" {
  region                  = var.region
  description             = "Encrypts the notifications in the topic ${var.name}-events"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  # In a key policy, `*` means this key.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ManagedByTheAccount"
        Effect    = "Allow"
        Principal = { AWS = local.account_root }
        Action    = "kms:*"
        Resource  = "*"
      },
      merge(
        {
          Sid       = "UsedByTheBucket"
          Effect    = "Allow"
          Principal = { Service = "s3.amazonaws.com" }
          Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
          Resource  = "*"
        },
        local.topic_key_conditions[var.topic_key_condition],
      ),
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

  # AWS hands out an existing topic or queue of the same name without an error, but it refuses an
  # existing alias or role. So a second pipeline of the same name (another clone, a lost state) fails
  # before it takes over, and later destroys, what belongs to the first.
  depends_on = [aws_kms_alias.topic, aws_iam_role.function]
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

  # Null if the routes handle every event.
  filter_policy = (
    local.policies[each.key].filter_policy == null
    ? null
    : jsonencode(local.policies[each.key].filter_policy)
  )
  filter_policy_scope = local.policies[each.key].filter_policy == null ? null : "MessageBody"

  # Without this SNS drops a notification that it cannot deliver, for example while the queue or its
  # policy is being replaced.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.undelivered[each.key].arn })

  depends_on = [aws_sqs_queue_policy.undelivered]
}
