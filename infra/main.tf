data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {
  region = var.region
}

locals {
  account      = data.aws_caller_identity.current.account_id
  account_root = "arn:${data.aws_partition.current.partition}:iam::${local.account}:root"

  # A processor runs as a Lambda function, or elsewhere as a worker.
  functions = {
    for name, processor in var.processors : name => processor if processor.kind == "function"
  }
  workers = {
    for name, processor in var.processors : name => processor if processor.kind == "worker"
  }

  # A processor is fed by the topic or by EventBridge.
  topic_processors = {
    for name, processor in var.processors : name => processor if processor.policy_file != null
  }
  bus_processors = {
    for name, processor in var.processors : name => processor if processor.policy_file == null
  }

  # What each program printed about its routes. The filters and events come only from here.
  policies = {
    for name, processor in local.topic_processors :
    name => jsondecode(file(processor.policy_file))
  }
  event_patterns = {
    for name, processor in local.bus_processors :
    name => jsondecode(file(processor.event_pattern_file))
  }

  # What the handlers declare that they do with objects, and nothing else. Programs whose handlers
  # declare nothing are not in here.
  object_access = {
    for name, processor in var.processors :
    name => jsondecode(file(coalesce(processor.policy_file, processor.access_file))).object_access
    if can(jsondecode(file(coalesce(processor.policy_file, processor.access_file))).object_access)
  }
  object_statements = {
    for name, access in local.object_access : name => [
      for statement in access : {
        Sid    = statement.sid
        Effect = "Allow"
        Action = statement.actions
        Resource = distinct([
          for resource in statement.resources : join("/", compact([
            (
              resource.bucket == null
              ? local.bucket.arn
              : "arn:${data.aws_partition.current.partition}:s3:::${resource.bucket}"
            ),
            resource.key,
          ]))
        ])
      }
    ]
  }

  names = { for name in keys(var.processors) : name => "${var.name}-${name}" }

  # S3 rejects overlapping event types, so a category such as s3:ObjectCreated:* replaces the types
  # inside it.
  wanted_events = distinct(flatten([for policy in values(local.policies) : policy.events]))
  events = sort([
    for event in local.wanted_events : event
    if endswith(event, ":*") ||
    !contains(local.wanted_events, replace(event, "/:[A-Za-z]+$/", ":*"))
  ])
}
