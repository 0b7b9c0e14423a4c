terraform {
  # 1.9 allows variable conditions that refer to other values; the tests use `mock_provider`.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 6.0 added `region` to every resource; 6.8 allows queues with messages of 1 MiB.
      version = ">= 6.8, < 7.0"
    }
  }
}
