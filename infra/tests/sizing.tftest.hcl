# Batches that do not fit into the function's timeout are refused, with what to change.

mock_provider "aws" {}

variables {
  region = "eu-central-1"
}

run "a_batch_that_does_not_fit_is_refused" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        timeout_seconds = 3
        handler_seconds = 0.8
        concurrency     = 1
      }
    }
  }

  expect_failures = [aws_lambda_event_source_mapping.processor]

  assert {
    condition = local.sizing_faults["put-processor"] == join(" ", [
      "put-processor: a batch of 10 takes 8 s, with 0.8 s for each message and 1 at once, but the",
      "function has 2.5 s for it. Messages that it does not reach end as dead letters. Set",
      "`batch_size` to at most 3, or `timeout_seconds` to at least 9, or `concurrency`, here and in",
      "the program (`Dispatcher::with_concurrency`), to at least 4.",
    ])
    error_message = "It says: ${local.sizing_faults["put-processor"]}"
  }
}

run "the_smaller_batch_fits" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        timeout_seconds = 3
        handler_seconds = 0.8
        concurrency     = 1
        batch_size      = 3
      }
    }
  }

  assert {
    condition     = length(local.sizing_faults) == 0
    error_message = "A batch that fits is refused: ${jsonencode(local.sizing_faults)}"
  }
}

run "the_longer_timeout_fits" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        timeout_seconds = 9
        handler_seconds = 0.8
        concurrency     = 1
      }
    }
  }

  assert {
    condition     = length(local.sizing_faults) == 0
    error_message = "A batch that fits is refused: ${jsonencode(local.sizing_faults)}"
  }
}

run "more_handlers_at_once_fit" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        timeout_seconds = 3
        handler_seconds = 0.8
        concurrency     = 4
      }
    }
  }

  assert {
    condition     = length(local.sizing_faults) == 0
    error_message = "A batch that fits is refused: ${jsonencode(local.sizing_faults)}"
  }
}

run "five_at_once_are_assumed" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        timeout_seconds = 3
        handler_seconds = 1
        batch_size      = 10
      }
    }
  }

  assert {
    condition     = local.sizing["put-processor"].batch_ms == 2000
    error_message = "The batch takes ${local.sizing["put-processor"].batch_ms} ms."
  }
}

run "one_handler_less_at_once_does_not_fit" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        timeout_seconds = 3
        handler_seconds = 0.8
        concurrency     = 3
      }
    }
  }

  expect_failures = [aws_lambda_event_source_mapping.processor]

  assert {
    condition = local.sizing_faults["put-processor"] == join(" ", [
      "put-processor: a batch of 10 takes 3.2 s, with 0.8 s for each message and 3 at once, but the",
      "function has 2.5 s for it. Messages that it does not reach end as dead letters. Set",
      "`batch_size` to at most 9, or `timeout_seconds` to at least 4, or `concurrency`, here and in",
      "the program (`Dispatcher::with_concurrency`), to at least 4.",
    ])
    error_message = "It says: ${local.sizing_faults["put-processor"]}"
  }
}

# 0.295 has no exact binary form, and 100 times 0.295 is exactly 29.5.
run "a_batch_that_just_fits_is_accepted" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        timeout_seconds      = 30
        handler_seconds      = 0.295
        concurrency          = 1
        batch_size           = 100
        batch_window_seconds = 1
      }
    }
  }

  assert {
    condition     = length(local.sizing_faults) == 0
    error_message = "A batch that fits is refused: ${jsonencode(local.sizing_faults)}"
  }
}

run "a_millisecond_too_much_is_refused" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        timeout_seconds      = 30
        handler_seconds      = 0.296
        concurrency          = 1
        batch_size           = 100
        batch_window_seconds = 1
      }
    }
  }

  expect_failures = [aws_lambda_event_source_mapping.processor]

  assert {
    condition = local.sizing_faults["put-processor"] == join(" ", [
      "put-processor: a batch of 100 takes 29.6 s, with 0.296 s for each message and 1 at once, but",
      "the function has 29.5 s for it. Messages that it does not reach end as dead letters. Set",
      "`batch_size` to at most 99, or `timeout_seconds` to at least 31, or `concurrency`, here and in",
      "the program (`Dispatcher::with_concurrency`), to at least 2.",
    ])
    error_message = "It says: ${local.sizing_faults["put-processor"]}"
  }
}

