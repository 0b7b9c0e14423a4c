# Invalid inputs, which Terraform must reject at plan time.

mock_provider "aws" {}

variables {
  region = "eu-central-1"
  processors = {
    put-processor = { package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
  }
}

run "region_must_be_a_code" {
  command = plan

  variables {
    region = "Frankfurt"
  }

  expect_failures = [var.region]
}

run "name_must_fit_bucket_names" {
  command = plan

  variables {
    name = "S3_Dispatch"
  }

  expect_failures = [var.name]
}

run "name_must_fit_role_names" {
  command = plan

  variables {
    name = "a-name-of-more-than-twenty"
  }

  expect_failures = [var.name]
}

run "bucket_name_must_be_lower_case" {
  command = plan

  variables {
    bucket_name = "MyBucket"
  }

  expect_failures = [var.bucket_name]
}

run "architecture_must_be_known" {
  command = plan

  variables {
    architecture = "aarch64"
  }

  expect_failures = [var.architecture]
}

run "processors_must_not_be_empty" {
  command = plan

  variables {
    processors = {}
  }

  expect_failures = [var.processors]
}

run "processor_name_must_be_valid" {
  command = plan

  variables {
    processors = {
      Uploads_ = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/wrong-name.json"
      }
    }
  }

  expect_failures = [var.processors]
}

# `destroy` only warns about this condition, so it works after `cargo clean`. Any other error would
# stop it, and fails this test.
run "package_must_exist" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/missing.zip"
        policy_file = "policies/put-processor.json"
      }
    }
  }

  expect_failures = [aws_s3_object.package]
}

run "policy_file_must_exist" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "policies/missing.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "policy_file_must_be_json" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/package.zip"
      }
    }
  }

  expect_failures = [var.processors]
}

run "policy_file_must_belong_to_its_program" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "policies/copy-processor.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "policy_file_must_list_events" {
  command = plan

  variables {
    processors = {
      no-events = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/no-events.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "event_types_must_start_with_s3" {
  command = plan

  variables {
    processors = {
      wrong-events = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/wrong-events.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "filter_scope_must_be_the_body" {
  command = plan

  variables {
    processors = {
      wrong-scope = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/wrong-scope.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "object_access_must_be_as_printed" {
  command = plan

  variables {
    processors = {
      wrong-access = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/wrong-access.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "timeout_must_be_at_most_900" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        timeout_seconds = 901
      }
    }
  }

  expect_failures = [var.processors]
}

run "memory_must_be_at_least_128" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "policies/put-processor.json"
        memory_mb   = 64
      }
    }
  }

  expect_failures = [var.processors]
}

run "batch_size_must_not_be_zero" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "policies/put-processor.json"
        batch_size  = 0
      }
    }
  }

  expect_failures = [var.processors]
}

run "batch_size_must_be_at_most_10000" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        batch_size           = 10001
        batch_window_seconds = 1
      }
    }
  }

  expect_failures = [var.processors]
}

run "batch_window_must_be_at_most_300" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        batch_window_seconds = 301
      }
    }
  }

  expect_failures = [var.processors]
}

run "large_batch_must_have_a_window" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "policies/put-processor.json"
        batch_size  = 11
      }
    }
  }

  expect_failures = [var.processors]
}

run "maximum_concurrency_must_be_at_least_2" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package             = "tests/fixtures/package.zip"
        policy_file         = "policies/put-processor.json"
        maximum_concurrency = 1
      }
    }
  }

  expect_failures = [var.processors]
}

run "handler_seconds_must_not_be_zero" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        handler_seconds = 0
      }
    }
  }

  expect_failures = [var.processors]
}

run "concurrency_must_be_at_least_1" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "policies/put-processor.json"
        concurrency = 0
      }
    }
  }

  expect_failures = [var.processors]
}

run "concurrency_must_be_whole" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "policies/put-processor.json"
        concurrency = 1.5
      }
    }
  }

  expect_failures = [var.processors]
}

