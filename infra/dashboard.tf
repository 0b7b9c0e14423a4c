# One dashboard of the whole pipeline: how much waits, how late it is, what fails, and why.
#
# The metrics of the functions are those that the feature `emf` of the crate prints. A test of the
# crate compares their names, labels and namespace with this file.

variable "dashboard" {
  description = <<-EOT
    Whether to create the CloudWatch dashboard. An account has three of up to 50 metrics without
    charge; each further one costs $3 a month.
  EOT
  type        = bool
  default     = true
  nullable    = false
}

output "dashboard" {
  description = "The name of the CloudWatch dashboard. Null without one."
  value       = one(aws_cloudwatch_dashboard.pipeline[*].dashboard_name)
}

locals {
  metrics_namespace = "S3Dispatch"

  # The dimensions of each metric, besides the function.
  program_metrics = {
    records    = { name = "s3_dispatch_records_total", labels = ["event_name", "outcome"] }
    messages   = { name = "s3_dispatch_messages_total", labels = ["outcome"] }
    dead       = { name = "s3_dispatch_dead_letters_total", labels = ["event_name"] }
    duration   = { name = "s3_dispatch_handler_duration_seconds", labels = ["event_name"] }
    lag        = { name = "s3_dispatch_lag_seconds", labels = ["event_name"] }
    batch_size = { name = "s3_dispatch_batch_size", labels = [] }
  }
}

locals {
  # Event names and outcomes are only known once there are any, so they are searched for.
  searches = {
    for key, metric in local.program_metrics : key => {
      for name, function in aws_lambda_function.processor : name => join(" ", [
        "{${join(",", concat([local.metrics_namespace, "function"], metric.labels))}}",
        "MetricName=\"${metric.name}\"",
        "function=\"${function.function_name}\"",
      ])
    }
  }

  # What the widgets of a processor show, in rows of three. A widget has metrics of AWS or searches.
  widgets = {
    for name, queue in aws_sqs_queue.main : name => concat(
      [
        {
          title = "Messages in the queue"
          stat  = "Maximum"
          metrics = [
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name],
            ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", queue.name],
          ]
          searches = []
        },
        {
          title    = "Age of the oldest message, in seconds"
          stat     = "Maximum"
          metrics  = [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue.name]]
          searches = []
        },
        {
          title = "Dead letters, and events that never reached the queue"
          stat  = "Maximum"
          metrics = [
            for other in [aws_sqs_queue.dead_letters[name], aws_sqs_queue.undelivered[name]] :
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", other.name]
          ]
          searches = []
        },
      ],
      !contains(keys(aws_lambda_function.processor), name) ? [] : [
        {
          title    = "Records by event name and outcome"
          stat     = "Sum"
          metrics  = []
          searches = [{ search = local.searches.records[name], stat = "Sum" }]
        },
        {
          title   = "Lag from the event to its handler, in seconds"
          stat    = "p99"
          metrics = []
          searches = [
            { search = local.searches.lag[name], stat = "p50" },
            { search = local.searches.lag[name], stat = "p99" },
          ]
        },
        {
          title   = "Duration of handlers, in seconds"
          stat    = "p99"
          metrics = []
          searches = [
            { search = local.searches.duration[name], stat = "p50" },
            { search = local.searches.duration[name], stat = "p99" },
          ]
        },
        {
          title   = "Messages by outcome, and records in the dead-letter sink"
          stat    = "Sum"
          metrics = []
          searches = [
            { search = local.searches.messages[name], stat = "Sum" },
            { search = local.searches.dead[name], stat = "Sum" },
          ]
        },
        {
          title    = "Messages per invocation"
          stat     = "Average"
          metrics  = []
          searches = [{ search = local.searches.batch_size[name], stat = "Average" }]
        },
        {
          title = "Function"
          stat  = "Sum"
          metrics = [
            for metric in ["Invocations", "Errors", "Throttles"] :
            ["AWS/Lambda", metric, "FunctionName", local.names[name]]
          ]
          searches = []
        },
      ],
    )
  }

  dashboard_widgets = flatten([
    for index, name in keys(local.widgets) : concat(
      [{
        type       = "text"
        x          = 0
        y          = index * 19
        width      = 24
        height     = 1
        properties = { markdown = "## ${name}" }
      }],
      [for place, widget in local.widgets[name] : {
        type   = "metric"
        x      = place % 3 * 8
        y      = index * 19 + 1 + floor(place / 3) * 6
        width  = 8
        height = 6
        properties = {
          title  = widget.title
          region = data.aws_region.current.region
          view   = "timeSeries"
          stat   = widget.stat
          period = 60
          yAxis  = { left = { min = 0 } }
          metrics = concat(widget.metrics, [
            for number, search in widget.searches : [{
              id         = "e${number}"
              expression = "SEARCH('${search.search}', '${search.stat}', 60)"
            }]
          ])
        }
      }],
    )
  ])
}

resource "aws_cloudwatch_dashboard" "pipeline" {
  count = var.dashboard ? 1 : 0

  region         = var.region
  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = local.dashboard_widgets })
}
