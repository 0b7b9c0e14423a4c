// The connection to the server: first all, then what changes.

import { announcer, find, write } from "./dom.js";
import { Drawing } from "./diagram.js";
import { Faults } from "./faults.js";
import { Messages } from "./messages.js";
import { setBuckets } from "./put.js";

const drawing = new Drawing();
const messages = new Messages();
const faults = new Faults();
const say = announcer(find("spoken"));
const connection = find("connection");

function show(news) {
  if (news.drawing) {
    messages.forget();
    drawing.begin(news.drawing);
    setBuckets(news.drawing.nodes.filter((node) => node.startsWith("bucket:")).map((node) => node.slice(7)));
  }
  messages.update(news.messages);
  drawing.update(news, messages.all());
  faults.update(news.state.faults, news.faults, news.state.seed);
  const text = totals(news);
  write(find("totals"), text);
  say(text);
}

function totals(news) {
  const count = (what) => news.tallies.reduce((sum, [, own, count]) => (own === what ? sum + count : sum), 0);
  const inQueues = (are) =>
    Object.entries(news.state.queues)
      .filter(([node]) => drawing.isDeadLetters(node) === are)
      .reduce((sum, [, queue]) => sum + queue.delayed + queue.visible + queue.in_flight, 0);
  const many = (number, one, more) => `${number} ${number === 1 ? one : more}`;
  return [
    `${inQueues(false)} in queues`,
    `${count("handled")} handled`,
    many(count("failed"), "failed attempt", "failed attempts"),
    many(inQueues(true), "dead letter", "dead letters"),
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
    // A browser tries again by itself, unless it was answered with an error.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
}

connect();
