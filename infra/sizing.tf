# Whether the batches of each processor fit into its function's timeout.
#
# Messages that a function receives but does not reach have used up one of their receives. With
# batches that are too large, good messages end as dead letters without ever being handled.
locals {
  # The dispatcher stops so long before the function's timeout, to have time for its answer
  # (`Dispatcher::with_deadline_margin`).
  deadline_margin_ms = 500
  longest_timeouts_s = {
    for name, processor in local.functions :
    name => processor.managed_instances == null ? 900 : 5400
  }

  # In whole milliseconds, rounded up, because fractions of a second are not exact. `rounds` is how
  # many records each of the handlers that run at once has to handle, one after another, and `turns`
  # is how many it can handle before the dispatcher stops.
  sizing_inputs = {
    for name, processor in local.functions : name => {
      batch_size = processor.batch_size
      at_once    = processor.concurrency
      handler_ms = max(1, ceil(processor.handler_seconds * 1000 - 0.001))
      usable_ms  = max(0, processor.timeout_seconds * 1000 - local.deadline_margin_ms)
      rounds     = ceil(processor.batch_size / processor.concurrency)
    } if processor.handler_seconds != null
  }
  sizing = {
    for name, input in local.sizing_inputs : name => merge(input, {
      turns     = floor(input.usable_ms / input.handler_ms)
      batch_ms  = input.rounds * input.handler_ms
      timeout_s = ceil((input.rounds * input.handler_ms + local.deadline_margin_ms) / 1000)
      # The timeout for a single message.
      shortest_timeout_s = ceil((input.handler_ms + local.deadline_margin_ms) / 1000)
    })
  }

  # What would make a batch fit: each of these alone.
  sizing_remedies = {
    for name, sizing in local.sizing : name => compact([
      sizing.turns == 0 ? "" : "`batch_size` to at most ${sizing.turns * sizing.at_once}",
      sizing.timeout_s > local.longest_timeouts_s[name] ? "" : (
        "`timeout_seconds` to at least ${sizing.timeout_s}"
      ),
      sizing.turns == 0 ? "" : join(" ", [
        "`concurrency`, here and in the program (`Dispatcher::with_concurrency`), to at least",
        ceil(sizing.batch_size / sizing.turns),
      ]),
      # Only both together help a handler that outlasts the timeout, in a batch that outlasts all.
      sizing.turns > 0 || sizing.timeout_s <= local.longest_timeouts_s[name] ? "" : (
        sizing.shortest_timeout_s > local.longest_timeouts_s[name] ? "" : join(" ", [
          "`timeout_seconds` to at least ${sizing.shortest_timeout_s} and `batch_size` to at most",
          sizing.at_once,
        ])
      ),
    ])
  }

  # Why a processor's batches do not fit. Those that fit are not in here.
  sizing_faults = {
    for name, sizing in local.sizing : name => join(" ", [
      "${name}: a batch of ${sizing.batch_size} takes ${sizing.batch_ms / 1000} s, with",
      "${sizing.handler_ms / 1000} s for each message and ${sizing.at_once} at once, but the",
      "function has ${sizing.usable_ms / 1000} s for it. Messages that it does not reach end as",
      "dead letters.",
      (
        length(local.sizing_remedies[name]) == 0
        ? "No timeout of Lambda is long enough for a single message: make the handler faster."
        : "Set ${join(", or ", local.sizing_remedies[name])}."
      ),
    ]) if sizing.batch_ms > sizing.usable_ms
  }
}
