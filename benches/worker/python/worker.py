"""A worker with boto3: one thread a receiver, each with batches of ten.

`worker.py --queue-url URL --in-flight N --receivers N`. A thread handles a whole batch before it
receives the next, so the messages in flight are ten for each of them, whatever the receivers. The
handlers of a batch run in a pool of threads if they wait. There is no heartbeat.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote_plus

import boto3
from botocore.config import Config

BATCH = 10
WAIT = int(os.environ.get("WAIT_MS", "0")) / 1000


class Tally:
    def __init__(self):
        self.lock, self.handled, self.sum, self.waited = threading.Lock(), 0, 0, 0.0

    def add(self, key, waited):
        number = int(key.rpartition("/")[2].partition(".")[0])
        with self.lock:
            self.handled += 1
            self.sum += number
            self.waited += waited


def handle(message, tally):
    """Returns whether the message may be deleted."""
    try:
        for record in json.loads(message["Body"])["Records"]:
            if record["eventName"].startswith("ObjectCreated:"):
                key = unquote_plus(record["s3"]["object"]["key"])
                begun = time.monotonic()
                if WAIT:
                    time.sleep(WAIT)
                tally.add(key, time.monotonic() - begun)
    except Exception as error:
        print(f"message: {error}", file=sys.stderr)
        return False
    return True


def delete(sqs, queue_url, messages):
    entries = [
        {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
        for index, message in enumerate(messages)
    ]
    answer = sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)
    for failed in answer.get("Failed", []):
        # It is tried again alone.
        handle = messages[int(failed["Id"])]["ReceiptHandle"]
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=handle)


def work(sqs, queue_url, tally):
    with ThreadPoolExecutor(BATCH) as pool:
        # Handlers that do not wait gain nothing from threads.
        call = pool.map if WAIT else map
        while True:
            try:
                answer = sqs.receive_message(
                    QueueUrl=queue_url,
                    MaxNumberOfMessages=BATCH,
                    WaitTimeSeconds=20,
                    VisibilityTimeout=60,
                )
                messages = answer.get("Messages", [])
                handled = list(call(lambda message: handle(message, tally), messages))
                done = [message for message, ok in zip(messages, handled, strict=True) if ok]
                if done:
                    delete(sqs, queue_url, done)
            except Exception as error:
                print(f"receive: {error}", file=sys.stderr)
                time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--queue-url", required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--receivers", type=int, required=True)
    arguments = parser.parse_args()

    threads = -(-arguments.in_flight // BATCH)
    sqs = boto3.client(
        "sqs",
        region_name=os.environ["AWS_REGION"],
        endpoint_url=os.environ["AWS_ENDPOINT_URL_SQS"],
        config=Config(max_pool_connections=threads),
    )
    tally = Tally()

    def end(*_):
        waited = round(tally.waited * 1e6)
        print(f"handled {tally.handled} sum {tally.sum} waited {waited} us", flush=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    for _ in range(threads):
        threading.Thread(target=work, args=(sqs, arguments.queue_url, tally), daemon=True).start()
    while True:
        signal.pause()


main()
