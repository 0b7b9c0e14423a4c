variable "region" {
  description = <<-EOT
    The AWS region of all regional resources. Null means the provider's region: `AWS_REGION`, the
    profile, or the provider block of the calling module.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.region == null || can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "`region` must be a region code such as eu-central-1."
  }
}

variable "name" {
  description = <<-EOT
    The prefix of all resource names. A second pipeline in the same account and region needs a
    different one.
  EOT
  type        = string
  default     = "s3-dispatch"

  validation {
    condition = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name))
    error_message = join(" ", [
      "`name` must have 2 to 20 lower-case letters, digits and hyphens, start with a letter and",
      "not end with a hyphen: it becomes part of bucket and role names.",
    ])
  }
}

variable "bucket_name" {
  description = <<-EOT
    The name of the new bucket whose events are processed. Null lets AWS choose a free name that
    starts with `name`.
  EOT
  type        = string
  default     = null

  validation {
    condition = (
      var.bucket_name == null ||
      can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    )
    error_message = join(" ", [
      "`bucket_name` must have 3 to 63 lower-case letters, digits and hyphens, and must start and",
      "end with a letter or digit. Dots are not allowed because they break TLS.",
    ])
  }
}

variable "existing_bucket" {
  description = <<-EOT
    A bucket that exists already, to process its events instead of those of a new bucket. It must be
    in the region of the pipeline. The module changes none of its settings but, if you allow it, its
    notification configuration.

    - `name`: the name of the bucket.
    - `account`: the account that owns it. Null means the account of the pipeline.
    - `replace_notification`: whether the module writes the bucket's notification configuration. A
      bucket has only one. **Everything that it notified before is notified no more.** If false,
      add the output `notification` to the configuration where it is managed.
  EOT
  type = object({
    name                 = string
    account              = optional(string)
    replace_notification = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.existing_bucket == null || var.bucket_name == null
    error_message = "`bucket_name` is the name of a new bucket: set it or `existing_bucket`."
  }
  validation {
    condition = (
      var.existing_bucket == null ||
      can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.existing_bucket.name))
    )
    error_message = "The `name` of `existing_bucket` must be the name of a bucket, not its ARN."
  }
  validation {
    condition = (
      try(var.existing_bucket.account, null) == null ||
      can(regex("^[0-9]{12}$", var.existing_bucket.account))
    )
    error_message = "The `account` of `existing_bucket` must have 12 digits."
  }
}

variable "existing_topic_arn" {
  description = <<-EOT
    The ARN of a topic that exists already and that the bucket may publish to. The module only adds
    its subscriptions. Null creates a topic.
  EOT
  type        = string
  default     = null

  validation {
    condition = (
      var.existing_topic_arn == null ||
      can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.existing_topic_arn))
    )
    error_message = join(" ", [
      "`existing_topic_arn` must be the ARN of a standard topic: S3 cannot publish to FIFO topics.",
    ])
  }
}

variable "existing_key_arn" {
  description = <<-EOT
    The ARN of a key of the same account and region that encrypts the new topic. Its policy must
    contain the statement `key` of the output `statements`. Null creates a key.
  EOT
  type        = string
  default     = null

  validation {
    condition = (
      var.existing_key_arn == null ||
      can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+$", var.existing_key_arn))
    )
    error_message = "`existing_key_arn` must be the ARN of a key, not of an alias."
  }
  validation {
    condition     = var.existing_key_arn == null || var.existing_topic_arn == null
    error_message = "`existing_key_arn` encrypts a new topic: set it or `existing_topic_arn`."
  }
}

variable "force_destroy" {
  description = <<-EOT
    Whether `destroy` may delete the bucket together with its objects. If false, `destroy` leaves a
    bucket that has objects, but it notices them last: the queues and functions are gone by then.
  EOT
  type        = bool
  default     = false
}

variable "architecture" {
  description = "The architecture of the packages, as given to `scripts/package`: arm64 or x86_64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "`architecture` must be arm64 or x86_64."
  }
}

