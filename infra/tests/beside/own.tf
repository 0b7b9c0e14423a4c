# What a user may put beside the files of the module: a provider, and what a handler needs besides.
provider "aws" {
  default_tags {
    tags = { owner = "somebody" }
  }
}

variable "own_retention_seconds" {
  type    = number
  default = 345600
}

resource "aws_sqs_queue" "own" {
  name                      = "own"
  message_retention_seconds = var.own_retention_seconds
}

resource "aws_iam_role_policy" "own" {
  name = "read-the-objects"
  role = aws_iam_role.function["put-processor"].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "s3:GetObject", Resource = "${local.bucket.arn}/*" },
      { Effect = "Allow", Action = "sqs:*", Resource = aws_sqs_queue.own.arn },
    ]
  })
}

output "own_queue_url" {
  value = aws_sqs_queue.own.url
}
