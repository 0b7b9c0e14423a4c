# The table of `DynamoDbStore`, in which functions and workers remember what was handled, if you ask
# for one.

locals {
  store = one(aws_dynamodb_table.store[*])

  # `Deduplicated`, `Exclusive` and `LatestOnly` need no more.
  store_statement = {
    Sid      = "RememberWhatWasHandled"
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    Resource = local.store_arn
  }

  # Written out, because the policies of workers exist before everything else.
  store_arn = join(":", [
    "arn", data.aws_partition.current.partition, "dynamodb", data.aws_region.current.region,
    local.account, "table/${var.name}",
  ])
}

resource "aws_dynamodb_table" "store" {
  # checkov:skip=CKV_AWS_28: what it remembers expires; a backup would bring old leases back
  # checkov:skip=CKV_AWS_119: DynamoDB's own key encrypts it; it has keys of objects, not contents
  # checkov:skip=CKV2_AWS_16: on-demand capacity needs no scaling
  count = var.store == null ? 0 : 1

  region       = var.region
  name         = var.name
  tags         = var.tags
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"

  # Whoever deletes it lets every duplicate through that is still on its way.
  deletion_protection_enabled = var.store.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  # The command `audit` looks up in it which objects were handled. Only completed records have the
  # attribute `state`.
  dynamic "attribute" {
    for_each = var.store.audits ? ["state"] : []

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = var.store.audits ? ["states"] : []
    iterator = index

    content {
      name               = index.value
      hash_key           = "state"
      projection_type    = "INCLUDE"
      non_key_attributes = ["expires_at"]
    }
  }
}

resource "aws_iam_role_policy" "store" {
  for_each = var.store == null ? {} : local.functions

  name = "store"
  role = aws_iam_role.function[each.key].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.store_statement]
  })
}

# Attach it to the role of a worker's task or pod.
resource "aws_iam_policy" "worker_store" {
  for_each = var.store == null ? {} : local.workers

  name        = "${local.names[each.key]}-${data.aws_region.current.region}-store"
  tags        = var.tags
  description = "What a worker of ${local.names[each.key]} does with the table of the store"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.store_statement]
  })
}

# Attach it to the role or the group of whoever runs `audit`.
resource "aws_iam_policy" "audits" {
  count = try(var.store.audits, false) ? 1 : 0

  name        = "${var.name}-${data.aws_region.current.region}-audits"
  tags        = var.tags
  description = "What the command `audit` reads of the pipeline ${var.name}"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "FindWhatWasHandled"
        Effect   = "Allow"
        Action   = ["dynamodb:Query"]
        Resource = "${local.store_arn}/index/states"
      },
      {
        # The position of the newest event of a key, for `LatestOnly`.
        Sid      = "ReadPositions"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem"]
        Resource = local.store_arn
      },
      {
        Sid      = "ListTheBucket"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:ListBucketVersions"]
        Resource = local.bucket.arn
      },
      {
        # Whether an object that was found missing is still there.
        Sid      = "LookAtObjects"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = "${local.bucket.arn}/*"
      },
    ]
  })
}
