data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {
  region = var.region
}

locals {
  account = data.aws_caller_identity.current.account_id

  # What each program said about itself. The filters stand nowhere else.
  policies = { for name, processor in var.processors : name => jsondecode(file(processor.policy_file)) }

  names = { for name in keys(var.processors) : name => "${var.name}-${name}" }

  # S3 refuses event types that overlap, so that a category stands for those in it.
  wanted_events = distinct(flatten([for policy in values(local.policies) : policy.events]))
  events = sort([
    for event in local.wanted_events : event
    if endswith(event, ":*") || !contains(local.wanted_events, replace(event, "/:[A-Za-z]+$/", ":*"))
  ])
}
