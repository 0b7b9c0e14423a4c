locals {
  # Null if the package is gone, as it is when `destroy` runs after `cargo clean`.
  packages = {
    for name, processor in local.functions : name => {
      key  = try("${name}/${filesha256(processor.package)}.zip", null)
      hash = try(filebase64sha256(processor.package), null)
    }
  }
}

# The key contains the hash, so a package never replaces another one. Versions of one key would do
# the same, but S3 may answer 404 for up to 15 minutes after a bucket's first versioning.
resource "aws_s3_object" "package" {
  # checkov:skip=CKV_AWS_186: encrypted with S3's own keys; the programs are not secret
  for_each = local.functions

  region = var.region
  bucket = aws_s3_bucket.artefacts.id
  key    = coalesce(local.packages[each.key].key, "${each.key}/missing.zip")
  source = each.value.package

  lifecycle {
    create_before_destroy = true

    # Terraform only warns about this when it destroys.
    precondition {
      condition = fileexists(each.value.package)
      error_message = join(" ", [
        "The `package` of ${each.key} does not exist: ${each.value.package}.",
        "`scripts/package` builds the examples.",
      ])
    }
  }
}

resource "aws_cloudwatch_log_group" "function" {
  # checkov:skip=CKV_AWS_158: CloudWatch's key encrypts the logs; they contain keys, not contents
  # checkov:skip=CKV_AWS_338: `log_retention_days` sets it; these are not access logs
  for_each = local.functions

  region            = var.region
  tags              = var.tags
  name              = "/aws/lambda/${local.names[each.key]}"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  # Role names are shared by all regions of an account.
  name = "${local.names[each.key]}-${data.aws_region.current.region}"
  tags = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumedByLambda"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = "queue-and-logs"
  role = aws_iam_role.function[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # The event source mapping receives and deletes messages with the function's role.
        Sid      = "WorkOffTheQueue"
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.main[each.key].arn
      },
      {
        # The program gives failed messages back for a later time (`SqsBackoff`).
        Sid      = "GiveBack"
        Effect   = "Allow"
        Action   = "sqs:ChangeMessageVisibility"
        Resource = aws_sqs_queue.main[each.key].arn
      },
      {
        # The program sets aside what will never succeed (`SqsDeadLetters`).
        Sid      = "SetAside"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.dead_letters[each.key].arn
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.function[each.key].arn}:*"
      },
    ]
  })
}

resource "aws_iam_role_policy" "objects" {
  for_each = {
    for name, statements in local.object_statements : name => statements
    if contains(keys(local.functions), name)
  }

  name = "objects"
  role = aws_iam_role.function[each.key].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = each.value
  })
}

resource "aws_lambda_function" "processor" {
  # checkov:skip=CKV_AWS_115: `reserved_concurrency` sets it; without it the mapping limits it
  # checkov:skip=CKV_AWS_116: it serves asynchronous invocations; here the queue has a DLQ
  # checkov:skip=CKV_AWS_117: the function calls only AWS; a VPC would need endpoints for that
  # checkov:skip=CKV_AWS_173: Lambda's key encrypts the variables; they must not hold secrets
  # checkov:skip=CKV_AWS_272: accounts that require signed packages can add it
  for_each = local.functions

  region           = var.region
  tags             = var.tags
  function_name    = local.names[each.key]
  description      = "Handles the events of the bucket ${local.bucket.name}"
  role             = aws_iam_role.function[each.key].arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  timeout          = each.value.timeout_seconds
  memory_size      = each.value.memory_mb
  s3_bucket        = aws_s3_object.package[each.key].bucket
  s3_key           = aws_s3_object.package[each.key].key
  source_code_hash = local.packages[each.key].hash

  # Null reserves nothing.
  reserved_concurrent_executions = each.value.reserved_concurrency

  # Lambda Managed Instances run a published version. It replaces the one before it, because a
  # capacity provider has room for 100 versions only.
  publish    = each.value.managed_instances == null ? null : true
  publish_to = each.value.managed_instances == null ? null : "LATEST_PUBLISHED"

  dynamic "capacity_provider_config" {
    for_each = each.value.managed_instances == null ? [] : [each.value.managed_instances]
    iterator = managed

    content {
      lambda_managed_instances_capacity_provider_config {
        capacity_provider_arn                     = managed.value.capacity_provider_arn
        per_execution_environment_max_concurrency = managed.value.invocations_per_environment
      }
    }
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "INFO"
    log_group             = aws_cloudwatch_log_group.function[each.key].name
  }

  # Continues the caller's trace if there is one, and starts none.
  tracing_config {
    mode = "PassThrough"
  }

  environment {
    variables = merge(
      {
        S3_DISPATCH_QUEUE_URL        = aws_sqs_queue.main[each.key].url
        S3_DISPATCH_DEAD_LETTERS_URL = aws_sqs_queue.dead_letters[each.key].url
      },
      { for table in aws_dynamodb_table.store : "S3_DISPATCH_STORE_TABLE" => table.name },
      each.value.environment,
    )
  }
}
