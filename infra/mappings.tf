resource "aws_lambda_event_source_mapping" "processor" {
  for_each = local.functions

  region                             = var.region
  tags                               = var.tags
  event_source_arn                   = aws_sqs_queue.main[each.key].arn
  function_name                      = aws_lambda_function.processor[each.key].arn
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.batch_window_seconds

  # Without this Lambda ignores the reported failures and deletes all messages of the batch.
  function_response_types = ["ReportBatchItemFailures"]

  # Encrypts the filter. Lambda encrypts it with a key of its own otherwise.
  kms_key_arn = each.value.filter_key_arn

  metrics_config {
    metrics = ["EventCount"]
  }

  dynamic "filter_criteria" {
    for_each = each.value.filter_file == null ? [] : [jsondecode(file(each.value.filter_file))]

    content {
      dynamic "filter" {
        for_each = filter_criteria.value.Filters

        content {
          pattern = filter.value.Pattern
        }
      }
    }
  }

  dynamic "provisioned_poller_config" {
    for_each = each.value.provisioned_pollers == null ? [] : [each.value.provisioned_pollers]

    content {
      minimum_pollers = provisioned_poller_config.value.minimum
      maximum_pollers = provisioned_poller_config.value.maximum
    }
  }

  dynamic "scaling_config" {
    for_each = each.value.maximum_concurrency == null ? [] : [each.value.maximum_concurrency]

    content {
      maximum_concurrency = scaling_config.value
    }
  }

  # Lambda checks its access to the queue when this is created.
  depends_on = [aws_iam_role_policy.function]

  lifecycle {
    precondition {
      condition     = !contains(keys(local.sizing_faults), each.key)
      error_message = lookup(local.sizing_faults, each.key, "")
    }
  }
}
