# The bucket whose events are processed.
resource "aws_s3_bucket" "objects" {
  # checkov:skip=CKV_AWS_18: who reads and writes the objects is for their owner to record; it needs another bucket
  # checkov:skip=CKV_AWS_21: versions change which events a deletion causes and cost storage; the owner of the objects decides
  # checkov:skip=CKV_AWS_144: the pipeline lives in one region; copies elsewhere are for the owner of the objects to order
  # checkov:skip=CKV_AWS_145: encrypted with S3's own keys; with a key of ours whoever uploads would need rights on it
  region        = var.region
  bucket        = var.bucket_name
  bucket_prefix = var.bucket_name == null ? "${var.name}-" : null
  force_destroy = var.force_destroy
}

# The packages of the functions.
resource "aws_s3_bucket" "artefacts" {
  # checkov:skip=CKV_AWS_18: only Terraform writes here and only Lambda reads
  # checkov:skip=CKV_AWS_144: packages can be built again
  # checkov:skip=CKV_AWS_145: encrypted with S3's own keys; the programs are no secret
  # checkov:skip=CKV2_AWS_62: nobody waits for packages
  region        = var.region
  bucket_prefix = "${var.name}-artefacts-"
  force_destroy = true
}

locals {
  buckets = {
    objects   = aws_s3_bucket.objects
    artefacts = aws_s3_bucket.artefacts
  }
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

resource "aws_s3_bucket_versioning" "artefacts" {
  region = var.region
  bucket = aws_s3_bucket.artefacts.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "objects" {
  region = var.region
  bucket = aws_s3_bucket.objects.id

  # The parts of an upload that nobody completes are invisible, cause no event, and cost what objects cost.
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
    id     = "replaced-packages"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.artefacts]
}

resource "aws_s3_bucket_notification" "objects" {
  region = var.region
  bucket = aws_s3_bucket.objects.id

  topic {
    topic_arn = aws_sns_topic.events.arn
    events    = local.events
  }

  # S3 tries the topic when this is set. And whatever is published before a queue listens reaches nobody.
  depends_on = [
    aws_sns_topic_policy.events,
    aws_sns_topic_subscription.processor,
    aws_sqs_queue_policy.main,
    aws_sqs_queue_policy.undelivered,
  ]
}
