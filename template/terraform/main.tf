# The pipeline: a bucket, a topic, a queue with its dead letters, the function, and alarms.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.40, < 7.0"
    }
  }
}

# The region and the credentials come from `AWS_REGION` and `AWS_PROFILE`.
provider "aws" {}

module "pipeline" {
  source = "git::https://github.com/s3-dispatch/s3-dispatch.git//infra?ref=v0.1.0"

  # The prefix of all names: 2 to 20 lower-case letters, digits and hyphens.
  name = "uploads"

  processors = {
    "{{project_name}}" = {
      package     = "${path.root}/../target/lambda/{{project_name}}.zip"
      policy_file = "${path.root}/policy.json"
    }
  }
}

output "bucket" {
  description = "The bucket whose uploads are processed."
  value       = module.pipeline.bucket
}
