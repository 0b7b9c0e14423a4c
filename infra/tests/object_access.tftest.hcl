# A processor whose handlers declare what they do with objects, beside one whose handlers do not.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws-cn" }
  }
}

variables {
  region = "eu-central-1"
  processors = {
    thumbnails = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/thumbnails.json" }
    deletions  = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/deletions.json" }
  }
}

run "object_access" {
  assert {
    condition     = join(" ", keys(aws_iam_role_policy.objects)) == "thumbnails"
    error_message = "A function may use objects although its handlers declare nothing, or the other one may not."
  }
  assert {
    condition     = aws_iam_role_policy.objects["thumbnails"].role == aws_iam_role.function["thumbnails"].name
    error_message = "The permissions belong to the role of another function."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.objects["thumbnails"].policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "ReadObjects"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:GetObjectVersion"]
          Resource = ["${aws_s3_bucket.objects[0].arn}/photos/*.jpg"]
        },
        {
          Sid      = "WriteObjects"
          Effect   = "Allow"
          Action   = ["s3:PutObject", "s3:GetObject"]
          Resource = ["${aws_s3_bucket.objects[0].arn}/a$${*}b/*", "arn:aws-cn:s3:::amzn-s3-demo-archive/photos/*"]
        },
        {
          Sid      = "ListBuckets"
          Effect   = "Allow"
          Action   = ["s3:ListBucket"]
          Resource = [aws_s3_bucket.objects[0].arn, "arn:aws-cn:s3:::amzn-s3-demo-archive"]
        },
      ]
    }
    error_message = "The policy differs from what the program printed."
  }
}

# Their patterns do not say what handlers do with objects, so another file does.
run "processors_that_eventbridge_feeds" {
  variables {
    processors = {
      thumbnails = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/event-pattern.json", access_file = "tests/fixtures/thumbnails.json" }
      deletions  = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/event-pattern.json", access_file = "tests/fixtures/deletions.json" }
      others     = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/event-pattern.json" }
    }
  }

  assert {
    condition     = length(aws_sns_topic_subscription.processor) == 0 && length(output.events) == 0
    error_message = "The topic feeds a processor too."
  }
  assert {
    condition     = join(" ", keys(aws_iam_role_policy.objects)) == "thumbnails"
    error_message = "A function may use objects although its handlers declare nothing, or the other one may not."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.objects["thumbnails"].policy).Statement : statement.Sid] == ["ReadObjects", "WriteObjects", "ListBuckets"]
    error_message = "The policy differs from what the program printed."
  }
}

run "workers_that_eventbridge_feeds" {
  variables {
    processors = {
      thumbnails = { kind = "worker", event_pattern_file = "tests/fixtures/event-pattern.json", access_file = "tests/fixtures/thumbnails.json" }
    }
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_policy.worker_objects["thumbnails"].policy).Statement : statement.Sid] == ["ReadObjects", "WriteObjects", "ListBuckets"] && length(output.processors["thumbnails"].policy_arns) == 2
    error_message = "The worker may not do what its handlers declare."
  }
}
