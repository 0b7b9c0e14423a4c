terraform {
  # 1.9 allows variable conditions that refer to other values; the tests use `mock_provider`.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 6.0 added `region` to every resource; 6.8 allows queues with messages of 1 MiB; 6.22 to 6.39
      # plan a change of `blocked_encryption_types` for ever.
      version = ">= 6.40, < 7.0"
    }
  }
}
