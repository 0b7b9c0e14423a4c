// The numbers in the boxes of the diagram.

/**
 * The figures of a box: the name of each for one and for several, the number, and the class that
 * colours it.
 */
export function figuresOf(kind, counters, queue, isDead) {
  const all = queue ? queue.delayed + queue.visible + queue.in_flight : 0;
  const of = (one, more, tone) => [one, more, counters[more] ?? 0, tone];
  const ifAny = (figure) => (figure[2] ? [figure] : []);
  switch (kind) {
    case "bucket":
      return [["event", "events", counters.objects ?? 0]];
    case "topic":
    case "bus":
      return [of("notification", "notifications"), of("for no queue", "for no queue")];
    case "queue":
      if (isDead) return [["dead letter", "dead letters", all, "bad"]];
      return [
        ["visible", "visible", queue?.visible ?? 0],
        ["in flight", "in flight", queue?.in_flight ?? 0, "busy"],
        ...ifAny(["delayed", "delayed", queue?.delayed ?? 0]),
        ...ifAny(of("expired", "expired", "bad")),
      ];
    default:
      return [
        of("running", "running", "busy"),
        of("handled", "handled", "good"),
        of("failed", "failed", "bad"),
        ...ifAny(["crash", "crashes", counters.crashes ?? 0, "bad"]),
        ...ifAny(["timeout", "timeouts", counters.timeouts ?? 0, "bad"]),
      ];
  }
}
