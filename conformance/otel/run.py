"""Sends the spans of a program through a collector, and checks what arrives: `run.py PROGRAM`."""

import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

ROOT = "5759e988bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
W3C = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:uploads"


class Receiver:
    """Decodes OTLP over HTTP, and keeps the spans by resource."""

    def __init__(self):
        spans = self.spans = []
        arrived = self.arrived = threading.Condition()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                request = ExportTraceServiceRequest.FromString(body)
                with arrived:
                    for resource in request.resource_spans:
                        for scope in resource.scope_spans:
                            of = attributes(resource.resource), scope.scope.name
                            spans.extend((*of, span) for span in scope.spans)
                    arrived.notify_all()
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, number):
        """Waits for this many spans, and takes all that have come."""
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.spans) >= number, timeout=30)
            taken = list(self.spans)
            self.spans.clear()
        return taken


def attributes(owner):
    def value(any_value):
        return getattr(any_value, any_value.WhichOneof("value"))

    return {attribute.key: value(attribute.value) for attribute in owner.attributes}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_collector(receiver):
    """Starts Rotel, and waits until it listens. Returns the process and its endpoint."""
    import rotel

    agent = Path(rotel.__file__).parent / "rotel-agent"
    http, grpc = free_port(), free_port()
    command = [
        agent, "start",
        "--otlp-http-endpoint", f"127.0.0.1:{http}",
        "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}",
        "--exporter", "otlp",
        "--otlp-exporter-protocol", "http",
        "--otlp-exporter-endpoint", receiver.endpoint,
    ]  # fmt: skip
    agent.chmod(0o755)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for _ in range(200):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", http)) == 0:
                return process, f"http://127.0.0.1:{http}"
        time.sleep(0.05)
    process.kill()
    raise SystemExit("FAIL the collector does not start")


def record(key):
    return {
        "eventVersion": "2.5",
        "eventSource": "aws:s3",
        "eventTime": "2026-11-26T10:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "photos"}, "object": {"key": key, "size": 1}},
    }


def batch():
    def message(number, body, header=None, trace_parent=None):
        sent = {"AWSTraceHeader": header} if header else {}
        value = {"stringValue": trace_parent, "dataType": "String"}
        return {
            "messageId": f"m-{number}",
            "receiptHandle": "handle",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1", **sent},
            "messageAttributes": {"traceparent": value} if trace_parent else {},
            "eventSource": "aws:sqs",
            "eventSourceARN": QUEUE,
        }

    header = f"Root=1-{ROOT[:8]}-{ROOT[8:]};Parent={PARENT};Sampled=1"
    two = json.dumps({"Records": [record("a"), record("b+c")]})
    first = message(1, two, header, f"00-{'-'.join(W3C)}-01")
    return json.dumps({"Records": [first, message(2, "not JSON")]})


class Queue:
    """A queue of SQS with the messages of a batch, which it gives out once."""

    def __init__(self, messages):
        self.deleted = deleted = []
        self.empty = empty = threading.Event()
        waiting = [as_received(message) for message in messages]

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                action = self.headers["X-Amz-Target"].removeprefix("AmazonSQS.")
                answer = {}
                if action == "GetQueueAttributes":
                    answer = {"Attributes": {"QueueArn": QUEUE}}
                elif action == "ReceiveMessage" and waiting:
                    answer = {"Messages": [waiting.pop(0) for _ in range(len(waiting))]}
                elif action == "ReceiveMessage":
                    empty.wait(timeout=30)
                elif action == "DeleteMessageBatch":
                    entries = request["Entries"]
                    deleted.extend(entry["ReceiptHandle"] for entry in entries)
                    answer = {"Successful": [{"Id": entry["Id"]} for entry in entries]}
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/123456789012/uploads"


def as_received(message):
    """A message of a batch of Lambda, as a client of SQS receives it."""
    sent = message["messageAttributes"].items()
    values = {
        name: {"StringValue": value["stringValue"], "DataType": value["dataType"]}
        for name, value in sent
    }
    return {
        "MessageId": message["messageId"],
        "ReceiptHandle": message["messageId"],
        "Body": message["body"],
        "Attributes": message["attributes"],
        "MessageAttributes": values,
    }


def run_worker(program, receiver):
    """Runs the program as a worker until its spans have come. Returns them, and the queue."""
    queue = Queue(json.loads(batch())["Records"])
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-central-1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_SERVICE_NAME": "indexer",
    }
    command = [program, "work", "--queue-url", queue.url]
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        taken = receiver.take(4)
    finally:
        worker.terminate()
        queue.empty.set()
        status = worker.wait(timeout=60)
    assert status == 0, status
    return taken, queue


