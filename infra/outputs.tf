output "region" {
  description = "The region of all resources."
  value       = data.aws_region.current.region
}

output "bucket" {
  description = "The name of the bucket whose events are processed."
  value       = local.bucket.name
}

output "bucket_arn" {
  description = "The ARN of that bucket, for policies of its readers and writers."
  value       = local.bucket.arn
}

output "events" {
  description = "The event types that the bucket publishes: those of all processors together."
  value       = local.events
}

output "topic_arn" {
  description = "The ARN of the topic that the bucket publishes to. Null without one."
  value       = local.topic_arn
}

output "topic_key_arn" {
  description = "The ARN of the key that encrypts the module's topic. Null without one."
  value       = local.creates_topic ? local.key_arn : null
}

output "notification" {
  description = <<-EOT
    What the notification configuration of the bucket must contain. Null if the module wrote it
    itself. Otherwise add it to the configuration that the bucket already has.
  EOT
  value = local.manages_notification ? null : {
    topic_arn   = local.topic_arn
    events      = local.events
    eventbridge = length(local.bus_processors) > 0
  }
}

output "statements" {
  description = <<-EOT
    The statements, as JSON, that the policies of an existing topic and an existing key need. The
    module adds them to those that it creates, and leaves yours as they are.
  EOT
  value = {
    topic = local.topic_arn == null ? null : jsonencode(local.topic_statement)
    key   = jsonencode(local.key_statement)
  }
}

# Workers are not in these.
locals {
  function_names = {
    for name, function in aws_lambda_function.processor : name => function.function_name
  }
  function_arns = { for name, function in aws_lambda_function.processor : name => function.arn }
  role_names    = { for name, role in aws_iam_role.function : name => role.name }
  log_groups    = { for name, group in aws_cloudwatch_log_group.function : name => group.name }
}

output "processors" {
  description = <<-EOT
    The resources of each processor. Attach your own policies to `role_name` if a handler calls
    other services. A worker has no function: what belongs to one is null. Attach its `policy_arns`
    to the role of its task or pod. For a function they are empty.
  EOT
  value = {
    for name in keys(var.processors) : name => {
      function_name          = lookup(local.function_names, name, null)
      function_arn           = lookup(local.function_arns, name, null)
      role_name              = lookup(local.role_names, name, null)
      log_group              = lookup(local.log_groups, name, null)
      policy_arns            = local.worker_policy_arns[name]
      queue_url              = aws_sqs_queue.main[name].url
      queue_arn              = aws_sqs_queue.main[name].arn
      dead_letters_queue_url = aws_sqs_queue.dead_letters[name].url
      dead_letters_queue_arn = aws_sqs_queue.dead_letters[name].arn
      undelivered_queue_url  = aws_sqs_queue.undelivered[name].url
      undelivered_queue_arn  = aws_sqs_queue.undelivered[name].arn
    }
  }
}

output "batch_jobs_role_arn" {
  description = "The ARN of the role for S3 Batch Operations jobs. Null without `batch_jobs`."
  value       = one(aws_iam_role.batch_jobs[*].arn)
}

output "store" {
  description = <<-EOT
    The table of the store: its name, for `DynamoDbStore`, and the ARN of the policy of whoever runs
    `audit`, which is null without `audits`. Null without `store`.
  EOT
  value = local.store == null ? null : {
    table_name        = local.store.name
    table_arn         = local.store.arn
    audits_policy_arn = one(aws_iam_policy.audits[*].arn)
  }
}
