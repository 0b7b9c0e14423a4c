// The connection to the server. The first event tells everything, later ones what has changed.

import { makeAnnouncer, find, write } from "./dom.js";
import { Diagram } from "./diagram.js";
import { Faults } from "./faults.js";
import { Messages } from "./messages.js";
import { setBuckets } from "./put.js";
import { counted } from "./text.js";

const BUILDS = {
  building: "The sources have changed: the program is being built.",
  failed: "The last build has failed. The program before it keeps running.",
};

const diagram = new Diagram();
const messages = new Messages();
const faults = new Faults();
const say = makeAnnouncer(find("spoken"));
const connection = find("connection");

function show(changes) {
  if (changes.diagram) {
    messages.clear();
    diagram.begin(changes.diagram);
    const buckets = changes.diagram.nodes.filter((node) => node.startsWith("bucket:"));
    setBuckets(buckets.map((node) => node.slice("bucket:".length)));
  }
  messages.update(changes.messages);
  diagram.update(changes, messages.all());
  showBuild(changes.state.build);
  faults.update(changes.state.faults, changes.faults, changes.state.seed);
  const text = totals(changes);
  write(find("totals"), text);
  say(text);
}

/** Says whether the program that runs is up to date, and what the compiler says if it is not. */
function showBuild(build) {
  const text = BUILDS[build?.state];
  find("build").hidden = !text;
  write(find("build-state"), text ?? "");
  find("build-text").hidden = !build?.text;
  write(find("build-text"), build?.text ?? "");
}

function totals({ actions, state }) {
  const count = (action) =>
    actions.reduce((sum, [, own, count]) => (own === action ? sum + count : sum), 0);
  const inQueues = (areDeadLetters) =>
    Object.entries(state.queues)
      .filter(([node]) => diagram.isDeadLetterQueue(node) === areDeadLetters)
      .reduce((sum, [, queue]) => sum + queue.delayed + queue.visible + queue.in_flight, 0);
  return [
    `${inQueues(false)} in queues`,
    `${count("handled")} handled`,
    counted(count("failed"), "failed attempt"),
    counted(inQueues(true), "dead letter"),
  ].join(" · ");
}

function connect() {
  const source = new EventSource("/events");
  source.onopen = () => {
    write(connection, "live");
    connection.dataset.state = "live";
  };
  source.onmessage = (event) => show(JSON.parse(event.data));
  source.onerror = () => {
    write(connection, "connection lost, trying again");
    connection.dataset.state = "lost";
    // The browser reconnects by itself, unless the server answered with an error.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
}

connect();