def check_spans_of_worker(taken):
    assert len(taken) == 4, [span.name for *_, span in taken]
    spans = [span for *_, span in taken]
    messages = [span for span in spans if not span.parent_span_id]
    by_id = {attributes(span)["messaging.message.id"]: span for span in messages}
    good, bad = by_id["m-1"], by_id["m-2"]
    assert good.trace_id != bad.trace_id

    links = [(link.trace_id.hex(), link.span_id.hex()) for link in good.links]
    assert links == [(ROOT, PARENT), W3C], links
    records = [span for span in spans if span.parent_span_id == good.span_id]
    assert sorted(attributes(span)["aws.s3.key"] for span in records) == ["a", "b c"]
    assert {span.trace_id for span in records} == {good.trace_id}
    assert attributes(good)["s3_dispatch.outcome"] == "succeeded"
    assert attributes(bad)["error.type"] == "malformed"


def run(program, file, endpoint):
    """Runs the program on the batch. Its exit status is 1, because a message fails."""
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_SERVICE_NAME": "indexer",
        "OTEL_BSP_EXPORT_TIMEOUT": "20000",
    }
    done = subprocess.run([program, "invoke", file], env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "batchItemFailures": [{"itemIdentifier": "m-2"}]
    }, done
    return done.stderr


def check_spans(taken):
    assert len(taken) == 5, [span.name for *_, span in taken]
    assert {resource["service.name"] for resource, *_ in taken} == {"indexer"}
    assert {scope for _, scope, _ in taken} == {"s3-dispatch"}
    spans = [span for *_, span in taken]
    assert len({span.trace_id for span in spans}) == 1

    [root] = [span for span in spans if not span.parent_span_id]
    messages = [span for span in spans if span.parent_span_id == root.span_id]
    by_id = {attributes(span)["messaging.message.id"]: span for span in messages}
    good, bad = by_id["m-1"], by_id["m-2"]
    records = [span for span in spans if span.parent_span_id == good.span_id]

    for span in (root, good, bad):
        told = attributes(span)
        assert (span.name, span.kind) == ("process uploads", Span.SPAN_KIND_CONSUMER)
        assert told["messaging.system"] == "aws_sqs"
        assert told["messaging.operation.type"] == "process"
        assert told["messaging.destination.name"] == "uploads"
    assert attributes(root)["messaging.batch.message_count"] == 2

    producers = [(ROOT, PARENT), W3C]
    for span, expected in ((root, producers), (good, producers), (bad, [])):
        links = [(link.trace_id.hex(), link.span_id.hex()) for link in span.links]
        assert links == expected, links

    keys = sorted(attributes(span)["aws.s3.key"] for span in records)
    assert keys == ["a", "b c"]
    for span in records:
        told = attributes(span)
        assert (span.name, span.kind) == ("handle ObjectCreated:Put", Span.SPAN_KIND_INTERNAL)
        assert told["aws.s3.bucket"] == "photos"
        assert told["s3_dispatch.outcome"] == "handled"
        assert good.start_time_unix_nano <= span.start_time_unix_nano
        assert span.start_time_unix_nano <= span.end_time_unix_nano <= good.end_time_unix_nano

    statuses = [span.status.code for span in (root, good, bad)]
    assert statuses == [Status.STATUS_CODE_UNSET] * 2 + [Status.STATUS_CODE_ERROR]
    assert attributes(bad)["error.type"] == "malformed"
    assert "JSON" in bad.status.message


def main():
    [program] = sys.argv[1:]
    receiver = Receiver()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(batch())
        file.flush()

        run(program, file.name, receiver.endpoint)
        check_spans(receiver.take(5))
        print("ok an independent decoder reads the spans")

        collector, endpoint = start_collector(receiver)
        try:
            log = run(program, file.name, endpoint)
            assert "traces were not exported" not in log, log
            check_spans(receiver.take(5))
        finally:
            collector.terminate()
            collector.wait()
        print("ok a collector takes the spans and passes them on")

        log = run(program, file.name, endpoint)
        lines = [line for line in log.splitlines() if "traces were not exported" in line]
        assert len(lines) == 1, log
        assert not receiver.take(0)
        print("ok without the collector the answer is the same, and one line says so")

    taken, queue = run_worker(program, receiver)
    check_spans_of_worker(taken)
    assert queue.deleted == ["m-1"], queue.deleted
    print("ok a worker sends the spans of its messages while it runs")
    print("4 passed, 0 failed")


main()
