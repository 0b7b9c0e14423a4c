resource "aws_s3_object" "package" {
  # checkov:skip=CKV_AWS_186: encrypted with S3's own keys; the programs are no secret
  for_each = var.processors

  region      = var.region
  bucket      = aws_s3_bucket.artefacts.id
  key         = "${each.key}.zip"
  source      = each.value.package
  source_hash = filebase64sha256(each.value.package)

  # Objects put before a bucket has versions have none.
  depends_on = [aws_s3_bucket_versioning.artefacts]
}

resource "aws_cloudwatch_log_group" "function" {
  # checkov:skip=CKV_AWS_158: encrypted with CloudWatch's own key; the logs name buckets and keys, not what the objects hold
  # checkov:skip=CKV_AWS_338: 14 days unless `log_retention_days` says more; these are logs of work, not of access
  for_each = var.processors

  region            = var.region
  name              = "/aws/lambda/${local.names[each.key]}"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "function" {
  for_each = var.processors

  # IAM knows no regions.
  name = "${local.names[each.key]}-${data.aws_region.current.region}"
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
  for_each = var.processors

  name = "queue-and-logs"
  role = aws_iam_role.function[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # The event source mapping receives and deletes in the name of the function.
        Sid      = "WorkOffTheQueue"
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.main[each.key].arn
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

resource "aws_lambda_function" "processor" {
  # checkov:skip=CKV_AWS_115: `maximum_concurrency` of the event source mapping bounds it without throttling messages into the dead-letter queue
  # checkov:skip=CKV_AWS_116: a dead-letter queue of a function serves asynchronous invocations; here the queue has one
  # checkov:skip=CKV_AWS_117: the function talks to AWS only, and a VPC would need endpoints for that
  # checkov:skip=CKV_AWS_173: encrypted with Lambda's own key; the variables are no place for secrets
  # checkov:skip=CKV_AWS_272: whoever may change the function may sign a package; signing is for accounts that demand it
  for_each = var.processors

  region            = var.region
  function_name     = local.names[each.key]
  description       = "Handles the events of the bucket ${aws_s3_bucket.objects.id}"
  role              = aws_iam_role.function[each.key].arn
  runtime           = "provided.al2023"
  handler           = "bootstrap"
  architectures     = [var.architecture]
  timeout           = each.value.timeout_seconds
  memory_size       = each.value.memory_mb
  s3_bucket         = aws_s3_object.package[each.key].bucket
  s3_key            = aws_s3_object.package[each.key].key
  s3_object_version = aws_s3_object.package[each.key].version_id
  source_code_hash  = filebase64sha256(each.value.package)

  logging_config {
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "INFO"
    log_group             = aws_cloudwatch_log_group.function[each.key].name
  }

  # Hands on the trace of whoever uploads, if there is one, and starts none.
  tracing_config {
    mode = "PassThrough"
  }

  dynamic "environment" {
    for_each = length(each.value.environment) > 0 ? [each.value.environment] : []

    content {
      variables = environment.value
    }
  }
}

resource "aws_lambda_event_source_mapping" "processor" {
  for_each = var.processors

  region                             = var.region
  event_source_arn                   = aws_sqs_queue.main[each.key].arn
  function_name                      = aws_lambda_function.processor[each.key].arn
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.batch_window_seconds

  # Without it Lambda ignores which messages failed, and deletes them all.
  function_response_types = ["ReportBatchItemFailures"]

  dynamic "scaling_config" {
    for_each = each.value.maximum_concurrency == null ? [] : [each.value.maximum_concurrency]

    content {
      maximum_concurrency = scaling_config.value
    }
  }

  # Lambda tries the queue when this is made.
  depends_on = [aws_iam_role_policy.function]
}