run "a_name_must_not_be_that_of_a_dead_letter_queue" {
  command = plan

  variables {
    processors = {
      tiering = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/nameless.json"
      }
      tiering-dead-letters = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/nameless.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "a_name_must_not_be_that_of_an_undelivered_queue" {
  command = plan

  variables {
    processors = {
      tiering = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/nameless.json"
      }
      tiering-undelivered = {
        package     = "tests/fixtures/package.zip"
        policy_file = "tests/fixtures/nameless.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "topic_key_condition_must_be_known" {
  command = plan

  variables {
    topic_key_condition = "source-account"
  }

  expect_failures = [var.topic_key_condition]
}

run "a_processor_must_have_a_source" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package = "tests/fixtures/package.zip"
      }
    }
  }

  expect_failures = [var.processors]
}

run "a_processor_must_have_one_source" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package            = "tests/fixtures/package.zip"
        policy_file        = "policies/put-processor.json"
        event_pattern_file = "tests/fixtures/event-pattern.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "event_pattern_file_must_exist" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package            = "tests/fixtures/package.zip"
        event_pattern_file = "tests/fixtures/missing.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "event_pattern_file_must_be_a_pattern" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package            = "tests/fixtures/package.zip"
        event_pattern_file = "policies/put-processor.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "existing_bucket_must_be_a_name" {
  command = plan

  variables {
    existing_bucket = { name = "arn:aws:s3:::bucket" }
  }

  expect_failures = [var.existing_bucket]
}

run "existing_bucket_must_have_an_account_number" {
  command = plan

  variables {
    existing_bucket = { name = "bucket", account = "production" }
  }

  expect_failures = [var.existing_bucket]
}

run "a_bucket_must_be_new_or_exist" {
  command = plan

  variables {
    existing_bucket = { name = "bucket" }
    bucket_name     = "new-bucket"
  }

  expect_failures = [var.existing_bucket]
}

run "existing_topic_must_not_be_fifo" {
  command = plan

  variables {
    existing_topic_arn = "arn:aws:sns:eu-central-1:123456789012:events.fifo"
  }

  expect_failures = [var.existing_topic_arn]
}

run "existing_key_must_not_be_an_alias" {
  command = plan

  variables {
    existing_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/events"
  }

  expect_failures = [var.existing_key_arn]
}

run "existing_key_must_not_come_with_an_existing_topic" {
  command = plan

  variables {
    existing_topic_arn = "arn:aws:sns:eu-central-1:123456789012:events"
    existing_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  expect_failures = [var.existing_key_arn]
}

run "managed_timeout_must_be_at_most_5400" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package           = "tests/fixtures/package.zip"
        policy_file       = "policies/put-processor.json"
        managed_instances = { capacity_provider_arn = "arn:aws:lambda:eu-central-1:123456789012:capacity-provider:big" }
        memory_mb         = 2048
        timeout_seconds   = 5401
      }
    }
  }

  expect_failures = [var.processors]
}

run "managed_memory_must_be_at_least_2048" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package           = "tests/fixtures/package.zip"
        policy_file       = "policies/put-processor.json"
        managed_instances = { capacity_provider_arn = "arn:aws:lambda:eu-central-1:123456789012:capacity-provider:big" }
        memory_mb         = 1024
      }
    }
  }

  expect_failures = [var.processors]
}

run "pollers_exclude_a_maximum_concurrency" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package             = "tests/fixtures/package.zip"
        policy_file         = "policies/put-processor.json"
        provisioned_pollers = {}
        maximum_concurrency = 10
      }
    }
  }

  expect_failures = [var.processors]
}

run "pollers_must_be_at_least_2" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package             = "tests/fixtures/package.zip"
        policy_file         = "policies/put-processor.json"
        provisioned_pollers = { minimum = 1 }
      }
    }
  }

  expect_failures = [var.processors]
}

run "pollers_must_be_at_most_2000" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package             = "tests/fixtures/package.zip"
        policy_file         = "policies/put-processor.json"
        provisioned_pollers = { maximum = 2001 }
      }
    }
  }

  expect_failures = [var.processors]
}

run "the_maximum_of_pollers_must_not_be_less_than_the_minimum" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package             = "tests/fixtures/package.zip"
        policy_file         = "policies/put-processor.json"
        provisioned_pollers = { minimum = 10, maximum = 9 }
      }
    }
  }

  expect_failures = [var.processors]
}

run "reserved_concurrency_needs_a_maximum_concurrency" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        reserved_concurrency = 10
      }
    }
  }

  expect_failures = [var.processors]
}