variable "processors" {
  description = <<-EOT
    The processors, keyed by the name of their program. Each gets a queue, a subscription with a
    filter, and a Lambda function, or the policies of a worker.

    - `kind`: `function`, or `worker` if the program runs elsewhere, as `PROGRAM work`. Of the other
      settings a worker has only `policy_file`, `event_pattern_file`, `access_file` and
      `visibility_seconds`.
    - `package`: the zip with the executable `bootstrap`, as `scripts/package` builds it. Every
      function needs one.
    - `policy_file`: the output of the program's `policy --format terraform`. Its filter decides
      which events reach the queue. The function or worker may do with objects what its handlers
      declare (`reads`, `writes`, `deletes`).
    - `event_pattern_file`: the output of the program's `policy --format eventbridge`, instead of
      `policy_file`. EventBridge feeds the queue then, and not the topic.
    - `access_file`: the output of `policy --format terraform` for a processor that EventBridge
      feeds. Only what handlers declare that they do with objects is taken from it.
    - `visibility_seconds`: the visibility timeout of a worker's queue, after which a message that
      failed comes back. Null means 60. For a function it follows from `timeout_seconds`.
    - `timeout_seconds`: the function's timeout. The queue's visibility timeout follows from it.
    - `memory_mb`: the function's memory, which also decides its share of a CPU.
    - `batch_size`, `batch_window_seconds`: the maximum number of messages per invocation, and how
      long Lambda waits to collect them. More than 10 messages need a window.
    - `maximum_concurrency`: the maximum number of concurrent invocations. Null sets no limit.
    - `reserved_concurrency`: the share of the account's concurrency that only this function uses,
      which is a limit too. It needs a `maximum_concurrency` that is no higher: Lambda would receive
      more messages than the function can take, and they would end as dead letters.
    - `provisioned_pollers`: the minimum and maximum number of pollers in provisioned mode, instead
      of `maximum_concurrency`. They are faster and cost by the hour.
    - `managed_instances`: runs the function on Lambda Managed Instances, with the
      `capacity_provider_arn`, and how many invocations an environment takes at once
      (`invocations_per_environment`, or null for AWS's default). `timeout_seconds` may be up to
      5400 then, and `memory_mb` must be at least 2048.
    - `filter_file`: a filter of the event source mapping, as the program's `policy --format esm`
      prints it. Lambda deletes what it does not match, and an alarm counts it. Null sets none.
    - `filter_key_arn`: a key that encrypts this filter. Its policy must allow Lambda to decrypt.
    - `handler_seconds`: how long a handler takes for a record, at worst. With it, a batch that does
      not fit into the timeout is refused. Null checks nothing.
    - `concurrency`: how many handlers the program runs at once, which is what it gives to
      `Dispatcher::with_concurrency`, and 5 otherwise. It only serves this check, and changes
      nothing in the program.
      Handlers that compute share one processor: for them it is 1.
    - `environment`: the function's environment variables, besides `S3_DISPATCH_QUEUE_URL`,
      `S3_DISPATCH_DEAD_LETTERS_URL` and, with a `store`, `S3_DISPATCH_STORE_TABLE`, which the
      module sets. Do not store secrets in them.
  EOT
  type = map(object({
    kind                 = optional(string, "function")
    package              = optional(string)
    policy_file          = optional(string)
    event_pattern_file   = optional(string)
    access_file          = optional(string)
    visibility_seconds   = optional(number)
    timeout_seconds      = optional(number, 30)
    memory_mb            = optional(number, 256)
    batch_size           = optional(number, 10)
    batch_window_seconds = optional(number, 0)
    maximum_concurrency  = optional(number)
    reserved_concurrency = optional(number)
    provisioned_pollers = optional(object({
      minimum = optional(number, 2)
      maximum = optional(number, 200)
    }))
    managed_instances = optional(object({
      capacity_provider_arn       = string
      invocations_per_environment = optional(number)
    }))
    filter_file     = optional(string)
    filter_key_arn  = optional(string)
    handler_seconds = optional(number)
    concurrency     = optional(number, 5)
    environment     = optional(map(string), {})
  }))

  validation {
    condition     = length(var.processors) > 0
    error_message = "`processors` must name at least one program."
  }
  validation {
    condition = alltrue([
      for name in keys(var.processors) : can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", name))
    ])
    error_message = join(" ", [
      "The names in `processors` must have 2 to 24 lower-case letters, digits and hyphens, start",
      "with a letter and not end with a hyphen.",
    ])
  }
  validation {
    condition = length(setintersection(keys(var.processors), flatten([
      for name in keys(var.processors) : ["${name}-dead-letters", "${name}-undelivered"]
    ]))) == 0
    error_message = join(" ", [
      "No name in `processors` may be another one followed by `-dead-letters` or `-undelivered`,",
      "because both would have the same queue.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : contains(["function", "worker"], processor.kind)
    ])
    error_message = "The `kind` of every one of `processors` must be function or worker."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      processor.kind != "function" || processor.package != null
    ])
    error_message = join(" ", [
      "Every function in `processors` needs a `package`. A program that runs elsewhere has the",
      "`kind` worker.",
    ])
  }
  validation {
    # Settings with a default cannot be told from those that are not set.
    condition = alltrue([
      for processor in values(var.processors) : processor.kind != "worker" || alltrue([
        for setting in [
          processor.package, processor.maximum_concurrency, processor.reserved_concurrency,
          processor.provisioned_pollers, processor.managed_instances, processor.filter_file,
          processor.filter_key_arn, processor.handler_seconds,
        ] : setting == null
      ]) && length(processor.environment) == 0
    ])
    error_message = join(" ", [
      "A worker in `processors` has only its files of events and access, and",
      "`visibility_seconds`: everything else is a setting of a function.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        processor.kind == "worker" && processor.visibility_seconds >= 10 &&
        processor.visibility_seconds <= 43200,
        processor.visibility_seconds == null
      )
    ])
    error_message = join(" ", [
      "The `visibility_seconds` of a worker in `processors` must be 10 to 43200. A function has",
      "none, because its queue's visibility timeout follows from `timeout_seconds`.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      (processor.policy_file == null) != (processor.event_pattern_file == null)
    ])
    error_message = join(" ", [
      "Every one of `processors` must have a `policy_file`, or an `event_pattern_file` if",
      "EventBridge feeds it.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        contains(jsondecode(file(processor.event_pattern_file)).source, "aws.s3"),
        processor.event_pattern_file == null
      )
    ])
    error_message = format(
      "An `event_pattern_file` in `processors` is missing or wrong: %s. Write it with `%s`.",
      join(", ", [
        for processor in values(var.processors) : processor.event_pattern_file
        if try(
          !contains(jsondecode(file(processor.event_pattern_file)).source, "aws.s3"),
          processor.event_pattern_file != null
        )
      ]),
      "PROGRAM policy --format eventbridge",
    )
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : can(jsondecode(file(processor.policy_file)))
      if processor.policy_file != null
    ])
    error_message = format(
      "A `policy_file` in `processors` is missing or not JSON: %s. Write it with `%s`.",
      join(", ", [
        for processor in values(var.processors) : processor.policy_file
        if processor.policy_file != null && !can(jsondecode(file(processor.policy_file)))
      ]),
      "PROGRAM policy --format terraform",
    )
  }
  validation {
    condition = alltrue([
      for name, processor in var.processors : processor.access_file == null || (
        processor.event_pattern_file != null &&
        can(jsondecode(file(processor.access_file))) &&
        try(jsondecode(file(processor.access_file)).name, name) == name
      )
    ])
    error_message = format(
      "An `access_file` in `processors` needs an `event_pattern_file`, and must be what %s: %s.",
      "`PROGRAM policy --format terraform` of the same program wrote",
      join(", ", [
        for name, processor in var.processors : "${processor.access_file} for ${name}"
        if processor.access_file != null
      ]),
    )
  }
  validation {
    # With the wrong file a processor would miss its events without any error.
    condition = alltrue([
      for name, processor in var.processors :
      try(jsondecode(file(processor.policy_file)).name, name) == name
    ])
    error_message = format(
      "A `policy_file` in `processors` was written by a different program: %s.",
      join(", ", [
        for name, processor in var.processors : "${processor.policy_file} for ${name}"
        if try(jsondecode(file(processor.policy_file)).name, name) != name
      ]),
    )
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        length(jsondecode(file(processor.policy_file)).events) > 0 && alltrue([
          for event in jsondecode(file(processor.policy_file)).events :
          can(regex("^s3:[A-Za-z]+(:([A-Za-z]+|\\*))?$", event))
        ]),
        !can(jsondecode(file(processor.policy_file)))
      )
    ])
    error_message = join(" ", [
      "The `events` of every `policy_file` must be a list of S3 event types, such as",
      "s3:ObjectCreated:Put, with at least one entry.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        jsondecode(file(processor.policy_file)).filter_policy == null ||
        jsondecode(file(processor.policy_file)).filter_policy_scope == "MessageBody",
        !can(jsondecode(file(processor.policy_file)))
      )
    ])
    error_message = join(" ", [
      "Every `policy_file` must have a `filter_policy` with the `filter_policy_scope` MessageBody,",
      "because S3 sets no message attributes, or a null `filter_policy` for every event.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : alltrue([
        for path in [processor.policy_file, processor.access_file] : try(
          alltrue(flatten([
            for statement in jsondecode(file(path)).object_access : [
              length(statement.resources) > 0,
              [
                for action in statement.actions :
                can(regex("^s3:((Get|Put|Delete)Object|GetObjectVersion|ListBucket)$", action))
              ],
            ]
          ])),
          !can(jsondecode(file(path)).object_access)
        )
      ])
    ])
    error_message = join(" ", [
      "The `object_access` of every `policy_file` and `access_file` must be as the program printed",
      "it: actions on objects, and on buckets only s3:ListBucket.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      processor.timeout_seconds >= 1 &&
      processor.timeout_seconds <= (processor.managed_instances == null ? 900 : 5400)
    ])
    error_message = "`timeout_seconds` must be 1 to 900, or to 5400 with `managed_instances`."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      processor.memory_mb >= (processor.managed_instances == null ? 128 : 2048) &&
      processor.memory_mb <= (processor.managed_instances == null ? 10240 : 32768)
    ])
    error_message = "`memory_mb` must be 128 to 10240, or 2048 to 32768 with `managed_instances`."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      processor.batch_size >= 1 && processor.batch_size <= 10000
    ])
    error_message = "`batch_size` must be 1 to 10000."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      processor.batch_window_seconds >= 0 && processor.batch_window_seconds <= 300
    ])
    error_message = "`batch_window_seconds` must be 0 to 300."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      processor.batch_size <= 10 || processor.batch_window_seconds >= 1
    ])
    error_message = "A `batch_size` above 10 needs a `batch_window_seconds` of at least 1."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        processor.maximum_concurrency >= 2 && processor.maximum_concurrency <= 1000,
        processor.maximum_concurrency == null
      )
    ])
    error_message = "`maximum_concurrency` must be 2 to 1000, or null."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      processor.provisioned_pollers == null || processor.maximum_concurrency == null
    ])
    error_message = "A mapping has `provisioned_pollers` or a `maximum_concurrency`, not both."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        processor.provisioned_pollers.minimum >= 2 &&
        processor.provisioned_pollers.minimum <= 200 &&
        processor.provisioned_pollers.maximum >= processor.provisioned_pollers.minimum &&
        processor.provisioned_pollers.maximum <= 2000,
        processor.provisioned_pollers == null
      )
    ])
    error_message = join(" ", [
      "`provisioned_pollers` must have a `minimum` of 2 to 200 and a `maximum` from there to 2000.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        processor.maximum_concurrency <= processor.reserved_concurrency,
        processor.reserved_concurrency == null ||
        try(processor.reserved_concurrency >= 2 && processor.provisioned_pollers != null, false)
      )
    ])
    error_message = join(" ", [
      "A `reserved_concurrency` must be at least 2 and needs a `maximum_concurrency` that is no",
      "higher, or `provisioned_pollers`: messages that Lambda cannot pass on end as dead letters.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) : try(
        length(jsondecode(file(processor.filter_file)).Filters) > 0,
        processor.filter_file == null
      )
    ])
    error_message = join(" ", [
      "A `filter_file` in `processors` is missing or has no `Filters`. Write it with",
      "`PROGRAM policy --format esm`.",
    ])
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      processor.filter_key_arn == null || processor.filter_file != null
    ])
    error_message = "A `filter_key_arn` encrypts a filter: it needs a `filter_file`."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      try(processor.handler_seconds > 0, processor.handler_seconds == null)
    ])
    error_message = "`handler_seconds` must be more than 0, or null."
  }
  validation {
    condition = alltrue([
      for processor in values(var.processors) :
      processor.concurrency >= 1 && processor.concurrency == floor(processor.concurrency)
    ])
    error_message = "`concurrency` must be a whole number of at least 1."
  }
}

