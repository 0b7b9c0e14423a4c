# Processors that run outside Lambda, in a container or on a machine. The module makes what a worker
# needs of AWS, and nothing that runs it.

locals {
  # Written out, because a policy exists before its queues. See `depends_on` of the topic.
  sqs_arn = join(":", [
    "arn", data.aws_partition.current.partition, "sqs", data.aws_region.current.region,
    local.account,
  ])

  worker_policy_arns = {
    for name in keys(var.processors) : name => concat(
      [for worker, policy in aws_iam_policy.worker : policy.arn if worker == name],
      [for worker, policy in aws_iam_policy.worker_objects : policy.arn if worker == name],
      [for worker, policy in aws_iam_policy.worker_store : policy.arn if worker == name],
    )
  }
}

# Attach it to the role of the worker's task or pod.
resource "aws_iam_policy" "worker" {
  for_each = local.workers

  # Policy names are shared by all regions of an account.
  name        = "${local.names[each.key]}-${data.aws_region.current.region}"
  tags        = var.tags
  description = "What a worker of ${local.names[each.key]} does with its queues"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Their actions on batches need the same permissions.
        Sid    = "WorkOffTheQueue"
        Effect = "Allow"
        Action = [
          "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
          "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
        ]
        Resource = "${local.sqs_arn}:${local.names[each.key]}"
      },
      {
        # The program sets aside what will never succeed (`SqsDeadLetters`).
        Sid      = "SetAside"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = "${local.sqs_arn}:${local.names[each.key]}-dead-letters"
      },
    ]
  })
}

# A policy of its own, because the size of each is limited.
resource "aws_iam_policy" "worker_objects" {
  for_each = {
    for name, statements in local.object_statements : name => statements
    if contains(keys(local.workers), name)
  }

  name        = "${local.names[each.key]}-${data.aws_region.current.region}-objects"
  tags        = var.tags
  description = "What the handlers of ${local.names[each.key]} do with objects"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = each.value
  })
}
