"""A Lambda function that appends each event to the file RECORDS and returns the answer that the
event's key asks for."""

import json
import os
from http.client import HTTPConnection
from urllib.parse import unquote_plus

# The answer to a key `answers/NAME`, with `ID` for the message's id, and whether Lambda then
# delivers the message again ("Handling errors for an SQS event source in Lambda", AWS Lambda
# Developer Guide, 2026).
ANSWERS = {
    "null": ("null", False),
    "empty object": ("{}", False),
    "empty list": ('{"batchItemFailures":[]}', False),
    "null list": ('{"batchItemFailures":null}', False),
    "its id": ('{"batchItemFailures":[{"itemIdentifier":"ID"}]}', True),
    "no JSON": ('{"batchItemFailures":', True),
    "empty id": ('{"batchItemFailures":[{"itemIdentifier":""}]}', True),
    "null id": ('{"batchItemFailures":[{"itemIdentifier":null}]}', True),
    "wrong member": ('{"batchItemFailures":[{"itemId":"ID"}]}', True),
    "unknown id": (
        '{"batchItemFailures":[{"itemIdentifier":"00000000-0000-0000-0000-000000000000"}]}',
        True,
    ),
    "error": (None, True),
}


def key(body):
    """Returns the decoded key of the first record, or None if there is no record."""
    body = json.loads(body)
    if "Message" in body:
        body = json.loads(body["Message"])
    return unquote_plus(body["Records"][0]["s3"]["object"]["key"]) if "Records" in body else None


def answer(queue, body):
    name = key(body)
    asked = name.removeprefix("answers/") if queue == "answers" else None
    return ANSWERS.get(asked, ('{"batchItemFailures":[]}', False))


def main():
    api = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    invocations = "/2018-06-01/runtime/invocation"
    while True:
        api.request("GET", f"{invocations}/next")
        response = api.getresponse()
        event = response.read().decode()
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        # A single write, because several processes of this function may append at once.
        with open(os.environ["RECORDS"], "ab", buffering=0) as records:
            records.write(json.dumps(json.loads(event)).encode() + b"\n")
        message = json.loads(event)["Records"][0]
        text, _ = answer(message["eventSourceARN"].rsplit(":", 1)[1], message["body"])
        if text is None:
            api.request(
                "POST",
                f"{invocations}/{request_id}/error",
                '{"errorType":"Asked","errorMessage":"for"}',
            )
        else:
            api.request(
                "POST",
                f"{invocations}/{request_id}/response",
                text.replace("ID", message["messageId"]),
            )
        api.getresponse().read()


if __name__ == "__main__":
    main()