run "a_part_of_a_millisecond_counts" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        timeout_seconds = 3
        handler_seconds = 0.2501
        concurrency     = 1
      }
    }
  }

  expect_failures = [aws_lambda_event_source_mapping.processor]

  assert {
    condition     = local.sizing["put-processor"].batch_ms == 2510
    error_message = "The batch takes ${local.sizing["put-processor"].batch_ms} ms."
  }
}

run "a_large_batch_has_no_timeout_that_is_long_enough" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        handler_seconds      = 2
        concurrency          = 1
        batch_size           = 1000
        batch_window_seconds = 1
      }
    }
  }

  expect_failures = [aws_lambda_event_source_mapping.processor]

  assert {
    condition = local.sizing_faults["put-processor"] == join(" ", [
      "put-processor: a batch of 1000 takes 2000 s, with 2 s for each message and 1 at once, but the",
      "function has 29.5 s for it. Messages that it does not reach end as dead letters. Set",
      "`batch_size` to at most 14, or `concurrency`, here and in the program",
      "(`Dispatcher::with_concurrency`), to at least 72.",
    ])
    error_message = "It says: ${local.sizing_faults["put-processor"]}"
  }
}

run "a_handler_that_outlasts_the_timeout_needs_a_longer_one" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        timeout_seconds = 30
        handler_seconds = 60
        concurrency     = 1
        batch_size      = 1
      }
    }
  }

  expect_failures = [aws_lambda_event_source_mapping.processor]

  assert {
    condition = local.sizing_faults["put-processor"] == join(" ", [
      "put-processor: a batch of 1 takes 60 s, with 60 s for each message and 1 at once, but the",
      "function has 29.5 s for it. Messages that it does not reach end as dead letters. Set",
      "`timeout_seconds` to at least 61.",
    ])
    error_message = "It says: ${local.sizing_faults["put-processor"]}"
  }
}

run "a_slow_handler_with_a_large_batch_needs_both" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        handler_seconds = 100
        concurrency     = 1
      }
    }
  }

  expect_failures = [aws_lambda_event_source_mapping.processor]

  assert {
    condition = local.sizing_faults["put-processor"] == join(" ", [
      "put-processor: a batch of 10 takes 1000 s, with 100 s for each message and 1 at once, but the",
      "function has 29.5 s for it. Messages that it does not reach end as dead letters. Set",
      "`timeout_seconds` to at least 101 and `batch_size` to at most 1.",
    ])
    error_message = "It says: ${local.sizing_faults["put-processor"]}"
  }
}

run "a_handler_that_outlasts_every_timeout_must_become_faster" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package         = "tests/fixtures/package.zip"
        policy_file     = "policies/put-processor.json"
        handler_seconds = 1000
        concurrency     = 10
      }
    }
  }

  expect_failures = [aws_lambda_event_source_mapping.processor]

  assert {
    condition = local.sizing_faults["put-processor"] == join(" ", [
      "put-processor: a batch of 10 takes 1000 s, with 1000 s for each message and 10 at once, but the",
      "function has 29.5 s for it. Messages that it does not reach end as dead letters. No timeout of",
      "Lambda is long enough for a single message: make the handler faster.",
    ])
    error_message = "It says: ${local.sizing_faults["put-processor"]}"
  }
}

run "nothing_is_checked_without_the_time_of_a_handler" {
  command = plan

  variables {
    processors = {
      put-processor = {
        package              = "tests/fixtures/package.zip"
        policy_file          = "policies/put-processor.json"
        timeout_seconds      = 1
        batch_size           = 10000
        batch_window_seconds = 1
      }
    }
  }

  assert {
    condition     = length(local.sizing_faults) == 0
    error_message = "A batch that fits is refused: ${jsonencode(local.sizing_faults)}"
  }
}
