// Speaks the Runtime API: `node bootstrap.mjs <module>`. It replaces Lambda's own client, which has
// to be compiled for this version of Node.js.

import { Agent, request } from 'node:http';

const { handler } = await import(process.argv[2]);
const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1, noDelay: true });

const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const headers =
      body === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const options = { hostname, port, method, agent, headers, path: `/2018-06-01/runtime/${path}` };
    const sent = request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });

for (;;) {
  const { headers, body } = await call('GET', 'invocation/next');
  const awsRequestId = headers['lambda-runtime-aws-request-id'];
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = { awsRequestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    const response = await handler(JSON.parse(body), context);
    await call('POST', `invocation/${awsRequestId}/response`, JSON.stringify(response));
  } catch (error) {
    const message = JSON.stringify({ errorMessage: String(error) });
    await call('POST', `invocation/${awsRequestId}/error`, message);
  }
}
