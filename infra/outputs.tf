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

output "processors" {
  description = <<-EOT
    The resources of each processor. Attach your own policies to `role_name` if a handler calls
    other services.
  EOT
  value = {
    for name in keys(var.processors) : name => {
      function_name          = aws_lambda_function.processor[name].function_name
      function_arn           = aws_lambda_function.processor[name].arn
      role_name              = aws_iam_role.function[name].name
      log_group              = aws_cloudwatch_log_group.function[name].name
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
