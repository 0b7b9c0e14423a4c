// Prints the CPU time per batch in microseconds: `node measure.mjs <module> <payload file>`.

import { readFileSync } from 'node:fs';
import { hasRead } from './reading.mjs';

const [module, path] = process.argv.slice(2);
const { handler } = await import(module);
const payload = readFileSync(path, 'utf8');
const context = { awsRequestId: '1', getRemainingTimeInMillis: () => 30_000 };
const answer = async () => JSON.stringify(await handler(JSON.parse(payload), context));

if ((await answer()) !== '{"batchItemFailures":[]}' || !hasRead()) throw new Error('not every record was read');
for (let count = 0; count < 300; count += 1) await answer();
const rounds = [];
for (let round = 0; round < 9; round += 1) {
  const start = process.cpuUsage();
  for (let count = 0; count < 50; count += 1) await answer();
  const { user, system } = process.cpuUsage(start);
  rounds.push((user + system) / 50);
}
console.log(rounds.sort((left, right) => left - right)[4].toFixed(1));