variable "store" {
  description = <<-EOT
    A DynamoDB table with the `name` of the pipeline for the `DynamoDbStore` of the programs. The
    roles of all functions may use it, and each worker gets a policy for it. Null makes none.

    - `audits`: whether the table has the index that the command `audit` needs. Each event of a new
      object then costs one more write unit. It can be added and removed at any time.
    - `deletion_protection`: whether DynamoDB refuses to delete the table.
  EOT
  type = object({
    audits              = optional(bool, false)
    deletion_protection = optional(bool, true)
  })
  default = null
}

variable "batch_jobs" {
  description = <<-EOT
    Creates a role for S3 Batch Operations jobs that invoke the functions, for example to handle
    objects that were in the bucket before. Null creates none.

    - `processors`: the names of the processors that jobs may invoke, which are functions. Null
      means all functions.
    - `manifest_arns`: the ARNs of the manifests that jobs read. A `*` stands for any text:
      `arn:aws:s3:::manifests/*`.
    - `report_arn`: the ARN of the bucket that completion reports are written to, with their prefix
      if they have one: `arn:aws:s3:::reports/jobs`.
    - `generates_manifests`: whether S3 may list the bucket and write the manifest itself, to a
      place that `manifest_arns` contains.
  EOT
  type = object({
    processors          = optional(set(string))
    manifest_arns       = list(string)
    report_arn          = string
    generates_manifests = optional(bool, false)
  })
  default = null

  validation {
    condition = try(
      length(setsubtract(var.batch_jobs.processors, [
        for name, processor in var.processors : name if processor.kind == "function"
      ])) == 0,
      true
    )
    error_message = "The `processors` of `batch_jobs` must be names of functions in `processors`."
  }
  validation {
    condition = var.batch_jobs == null || try(length(var.batch_jobs.manifest_arns) > 0 && alltrue([
      for arn in var.batch_jobs.manifest_arns : can(regex("^arn:[a-z-]+:s3:::[^/]+/.+$", arn))
    ]), false)
    error_message = join(" ", [
      "The `manifest_arns` of `batch_jobs` must be ARNs of objects, such as",
      "arn:aws:s3:::manifests/*, with at least one entry.",
    ])
  }
  validation {
    condition = (
      var.batch_jobs == null ||
      can(regex("^arn:[a-z-]+:s3:::[^*]+$", var.batch_jobs.report_arn))
    )
    error_message = join(" ", [
      "The `report_arn` of `batch_jobs` must be the ARN of a bucket, perhaps with a prefix, and",
      "without a `*`.",
    ])
  }
}

