# The table of the store: none by default, with the index for audits only on demand, and no more
# rights than its users need.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws-cn" }
  }
  mock_data "aws_region" {
    defaults = { region = "cn-north-1" }
  }
}

variables {
  region = "cn-north-1"
  name   = "shared"
  processors = {
    thumbnails = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/thumbnails.json" }
    deletions  = { kind = "worker", policy_file = "tests/fixtures/deletions.json" }
  }
}

run "no_store" {
  assert {
    condition     = length(aws_dynamodb_table.store) + length(aws_iam_role_policy.store) + length(aws_iam_policy.worker_store) + length(aws_iam_policy.audits) == 0
    error_message = "There is something of a store although nobody asked for one."
  }
  assert {
    condition     = output.store == null
    error_message = "A store is given that does not exist."
  }
}

run "without_audits" {
  variables {
    store = {}
  }

  assert {
    condition     = aws_dynamodb_table.store[0].name == "shared" && aws_dynamodb_table.store[0].hash_key == "pk" && aws_dynamodb_table.store[0].range_key == null
    error_message = "The table is not the one that `DynamoDbStore` describes."
  }
  assert {
    condition     = aws_dynamodb_table.store[0].ttl[0].attribute_name == "ttl" && aws_dynamodb_table.store[0].ttl[0].enabled && aws_dynamodb_table.store[0].deletion_protection_enabled
    error_message = "The table grows for ever, or is deleted by mistake."
  }
  assert {
    condition     = [for attribute in aws_dynamodb_table.store[0].attribute : "${attribute.name} ${attribute.type}"] == ["pk S"] && length(aws_dynamodb_table.store[0].global_secondary_index) == 0
    error_message = "There is an index that nobody asked for, and every event pays for it."
  }
  assert {
    condition     = length(aws_iam_policy.audits) == 0 && output.store.audits_policy_arn == null
    error_message = "There is a policy for audits that cannot work."
  }
  assert {
    condition     = keys(aws_iam_role_policy.store) == ["thumbnails"] && keys(aws_iam_policy.worker_store) == ["deletions"]
    error_message = "A function or a worker may not use the store."
  }
  assert {
    condition = alltrue([
      for policy in [aws_iam_role_policy.store["thumbnails"].policy, aws_iam_policy.worker_store["deletions"].policy] :
      jsondecode(policy).Statement == [{
        Sid      = "RememberWhatWasHandled"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
        Resource = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/shared"
      }]
    ])
    error_message = "Somebody may do more or less with the store than the wrappers need."
  }
  assert {
    condition     = contains(output.processors["deletions"].policy_arns, aws_iam_policy.worker_store["deletions"].arn)
    error_message = "The worker's policies are listed without that of the store."
  }
}

run "with_audits" {
  variables {
    store = { audits = true, deletion_protection = false }
  }

  assert {
    condition     = toset([for attribute in aws_dynamodb_table.store[0].attribute : "${attribute.name} ${attribute.type}"]) == toset(["pk S", "state S"]) && !aws_dynamodb_table.store[0].deletion_protection_enabled
    error_message = "The key of the index is not declared, or a setting is ignored."
  }
  assert {
    condition = [
      for index in aws_dynamodb_table.store[0].global_secondary_index :
      "${index.name} ${index.hash_key} ${index.projection_type} ${join(",", index.non_key_attributes)}"
    ] == ["states state INCLUDE expires_at"]
    error_message = "`audit` does not find its index."
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_policy.audits[0].policy).Statement : statement.Action] == [
      ["dynamodb:Query"], ["dynamodb:GetItem"], ["s3:ListBucket", "s3:ListBucketVersions"], ["s3:GetObject", "s3:GetObjectVersion"],
    ]
    error_message = "`audit` may do more than read, or less."
  }
  assert {
    condition     = jsondecode(aws_iam_policy.audits[0].policy).Statement[0].Resource == "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/shared/index/states"
    error_message = "`audit` may not query its index."
  }
}
