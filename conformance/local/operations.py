"""Operations on a bucket through boto3, and the events that S3 sends for them."""

import urllib3

# Every part except the last is at least 5 MiB ("Amazon S3 multipart upload limits", Amazon S3 User
# Guide).
PART = 5 << 20


def operate(s3, bucket, keys):
    """Runs the operations in order and yields the event of each: name, key, and size or None."""

    def put(key, size):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x" * size)
        return "ObjectCreated:Put", key, size

    def copy(source, key, size):
        s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": source})
        return "ObjectCreated:Copy", key, size

    def delete(key):
        s3.delete_object(Bucket=bucket, Key=key)
        return "ObjectRemoved:Delete", key, None

    for size, key in enumerate(keys):
        yield put(key, size)
        yield copy(key, f"copies/{key}", size)

    # Replacing an object or copying it onto itself creates it again.
    yield put("again", 1)
    yield put("again", 2000)
    yield copy("again", "copied again", 2000)
    yield copy("again", "copied again", 2000)
    yield delete("again")
    yield put("again", 0)
    s3.get_object(Bucket=bucket, Key="again")
    s3.head_object(Bucket=bucket, Key="again")

    yield upload_in_parts(s3, bucket, "a large upload", [b"x" * PART, b"x"])
    yield copy_in_parts(
        s3,
        bucket,
        "a large upload",
        "a large copy",
        [f"bytes=0-{PART - 1}", f"bytes={PART}-{PART}"],
    )
    yield copy("a large upload", "a small copy of it", PART + 1)
    aborted = {"Bucket": bucket, "Key": "never completed"}
    aborted["UploadId"] = s3.create_multipart_upload(**aborted)["UploadId"]
    s3.upload_part(**aborted, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(**aborted)

    yield post_form(s3, bucket, "photos/a form's naïve file + 100%.txt", b"posted")

    tags = {"TagSet": [{"Key": "colour", "Value": "red + blue"}]}
    s3.put_object_tagging(Bucket=bucket, Key="again", Tagging=tags)
    yield "ObjectTagging:Put", "again", None
    s3.delete_object_tagging(Bucket=bucket, Key="again")
    yield "ObjectTagging:Delete", "again", None
    s3.put_object(
        Bucket=bucket, Key="photos/tagged from the start", Body=b"x", Tagging="colour=red"
    )
    yield "ObjectCreated:Put", "photos/tagged from the start", 1

    batch = [f"photos/{number} of 3" for number in range(3)]
    for key in batch:
        yield put(key, 10)
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in batch]})
    yield from (("ObjectRemoved:Delete", key, None) for key in batch)


def upload_in_parts(s3, bucket, key, parts):
    upload = {"Bucket": bucket, "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    tags = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**upload, PartNumber=number, Body=part)["ETag"],
        }
        for number, part in enumerate(parts, start=1)
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": tags})
    return "ObjectCreated:CompleteMultipartUpload", key, sum(map(len, parts))


def copy_in_parts(s3, bucket, source, key, ranges):
    upload = {"Bucket": bucket, "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = upload | {"CopySource": {"Bucket": bucket, "Key": source}}
    tags = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part_copy(**part, PartNumber=number, CopySourceRange=range_),
        }
        for number, range_ in enumerate(ranges, start=1)
    ]
    for tag in tags:
        tag["ETag"] = tag["ETag"]["CopyPartResult"]["ETag"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": tags})
    size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    return "ObjectCreated:CompleteMultipartUpload", key, size


def post_form(s3, bucket, key, body):
    """Uploads as a browser does: a form with a signed policy, whose last field is the file."""
    form = s3.generate_presigned_post(bucket, key)
    fields = form["fields"] | {"file": ("file", body)}
    answer = urllib3.request("POST", form["url"], fields=fields)
    if answer.status not in (200, 201, 204):
        raise RuntimeError(f"the form upload returned status {answer.status}: {answer.data}")
    return "ObjectCreated:Post", key, len(body)
