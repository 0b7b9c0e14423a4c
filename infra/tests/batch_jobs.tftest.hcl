# The role of S3 Batch Operations jobs: none by default, and no more rights than a job needs.

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
  processors = {
    thumbnails = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/thumbnails.json" }
    deletions  = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/deletions.json" }
  }
}

run "no_jobs" {
  assert {
    condition     = length(aws_iam_role.batch_jobs) == 0 && length(aws_iam_role_policy.batch_jobs) == 0
    error_message = "There is a role for jobs although nobody asked for one."
  }
  assert {
    condition     = output.batch_jobs_role_arn == null
    error_message = "The ARN of a role is given that does not exist."
  }
}

run "one_function" {
  variables {
    batch_jobs = {
      processors    = ["thumbnails"]
      manifest_arns = ["arn:aws:s3:::manifests/2026/manifest.csv"]
      report_arn    = "arn:aws:s3:::reports/jobs/"
    }
  }

  assert {
    condition     = aws_iam_role.batch_jobs[0].name == "s3-dispatch-batch-jobs-eu-central-1"
    error_message = "The role has another name."
  }
  assert {
    condition = jsondecode(aws_iam_role.batch_jobs[0].assume_role_policy).Statement == [{
      Sid       = "AssumedByBatchOperations"
      Effect    = "Allow"
      Principal = { Service = "batchoperations.s3.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
    error_message = "Somebody else may assume the role, or S3 Batch Operations may not."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.batch_jobs[0].policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid    = "InvokeFunction"
          Effect = "Allow"
          Action = ["lambda:InvokeFunction"]
          Resource = [
            aws_lambda_function.processor["thumbnails"].arn,
            "${aws_lambda_function.processor["thumbnails"].arn}:*",
          ]
        },
        {
          Sid      = "ReadManifest"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:GetObjectVersion"]
          Resource = ["arn:aws:s3:::manifests/2026/manifest.csv"]
        },
        {
          Sid      = "WriteReport"
          Effect   = "Allow"
          Action   = ["s3:PutObject"]
          Resource = ["arn:aws:s3:::reports/jobs/*"]
        },
      ]
    }
    error_message = "The role may do more than the job needs, or less."
  }
  assert {
    condition     = aws_iam_role_policy.batch_jobs[0].role == aws_iam_role.batch_jobs[0].name
    error_message = "The policy belongs to another role."
  }
  assert {
    condition     = output.batch_jobs_role_arn == aws_iam_role.batch_jobs[0].arn
    error_message = "The output is another role."
  }
}

run "generated_manifests_for_all_functions" {
  variables {
    batch_jobs = {
      manifest_arns       = ["arn:aws:s3:::manifests/*"]
      report_arn          = "arn:aws:s3:::reports"
      generates_manifests = true
    }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.batch_jobs[0].policy).Statement[0].Resource == [
      aws_lambda_function.processor["deletions"].arn,
      "${aws_lambda_function.processor["deletions"].arn}:*",
      aws_lambda_function.processor["thumbnails"].arn,
      "${aws_lambda_function.processor["thumbnails"].arn}:*",
    ]
    error_message = "Jobs may not invoke every function."
  }
  assert {
    condition = slice(jsondecode(aws_iam_role_policy.batch_jobs[0].policy).Statement, 2, 5) == [
      {
        Sid      = "WriteReport"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["arn:aws:s3:::reports/*"]
      },
      {
        Sid      = "GenerateManifest"
        Effect   = "Allow"
        Action   = ["s3:PutInventoryConfiguration"]
        Resource = [aws_s3_bucket.objects[0].arn]
      },
      {
        Sid      = "WriteManifest"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["arn:aws:s3:::manifests/*"]
      },
    ]
    error_message = "S3 cannot generate the manifest."
  }
}

run "unknown_processor" {
  command = plan
  variables {
    batch_jobs = {
      processors    = ["nobody"]
      manifest_arns = ["arn:aws:s3:::manifests/*"]
      report_arn    = "arn:aws:s3:::reports"
    }
  }
  expect_failures = [var.batch_jobs]
}

run "workers_have_no_function" {
  variables {
    processors = {
      thumbnails = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/thumbnails.json" }
      deletions  = { kind = "worker", policy_file = "tests/fixtures/deletions.json" }
    }
    batch_jobs = {
      manifest_arns = ["arn:aws:s3:::manifests/*"]
      report_arn    = "arn:aws:s3:::reports"
    }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.batch_jobs[0].policy).Statement[0].Resource == [
      aws_lambda_function.processor["thumbnails"].arn,
      "${aws_lambda_function.processor["thumbnails"].arn}:*",
    ]
    error_message = "Jobs may invoke something that is no function, or not the function."
  }
}

run "worker" {
  command = plan
  variables {
    processors = {
      thumbnails = { package = "tests/fixtures/package.zip", policy_file = "tests/fixtures/thumbnails.json" }
      deletions  = { kind = "worker", policy_file = "tests/fixtures/deletions.json" }
    }
    batch_jobs = {
      processors    = ["deletions"]
      manifest_arns = ["arn:aws:s3:::manifests/*"]
      report_arn    = "arn:aws:s3:::reports"
    }
  }
  expect_failures = [var.batch_jobs]
}

run "no_manifest" {
  command = plan
  variables {
    batch_jobs = { manifest_arns = [], report_arn = "arn:aws:s3:::reports" }
  }
  expect_failures = [var.batch_jobs]
}

run "names_instead_of_arns" {
  command = plan
  variables {
    batch_jobs = { manifest_arns = ["manifests/*"], report_arn = "arn:aws:s3:::reports" }
  }
  expect_failures = [var.batch_jobs]
}

run "every_object_of_a_report" {
  command = plan
  variables {
    batch_jobs = { manifest_arns = ["arn:aws:s3:::manifests/*"], report_arn = "reports/*" }
  }
  expect_failures = [var.batch_jobs]
}
