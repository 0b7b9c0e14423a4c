data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {
  region = var.region
}

locals {
  account      = data.aws_caller_identity.current.account_id
  account_root = "arn:${data.aws_partition.current.partition}:iam::${local.account}:root"

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

  # The programs whose handlers declare that they do something with objects.
  object_access = {
    for name, policy in local.policies : name => policy.object_access
    if can(policy.object_access)
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