run "reserved_concurrency_must_not_be_less_than_the_maximum" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        reserved_concurrency = 10
        maximum_concurrency  = 11
      }
    }
  }

  expect_failures = [var.processors]
}

run "reserved_concurrency_must_not_be_zero" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        reserved_concurrency = 0
        provisioned_pollers  = {}
      }
    }
  }

  expect_failures = [var.processors]
}

run "filter_file_must_exist" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "policies/put-processor.json"
        filter_file = "tests/fixtures/missing.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "filter_file_must_have_filters" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/package.zip"
        policy_file = "policies/put-processor.json"
        filter_file = "policies/put-processor.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "a_filter_key_needs_a_filter" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package        = "tests/fixtures/package.zip"
        policy_file    = "policies/put-processor.json"
        filter_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      }
    }
  }

  expect_failures = [var.processors]
}

run "log_level_must_be_known" {
  command = plan

  variables {
    log_level = "VERBOSE"
  }

  expect_failures = [var.log_level]
}

run "log_retention_must_be_offered" {
  command = plan

  variables {
    log_retention_days = 15
  }

  expect_failures = [var.log_retention_days]
}

run "retention_must_leave_time_for_dead_letters" {
  command = plan

  variables {
    message_retention_seconds = 1209600
  }

  expect_failures = [var.message_retention_seconds]
}

run "retention_must_be_at_least_a_day" {
  command = plan

  variables {
    message_retention_seconds = 3600
  }

  expect_failures = [var.message_retention_seconds]
}

run "alarm_age_must_be_at_least_60" {
  command = plan

  variables {
    alarm_age_seconds = 30
  }

  expect_failures = [var.alarm_age_seconds]
}

run "alarm_actions_must_be_arns" {
  command = plan

  variables {
    alarm_actions = ["me@example.com"]
  }

  expect_failures = [var.alarm_actions]
}

run "kind_must_be_known" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "job", package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_function_must_have_a_package" {
  command = plan

  variables {
    processors = {
      put-processor = { policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_worker_must_have_no_package" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_worker_must_have_no_maximum_concurrency" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", maximum_concurrency = 5, policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_worker_must_have_no_reserved_concurrency" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", reserved_concurrency = 5, provisioned_pollers = {}, policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_worker_must_have_no_pollers" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", provisioned_pollers = {}, policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_worker_must_have_no_managed_instances" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", memory_mb = 4096, managed_instances = { capacity_provider_arn = "arn:aws:lambda:eu-central-1:123456789012:capacity-provider:big" }, policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_worker_must_have_no_filter" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", filter_file = "tests/fixtures/filter-criteria.json", policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_worker_must_have_no_handler_seconds" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", handler_seconds = 1, policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_worker_must_have_no_environment" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", environment = { A = "b" }, policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_worker_must_have_a_source" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker" }
    }
  }

  expect_failures = [var.processors]
}

run "visibility_of_a_worker_must_be_at_least_10" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", visibility_seconds = 9, policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "visibility_of_a_worker_must_be_at_most_12_hours" {
  command = plan

  variables {
    processors = {
      put-processor = { kind = "worker", visibility_seconds = 43201, policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "a_function_must_have_no_visibility" {
  command = plan

  variables {
    processors = {
      put-processor = { visibility_seconds = 60, package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "access_file_needs_an_event_pattern" {
  command = plan

  variables {
    processors = {
      put-processor = { package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json", access_file = "policies/put-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "access_file_must_exist" {
  command = plan

  variables {
    processors = {
      put-processor = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/event-pattern.json", access_file = "policies/missing.json" }
    }
  }

  expect_failures = [var.processors]
}

run "access_file_must_belong_to_its_program" {
  command = plan

  variables {
    processors = {
      put-processor = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/event-pattern.json", access_file = "policies/copy-processor.json" }
    }
  }

  expect_failures = [var.processors]
}

run "access_file_must_be_as_printed" {
  command = plan

  variables {
    processors = {
      wrong-access = { package = "tests/fixtures/package.zip", event_pattern_file = "tests/fixtures/event-pattern.json", access_file = "tests/fixtures/wrong-access.json" }
    }
  }

  expect_failures = [var.processors]
}
