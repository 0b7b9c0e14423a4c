# The role of S3 Batch Operations jobs that invoke the functions, for objects that were there before
# the pipeline. A job is not a resource: the guide `runtime/docs/backfill-with-batch-operations.md`
# has the commands that create one.

locals {
  # The functions that jobs may invoke.
  batch_processors = var.batch_jobs == null ? [] : sort(coalesce(
    var.batch_jobs.processors, toset(keys(local.functions))
  ))

  batch_statements = var.batch_jobs == null ? [] : concat(
    [
      {
        Sid    = "InvokeFunction"
        Effect = "Allow"
        Action = ["lambda:InvokeFunction"]
        Resource = flatten([
          for name in local.batch_processors : [
            aws_lambda_function.processor[name].arn,
            "${aws_lambda_function.processor[name].arn}:*",
          ]
        ])
      },
      {
        Sid      = "ReadManifest"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = var.batch_jobs.manifest_arns
      },
      {
        Sid      = "WriteReport"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${trimsuffix(var.batch_jobs.report_arn, "/")}/*"]
      },
    ],
    # S3 lists the bucket through an inventory of its own, and writes the manifest as the role.
    [
      for arn in var.batch_jobs.generates_manifests ? [local.bucket.arn] : [] : {
        Sid      = "GenerateManifest"
        Effect   = "Allow"
        Action   = ["s3:PutInventoryConfiguration"]
        Resource = [arn]
      }
    ],
    [
      for arns in var.batch_jobs.generates_manifests ? [var.batch_jobs.manifest_arns] : [] : {
        Sid      = "WriteManifest"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = arns
      }
    ],
  )
}

resource "aws_iam_role" "batch_jobs" {
  count = var.batch_jobs == null ? 0 : 1

  # Role names are shared by all regions of an account.
  name = "${var.name}-batch-jobs-${data.aws_region.current.region}"
  tags = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumedByBatchOperations"
      Effect    = "Allow"
      Principal = { Service = "batchoperations.s3.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "batch_jobs" {
  count = var.batch_jobs == null ? 0 : 1

  name   = "batch-jobs"
  role   = aws_iam_role.batch_jobs[0].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.batch_statements })
}
