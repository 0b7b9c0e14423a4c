# What is refused, rather than planned.

mock_provider "aws" {}

variables {
  region = "eu-central-1"
  processors = {
    put-processor = { package = "tests/fixtures/package.zip", policy_file = "policies/put-processor.json" }
  }
}

run "a_region_is_a_code" {
  command = plan

  variables {
    region = "Frankfurt"
  }

  expect_failures = [var.region]
}

run "a_name_fits_a_bucket" {
  command = plan

  variables {
    name = "S3_Dispatch"
  }

  expect_failures = [var.name]
}

run "a_name_fits_a_role" {
  command = plan

  variables {
    name = "a-name-of-more-than-twenty"
  }

  expect_failures = [var.name]
}

run "a_bucket_name_has_no_capitals" {
  command = plan

  variables {
    bucket_name = "MyBucket"
  }

  expect_failures = [var.bucket_name]
}

run "there_are_two_architectures" {
  command = plan

  variables {
    architecture = "aarch64"
  }

  expect_failures = [var.architecture]
}

run "there_is_a_processor" {
  command = plan

  variables {
    processors = {}
  }

  expect_failures = [var.processors]
}

run "a_processor_has_a_short_name" {
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

run "a_package_exists" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package     = "tests/fixtures/missing.zip"
        policy_file = "policies/put-processor.json"
      }
    }
  }

  expect_failures = [var.processors]
}

run "a_policy_exists" {
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

run "a_policy_is_json" {
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

run "a_policy_is_that_of_its_program" {
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

run "a_policy_names_events" {
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

run "events_have_their_prefix" {
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

run "a_filter_looks_at_the_body" {
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

run "a_function_ends" {
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

run "a_function_has_memory" {
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

run "a_batch_is_not_empty" {
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

run "a_batch_is_bounded" {
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

run "a_window_is_bounded" {
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

run "a_large_batch_needs_a_window" {
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

run "two_run_at_least" {
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

run "a_log_level_exists" {
  command = plan

  variables {
    log_level = "VERBOSE"
  }

  expect_failures = [var.log_level]
}

run "a_log_retention_exists" {
  command = plan

  variables {
    log_retention_days = 15
  }

  expect_failures = [var.log_retention_days]
}

run "dead_letters_outlive_messages" {
  command = plan

  variables {
    message_retention_seconds = 1209600
  }

  expect_failures = [var.message_retention_seconds]
}

run "messages_live_a_day" {
  command = plan

  variables {
    message_retention_seconds = 3600
  }

  expect_failures = [var.message_retention_seconds]
}

run "an_age_is_measured_by_the_minute" {
  command = plan

  variables {
    alarm_age_seconds = 30
  }

  expect_failures = [var.alarm_age_seconds]
}

run "an_alarm_action_is_an_arn" {
  command = plan

  variables {
    alarm_actions = ["me@example.com"]
  }

  expect_failures = [var.alarm_actions]
}
