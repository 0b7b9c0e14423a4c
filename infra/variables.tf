variable "region" {
  description = "The AWS region of everything that has one; null means the provider's own (`AWS_REGION`, the profile, or the provider block of the calling module)."
  type        = string
  default     = null

  validation {
    condition     = var.region == null || can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "`region` is the code of a region, such as eu-central-1."
  }
}

variable "name" {
  description = "What the names of all resources begin with. A second pipeline in one account and region needs another one."
  type        = string
  default     = "s3-dispatch"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name))
    error_message = "`name` has 2 to 20 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen: bucket and role names are made of it."
  }
}

variable "bucket_name" {
  description = "The name of the bucket whose events are processed; null lets AWS find one that is free, beginning with `name`."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "`bucket_name` has 3 to 63 lower-case letters, digits and hyphens, and begins and ends with a letter or digit; dots would break TLS."
  }
}

variable "force_destroy" {
  description = "Whether `destroy` may delete the bucket with all objects in it. Without it `destroy` refuses while there are any."
  type        = bool
  default     = false
}

variable "architecture" {
  description = "The processor architecture that the packages were built for, as in `scripts/package`: arm64 or x86_64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "`architecture` is arm64 or x86_64."
  }
}

variable "processors" {
  description = <<-EOT
    The processors, by the name of their program. Each gets a queue, a subscription with a filter, and a Lambda function.

    - `package`: the zip with the executable `bootstrap`, as `scripts/package` builds it; read when applied.
    - `policy_file`: what the program printed for `policy --format terraform`; its filter decides what reaches the queue.
    - `timeout_seconds`: of the function; the visibility timeout of the queue follows from it.
    - `memory_mb`: of the function, which also decides its share of a processor.
    - `batch_size`, `batch_window_seconds`: how many messages an invocation gets at most, and how long Lambda waits for
      them. More than 10 messages need a window.
    - `maximum_concurrency`: how many invocations run at once at most; null leaves it to Lambda.
    - `environment`: environment variables of the function. They are no place for secrets.
  EOT
  type = map(object({
    package              = string
    policy_file          = string
    timeout_seconds      = optional(number, 30)
    memory_mb            = optional(number, 256)
    batch_size           = optional(number, 10)
    batch_window_seconds = optional(number, 0)
    maximum_concurrency  = optional(number)
    environment          = optional(map(string), {})
  }))

  validation {
    condition     = length(var.processors) > 0
    error_message = "`processors` is empty: name at least one program."
  }
  validation {
    condition     = alltrue([for name in keys(var.processors) : can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", name))])
    error_message = "The names in `processors` have 2 to 24 lower-case letters, digits and hyphens, begin with a letter and do not end with a hyphen."
  }
  validation {
    condition     = alltrue([for processor in values(var.processors) : fileexists(processor.package)])
    error_message = "A `package` in `processors` does not exist: ${join(", ", [for processor in values(var.processors) : processor.package if !fileexists(processor.package)])}. `scripts/package` builds those of the examples."
  }
  validation {
    condition     = alltrue([for processor in values(var.processors) : can(jsondecode(file(processor.policy_file)))])
    error_message = "A `policy_file` in `processors` is missing or is no JSON: ${join(", ", [for processor in values(var.processors) : processor.policy_file if !can(jsondecode(file(processor.policy_file)))])}. The program prints it: `NAME policy --format terraform`."
  }
  validation {
    # The wrong file loses events without a trace.
    condition     = alltrue([for name, processor in var.processors : try(jsondecode(file(processor.policy_file)).name, name) == name])
    error_message = "A `policy_file` in `processors` was written by another program than the one that names it: ${join(", ", [for name, processor in var.processors : "${processor.policy_file} for ${name}" if try(jsondecode(file(processor.policy_file)).name, name) != name])}."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        length(jsondecode(file(processor.policy_file)).events) > 0 && alltrue([
          for event in jsondecode(file(processor.policy_file)).events : can(regex("^s3:[A-Za-z]+(:([A-Za-z]+|\\*))?$", event))
        ]),
        !can(jsondecode(file(processor.policy_file)))
      )
    ])
    error_message = "The `events` of every `policy_file` are a list of S3's event types, such as s3:ObjectCreated:Put, and not empty."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        jsondecode(file(processor.policy_file)).filter_policy == null || jsondecode(file(processor.policy_file)).filter_policy_scope == "MessageBody",
        !can(jsondecode(file(processor.policy_file)))
      )
    ])
    error_message = "Every `policy_file` has a `filter_policy`, or null for every event, of the `filter_policy_scope` MessageBody: S3 sets no message attributes."
  }
  validation {
    condition     = alltrue([for processor in values(var.processors) : processor.timeout_seconds >= 1 && processor.timeout_seconds <= 900])
    error_message = "`timeout_seconds` is 1 to 900, Lambda's longest."
  }
  validation {
    condition     = alltrue([for processor in values(var.processors) : processor.memory_mb >= 128 && processor.memory_mb <= 10240])
    error_message = "`memory_mb` is 128 to 10240."
  }
  validation {
    condition     = alltrue([for processor in values(var.processors) : processor.batch_size >= 1 && processor.batch_size <= 10000])
    error_message = "`batch_size` is 1 to 10000."
  }
  validation {
    condition     = alltrue([for processor in values(var.processors) : processor.batch_window_seconds >= 0 && processor.batch_window_seconds <= 300])
    error_message = "`batch_window_seconds` is 0 to 300."
  }
  validation {
    condition     = alltrue([for processor in values(var.processors) : processor.batch_size <= 10 || processor.batch_window_seconds >= 1])
    error_message = "A `batch_size` above 10 needs a `batch_window_seconds` of at least 1."
  }
  validation {
    condition     = alltrue([for processor in values(var.processors) : try(processor.maximum_concurrency >= 2 && processor.maximum_concurrency <= 1000, processor.maximum_concurrency == null)])
    error_message = "`maximum_concurrency` is 2 to 1000, or null."
  }
}

variable "log_level" {
  description = "The least level that the functions log, as `AWS_LAMBDA_LOG_LEVEL`: TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "`log_level` is TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  }
}

variable "log_retention_days" {
  description = "For how many days the functions' logs are kept."
  type        = number
  default     = 14

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "`log_retention_days` is a period that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "message_retention_seconds" {
  description = "For how long a message waits in a main queue while its function cannot take it. Dead letters keep their age: what remains of 14 days is the time to look at them."
  type        = number
  default     = 604800

  validation {
    condition     = var.message_retention_seconds >= 86400 && var.message_retention_seconds <= 1036800
    error_message = "`message_retention_seconds` is 86400 (one day) to 1036800 (12 days, so that two remain in the dead-letter queue)."
  }
}

variable "alarm_age_seconds" {
  description = "The age of the oldest message of a main queue, in seconds, above which there is an alarm."
  type        = number
  default     = 900

  validation {
    condition     = var.alarm_age_seconds >= 60
    error_message = "`alarm_age_seconds` is at least 60, the period of the metric."
  }
}

variable "alarm_actions" {
  description = "The ARNs of what alarms tell when they start and when they end, such as an SNS topic with somebody's address. Without any they are seen in CloudWatch only."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for action in var.alarm_actions : can(regex("^arn:[a-z-]+:", action))])
    error_message = "`alarm_actions` are ARNs."
  }
}