variable "tags" {
  description = <<-EOT
    The tags of every resource that can have tags, but for the packages. The provider's
    `default_tags` apply as well.
  EOT
  type        = map(string)
  default     = {}
}

variable "log_level" {
  description = <<-EOT
    The lowest level that the functions log, passed as `AWS_LAMBDA_LOG_LEVEL`: TRACE, DEBUG, INFO,
    WARN, ERROR or FATAL.
  EOT
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "`log_level` must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  }
}

variable "log_retention_days" {
  description = "The number of days for which the functions' logs are kept."
  type        = number
  default     = 14

  validation {
    condition = contains([
      1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
      3288, 3653,
    ], var.log_retention_days)
    error_message = join(" ", [
      "`log_retention_days` must be a period that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60,",
      "90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653.",
    ])
  }
}

variable "message_retention_seconds" {
  description = <<-EOT
    How long a message may wait in a main queue, in seconds. A dead letter keeps its age, so the
    rest of 14 days is left to inspect it.
  EOT
  type        = number
  default     = 604800

  validation {
    condition = (
      var.message_retention_seconds >= 86400 && var.message_retention_seconds <= 1036800
    )
    error_message = join(" ", [
      "`message_retention_seconds` must be 86400 (one day) to 1036800 (12 days, which leaves two",
      "days in the dead-letter queue).",
    ])
  }
}

