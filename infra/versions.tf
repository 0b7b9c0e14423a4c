terraform {
  # Conditions of variables that refer to other values, and `mock_provider` in the tests.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 6.0 gave every resource a `region`; 6.8 lets a queue take messages of 1 MiB.
      version = ">= 6.8, < 7.0"
    }
  }
}
