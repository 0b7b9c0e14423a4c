locals {
  creates_bucket = var.existing_bucket == null

  # S3 keeps one notification configuration per bucket, so writing it replaces what was there.
  manages_notification = try(var.existing_bucket.replace_notification, true)

  # The bucket whose events are processed.
  bucket = {
    name = local.creates_bucket ? one(aws_s3_bucket.objects[*].id) : var.existing_bucket.name
    arn = (
      local.creates_bucket
      ? one(aws_s3_bucket.objects[*].arn)
      : "arn:${data.aws_partition.current.partition}:s3:::${var.existing_bucket.name}"
    )
    account = try(coalesce(var.existing_bucket.account), local.account)
  }
}

resource "aws_s3_bucket" "objects" {
  # checkov:skip=CKV_AWS_18: access logs need another bucket; the owner of the objects decides
  # checkov:skip=CKV_AWS_21: versions change the deletion events and cost storage; the owner decides
  # checkov:skip=CKV_AWS_144: the pipeline runs in one region; the owner decides about replication
  # checkov:skip=CKV_AWS_145: S3's keys encrypt it; uploaders would need rights on a key of ours
  # checkov:skip=CKV2_AWS_62: it has notifications, but checkov does not follow `local.bucket`
  count = local.creates_bucket ? 1 : 0

  region        = var.region
  tags          = var.tags
  bucket        = var.bucket_name
  bucket_prefix = var.bucket_name == null ? "${var.name}-" : null
  force_destroy = var.force_destroy
}

# The packages of the functions.
resource "aws_s3_bucket" "artefacts" {
  # checkov:skip=CKV_AWS_18: only Terraform writes here and only Lambda reads
  # checkov:skip=CKV_AWS_21: a package has its hash in its key, so nothing is ever replaced
  # checkov:skip=CKV_AWS_144: packages can be built again
  # checkov:skip=CKV_AWS_145: encrypted with S3's own keys; the programs are not secret
  # checkov:skip=CKV2_AWS_62: nothing processes events of this bucket
  region        = var.region
  tags          = var.tags
  bucket_prefix = "${var.name}-artefacts-"
  force_destroy = true
}

locals {
  buckets = merge(
    { for bucket in aws_s3_bucket.objects : "objects" => bucket },
    { artefacts = aws_s3_bucket.artefacts },
  )
}

resource "aws_s3_bucket_public_access_block" "all" {
  for_each = local.buckets

  region                  = var.region
  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "all" {
  for_each = local.buckets

  region = var.region
  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "all" {
  for_each = local.buckets

  region = var.region
  bucket = each.value.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "all" {
  for_each = local.buckets

  region = var.region
  bucket = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [each.value.arn, "${each.value.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.all]
}

resource "aws_s3_bucket_lifecycle_configuration" "objects" {
  count = local.creates_bucket ? 1 : 0

  region = var.region
  bucket = aws_s3_bucket.objects[0].id

  # The parts of an unfinished multipart upload are invisible, cause no event and cost storage.
  rule {
    id     = "abandoned-uploads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "artefacts" {
  region = var.region
  bucket = aws_s3_bucket.artefacts.id

  rule {
    id     = "abandoned-uploads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_notification" "objects" {
  count = local.manages_notification ? 1 : 0

  region      = var.region
  bucket      = local.bucket.name
  eventbridge = length(local.bus_processors) > 0

  dynamic "topic" {
    for_each = length(local.topic_processors) > 0 ? [local.topic_arn] : []

    content {
      topic_arn = topic.value
      events    = local.events
    }
  }

  # S3 publishes a test message when this is created, and needs the topic's policy for it. Events
  # that are published before a queue is subscribed are lost.
  depends_on = [
    aws_sns_topic_policy.events,
    aws_sns_topic_subscription.processor,
    aws_cloudwatch_event_target.processor,
    aws_sqs_queue_policy.main,
    aws_sqs_queue_policy.undelivered,
  ]
}