variable "topic_key_condition" {
  description = <<-EOT
    How the key of the topic recognizes the bucket. All three keep other buckets from publishing,
    because the topic's policy does.

    - `source-arn`: S3 must name the bucket and its account in its requests to KMS.
    - `encryption-context`: the key only encrypts messages of this topic, whoever publishes them.
    - `none`: S3 may use the key without a condition.
  EOT
  type        = string
  default     = "source-arn"

  validation {
    condition = contains(
      ["source-arn", "encryption-context", "none"], var.topic_key_condition
    )
    error_message = "`topic_key_condition` must be source-arn, encryption-context or none."
  }
}

variable "alarm_age_seconds" {
  description = <<-EOT
    The age of the oldest message in a main queue, in seconds, that raises an alarm. Null means two
    visibility timeouts of the queue, so that one failed attempt raises none, and at least 900.
  EOT
  type        = number
  default     = null

  validation {
    condition     = try(var.alarm_age_seconds >= 60, var.alarm_age_seconds == null)
    error_message = "`alarm_age_seconds` must be at least 60, the period of the metric, or null."
  }
}

variable "alarm_actions" {
  description = <<-EOT
    The ARNs that an alarm notifies when it starts and when it ends, such as an SNS topic with an
    e-mail subscription. Without any, alarms appear only in CloudWatch.
  EOT
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for action in var.alarm_actions : can(regex("^arn:[a-z-]+:", action))])
    error_message = "`alarm_actions` must be ARNs."
  }
}
