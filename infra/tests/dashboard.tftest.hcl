# The dashboard shows each processor, in places of its own, and can be left out.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
}

variables {
  region = "eu-central-1"
  name   = "photos"
  processors = {
    first = {
      package     = "tests/fixtures/package.zip"
      policy_file = "tests/fixtures/nameless.json"
    }
    by-event-bus = {
      package            = "tests/fixtures/package.zip"
      event_pattern_file = "tests/fixtures/event-pattern.json"
    }
  }
}

run "every_processor_is_shown" {
  assert {
    condition     = one(aws_cloudwatch_dashboard.pipeline).dashboard_name == "photos" && output.dashboard == "photos"
    error_message = "The dashboard is not named after the pipeline."
  }
  assert {
    condition = alltrue([
      for widget in jsondecode(one(aws_cloudwatch_dashboard.pipeline).dashboard_body).widgets :
      widget.type == "text" || try(widget.properties.region == "eu-central-1" && length(widget.properties.metrics) > 0, false)
    ])
    error_message = "A widget shows nothing, or another region."
  }
  assert {
    condition = alltrue(flatten([
      for name in ["photos-first", "photos-by-event-bus"] : [
        for what in [
          "[\"AWS/SQS\",\"ApproximateNumberOfMessagesVisible\",\"QueueName\",\"${name}\"]",
          "[\"AWS/SQS\",\"ApproximateNumberOfMessagesNotVisible\",\"QueueName\",\"${name}\"]",
          "[\"AWS/SQS\",\"ApproximateAgeOfOldestMessage\",\"QueueName\",\"${name}\"]",
          "[\"AWS/SQS\",\"ApproximateNumberOfMessagesVisible\",\"QueueName\",\"${name}-dead-letters\"]",
          "[\"AWS/SQS\",\"ApproximateNumberOfMessagesVisible\",\"QueueName\",\"${name}-undelivered\"]",
          "[\"AWS/Lambda\",\"Errors\",\"FunctionName\",\"${name}\"]",
          "[\"AWS/Lambda\",\"Throttles\",\"FunctionName\",\"${name}\"]",
          "SEARCH('{S3Dispatch,function,event_name,outcome} MetricName=\\\"s3_dispatch_records_total\\\" function=\\\"${name}\\\"', 'Sum', 60)",
          "SEARCH('{S3Dispatch,function,event_name} MetricName=\\\"s3_dispatch_lag_seconds\\\" function=\\\"${name}\\\"', 'p99', 60)",
          "SEARCH('{S3Dispatch,function,event_name} MetricName=\\\"s3_dispatch_handler_duration_seconds\\\" function=\\\"${name}\\\"', 'p99', 60)",
          "SEARCH('{S3Dispatch,function,outcome} MetricName=\\\"s3_dispatch_messages_total\\\" function=\\\"${name}\\\"', 'Sum', 60)",
          "SEARCH('{S3Dispatch,function} MetricName=\\\"s3_dispatch_batch_size\\\" function=\\\"${name}\\\"', 'Average', 60)",
        ] : strcontains(one(aws_cloudwatch_dashboard.pipeline).dashboard_body, what)
      ]
    ]))
    error_message = "The dashboard lacks a metric of a processor."
  }
  assert {
    # Rows of 24 columns. No two widgets overlap, because all but the headings are equally large.
    condition = length(local.dashboard_widgets) == length(distinct([
      for widget in local.dashboard_widgets : "${widget.x} ${widget.y}"
    ])) && alltrue([for widget in local.dashboard_widgets : widget.x + widget.width <= 24])
    error_message = "Widgets lie on top of each other."
  }
}

run "no_dashboard" {
  variables {
    dashboard = false
  }
  assert {
    condition     = length(aws_cloudwatch_dashboard.pipeline) == 0 && output.dashboard == null
    error_message = "There is a dashboard although it was turned off."
  }
}
