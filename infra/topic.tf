locals {
  creates_topic = length(local.topic_processors) > 0 && var.existing_topic_arn == null
  creates_key   = local.creates_topic && var.existing_key_arn == null

  # Null if no processor is fed by a topic.
  topic_arn = (
    local.creates_topic ? one(aws_sns_topic.events[*].arn) : var.existing_topic_arn
  )
  topic_name = (
    local.creates_topic ? "${var.name}-events" : try(split(":", var.existing_topic_arn)[5], null)
  )
  key_arn = local.creates_key ? one(aws_kms_key.topic[*].arn) : var.existing_key_arn

  # The ARN of the module's own topic, written out because the key exists before the topic.
  own_topic_arn = join(":", [
    "arn", data.aws_partition.current.partition, "sns", data.aws_region.current.region,
    local.account, "${var.name}-events",
  ])

  # The SNS Developer Guide ("Managing Amazon SNS encryption keys and costs") says that the
  # policy of a key should name the source, for every service but EventBridge. The example for S3 in
  # the Amazon S3 User Guide ("Granting permissions to publish event notification messages to a
  # destination") has no condition.
  topic_key_conditions = {
    source-arn = {
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.bucket.account }
        ArnEquals    = { "aws:SourceArn" = local.bucket.arn }
      }
    }
    encryption-context = {
      Condition = {
        StringEquals = { "kms:EncryptionContext:aws:sns:topicArn" = local.own_topic_arn }
      }
    }
    none = {}
  }

  # What the policy of the topic's key must allow. In a key policy, `*` means this key.
  key_statement = merge(
    {
      Sid       = "UsedByTheBucket"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = "*"
    },
    local.topic_key_conditions[var.topic_key_condition],
  )

  # What the topic's policy must allow.
  topic_statement = {
    Sid       = "OnlyTheBucketPublishes"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = "sns:Publish"
    Resource  = local.topic_arn
    Condition = {
      StringEquals = { "aws:SourceAccount" = local.bucket.account }
      ArnEquals    = { "aws:SourceArn" = local.bucket.arn }
    }
  }
}

# S3 cannot publish to a topic that is encrypted with `alias/aws/sns`, because that key's policy
# cannot be changed. The topic needs a key with a policy that allows S3 ("Key management", Amazon
# SNS Developer Guide).
resource "aws_kms_key" "topic" {
  count = local.creates_key ? 1 : 0

  region                  = var.region
  tags                    = var.tags
  description             = "Encrypts the notifications in the topic ${var.name}-events"
  enable_key_rotation     = true
  deletion_window_in_days = 7

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
      local.key_statement,
    ]
  })
}

resource "aws_kms_alias" "topic" {
  count = local.creates_topic ? 1 : 0

  region        = var.region
  name          = "alias/${var.name}-events"
  target_key_id = local.key_arn
}

resource "aws_sns_topic" "events" {
  count = local.creates_topic ? 1 : 0

  region            = var.region
  tags              = var.tags
  name              = local.topic_name
  kms_master_key_id = local.key_arn

  # AWS hands out an existing topic or queue of the same name without an error, but it refuses an
  # existing alias, role or policy. So a second pipeline of the same name (another clone, a lost
  # state) fails before it takes over, and later destroys, what belongs to the first.
  depends_on = [aws_kms_alias.topic, aws_iam_role.function, aws_iam_policy.worker]
}

resource "aws_sns_topic_policy" "events" {
  count = local.creates_topic ? 1 : 0

  region = var.region
  arn    = local.topic_arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.topic_statement,
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "processor" {
  for_each = local.topic_processors

  region               = var.region
  topic_arn            = local.topic_arn
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
